"""Operators over tools, one a file."""
