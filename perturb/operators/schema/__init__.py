"""Operators over how schemas are written, one a file."""
