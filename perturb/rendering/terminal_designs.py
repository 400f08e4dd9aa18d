"""What a design found, in the terminal: shares of the drop, pairs that break together, the search for the worst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perturb.rendering import wording
from perturb.rendering.screen import QUIET, Screen

MOST_PAIRS, MOST_OPERATORS, WIDEST_NAME = 6, 8, 30


def print_design(screen: Screen, data: Mapping[str, Any]) -> None:
    """Print the part of a report's data that a design has made, if there is one."""
    for key, write in (("attribution", _attribution), ("pairwise", _pairwise), ("worst", _worst)):
        if data.get(key):
            write(screen, data[key])
            screen.prose(data[key]["told"], indent="  ", style=QUIET)
            screen.gap()


def _attribution(screen: Screen, found: Mapping[str, Any]) -> None:
    rows = found["factors"]
    if not rows:
        return
    name = min(WIDEST_NAME, max(len(row["factor"]) for row in rows))
    screen.line((f"  {'factor':<{name}}{'share':>7}  {'95 % interval':<17}{'alone':>7}  {'tasks':>9}  adjusted p", QUIET))
    for row in rows:
        screen.line(
            f"  {row['factor'][:name]:<{name}}",
            (f"{wording.points(row['effect']):>7}", "bold"),
            f"  {wording.interval(row['interval'], 5):<17}",
            (f"{wording.points(row['alone']['effect']):>7}  {row['tasks']:>3} of {found['tasks']:<3}", QUIET),
            (f"  {wording.p_value(row['p_adjusted'])}", QUIET),
        )
    total = found["total"]
    screen.line(
        f"  {'all on':<{name}}",
        (f"{wording.points(total['drop']):>7}", "bold"),
        f"  {wording.interval(total['interval'], 5):<17}",
        (f"{'':>9}{wording.count(found['episodes'], 'episode')}, {wording.count(found['stacks'], 'stack')}", QUIET),
    )
    for row in found["interactions"][:MOST_PAIRS]:
        screen.line(
            f"  {' with '.join(row['factors'])}: ",
            (wording.points(row["effect"]), "bold"),
            (f" beyond the sum {wording.interval(row['interval'])} {wording.p_value(row['p_adjusted'])}", QUIET),
        )
    if len(found["interactions"]) > MOST_PAIRS:
        screen.line((f"  … and {len(found['interactions']) - MOST_PAIRS} more pairs in the report", QUIET))


def _pairwise(screen: Screen, found: Mapping[str, Any]) -> None:
    for one in found["pairs"][:MOST_OPERATORS]:
        verdict = "breaks" if one["breaks"] else "not sure"
        screen.line(f"  {verdict:<9}", (one["told"], "bold" if one["breaks"] else ""))
        screen.line((f"{'':<11}{wording.p_value(one['p_adjusted'])}, task {', '.join(one['tasks'][:MOST_PAIRS])}", QUIET))
    if len(found["pairs"]) > MOST_OPERATORS:
        screen.line((f"  … and {len(found['pairs']) - MOST_OPERATORS} more in the report", QUIET))


def _worst(screen: Screen, found: Mapping[str, Any]) -> None:
    rows = [row for row in found["operators"] if row["pairs"]]
    name = min(WIDEST_NAME, max((len(row["operator"]) for row in rows), default=0))
    screen.line((f"  {'search':<{name}}  {'pairs':>6}{'lost':>6}{'gained':>8}  chance of worst", QUIET))
    for row in rows[:MOST_OPERATORS]:
        screen.line(
            f"  {row['operator'][:name]:<{name}}  {row['pairs']:>6}{row['lost']:>6}{row['gained']:>8}",
            f"  {wording.percent(row['chance']):>8}",
        )
    if len(rows) > MOST_OPERATORS:
        screen.line((f"  … and {len(rows) - MOST_OPERATORS} more in the report", QUIET))
