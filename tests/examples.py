"""How many examples or seeds a test takes that wants more than others do: all in a whole run, a share in a quick one."""

from __future__ import annotations

from hypothesis import settings

FULL = 20
"""The examples of a test that says nothing of their number, in a whole run."""


def examples(number: int) -> settings:
    """So many examples in a whole run, and the same share of them under any other profile as of all tests, but at least 20."""
    return settings(max_examples=max(20, number * settings().max_examples // FULL))


def seeds(number: int) -> range:
    """So many seeds in a whole run, and the same share of them under any other profile as of examples, but at least 2."""
    return range(max(2, number * settings().max_examples // FULL))
