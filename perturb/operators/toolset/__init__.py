"""Operators over toolset, one a file."""
