"""Operators over results, one a file."""
