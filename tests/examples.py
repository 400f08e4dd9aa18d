"""How many examples a test draws that wants more of them than others do."""

from __future__ import annotations

from hypothesis import settings

FULL = 20
"""The examples of a test that says nothing of their number, in a whole run."""


def examples(number: int) -> settings:
    """So many examples in a whole run, and the same share of them under any other profile as of all tests, but at least 20."""
    return settings(max_examples=max(20, number * settings().max_examples // FULL))
