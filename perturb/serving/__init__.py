"""The reference agents behind the wire formats of model providers, for tests and demonstrations.

A server sees the requests alone, as a model would: every turn is worked out anew from the history that it is sent. It shares
no code with the dialects that it is held against.
"""
