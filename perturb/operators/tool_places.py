"""Tools as places of a plan, merged and added ones among them."""

from __future__ import annotations

from perturb.operator import Setup
from perturb.types import Tool


def place_of(tool: Tool) -> str:
    """The toolset's own name of a tool; of a merged one the first of them, of one that an operator has added its own."""
    return tool.stands_for[0] if tool.stands_for else tool.name


def tools_by_place(setup: Setup) -> dict[str, Tool]:
    """The tools of a setup by their places, in their order; the first where two have the same."""
    found: dict[str, Tool] = {}
    for tool in setup.tools:
        found.setdefault(place_of(tool), tool)
    return found
