"""Operators on what the user writes."""
