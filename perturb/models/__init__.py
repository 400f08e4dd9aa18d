"""Models under test: one dialect a file, one agent loop, and what is between them and a provider that misbehaves.

A `Dialect` (`chat`, `responses`, `anthropic`) writes a history of neutral records as the body of a request, and reads one
response into a neutral record. `loop.converse` carries an episode with it. An `Asker` sends the requests: it stores every
response, tries again what deserves it, and holds one limit for each provider and model.
"""
