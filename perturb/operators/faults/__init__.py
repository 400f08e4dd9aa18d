"""Operators over faults, one a file."""
