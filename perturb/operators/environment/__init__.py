"""Operators over environment, one a file."""
