"""Which perturbations a recorded agent would meet, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from perturb.rendering import wording
from perturb.rendering.screen import QUIET, Screen
from perturb.rendering.terminal import AXIS_STYLE, WARNING

if TYPE_CHECKING:
    from rich.console import Console

MOST_TOOLS = 12


def print_exposure(data: Mapping[str, Any], name: str, console: Console) -> None:
    """Print each operator with the share of calls that touch what it changes, then each tool."""
    screen = Screen(console)
    screen.gap()
    screen.flow(
        [
            name,
            wording.count(data["episodes"], "episode"),
            wording.count(data["calls"], "call"),
            wording.count(data["tools"], "tool"),
            wording.count(len(data["operators"]), "operator"),
        ],
        style="bold",
    )
    screen.prose("of each operator: the share of calls that touch what it changes; no agent was run", style=QUIET)
    for tool, number in list(data["unknown_tools"].items())[:3]:
        screen.prose(f"{wording.count(number, 'call')} of {tool}, which is not among the tools, left out", style=WARNING)
    screen.gap()
    ways = ("told", "made", "answered")
    screen.line((f"  {'operator':<26}{'touched':>9}  {'':<12}" + "".join(f"{way:>10}" for way in ways) + "   by step", QUIET))
    untouched = [one["operator"] for one in data["operators"] if not one["touched"]]
    for one in data["operators"]:
        if not one["touched"]:
            continue
        steps = wording.spark([{"success": share} for share in one["by_step"] if share is not None])
        screen.line(
            f"  {one['operator']:<26}{wording.percent(one['share']):>9}  ",
            (f"{screen.glyphs.bar(one['share'], 10):<12}", AXIS_STYLE.get(one["axis"], "")),
            *(f"{wording.points(one[way] / data['calls']):>10}" for way in ways),
            (f"   {'' if screen.glyphs.ascii else steps}", QUIET),
        )
    screen.gap()
    _tools(screen, data)
    if untouched:
        screen.prose(f"touched by no call: {', '.join(untouched)}", indent="  ", style=QUIET)
    _left_out(screen, data)
    screen.gap()


def _tools(screen: Screen, data: Mapping[str, Any]) -> None:
    by_tool: dict[str, list[float]] = {}
    calls: dict[str, int] = {}
    for one in data["operators"]:
        for tool, counted in one["by_tool"].items():
            by_tool.setdefault(tool, []).append(counted["share"])
            calls[tool] = counted["calls"]
    ordered = sorted(calls, key=lambda tool: -calls[tool])
    for tool in ordered[:MOST_TOOLS]:
        touching = sum(share > 0 for share in by_tool[tool])
        screen.line(
            f"  {tool[:40]:<40}{wording.count(calls[tool], 'call'):>12}",
            (f"   touched by {touching} of {wording.count(len(by_tool[tool]), 'operator')}", QUIET),
        )
    if len(ordered) > MOST_TOOLS:
        screen.line("  ", (f"and {len(ordered) - MOST_TOOLS:,} more tools with --json", QUIET))
    screen.gap()


def _left_out(screen: Screen, data: Mapping[str, Any]) -> None:
    reasons: dict[str, list[str]] = {}
    for one in data["left_out"]:
        reasons.setdefault(one["reason"].partition(":")[0], []).append(one["operator"])
    for reason, operators in sorted(reasons.items(), key=lambda item: -len(item[1])):
        screen.prose(f"not measured, {reason}: {', '.join(operators)}", indent="  ", style=QUIET)
