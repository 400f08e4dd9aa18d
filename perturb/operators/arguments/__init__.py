"""Operators over arguments, one a file."""
