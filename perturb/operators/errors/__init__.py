"""Operators over errors, one a file."""
