"""Operators on the system prompt."""
