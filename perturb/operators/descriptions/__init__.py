"""Operators over descriptions, one a file."""
