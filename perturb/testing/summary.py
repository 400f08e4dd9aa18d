"""The numbers of all tests of a run together, those of the workers of a parallel run among them, in pytest's own summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

VERDICTS = ("held", "failed", "inconclusive")
DROP = "drop."
WORST = 5


def lines(tests: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What the summary says of tests, each given by its name and the properties of its report, without `perturb.`."""
    from perturb.rendering.wording import count, points

    shown = []
    for _, known in tests:
        shown.append(str(known["summary"]))
        if "baseline_difference" in known:
            ends = f"[{points(known['baseline_low'])}, {points(known['baseline_high'])}]"
            shown.append(f"  against its baseline: {points(known['baseline_difference'])} points {ends}")
        if "note" in known:
            shown.append(f"  {known['note']}")
    if len(tests) < 2:
        return shown
    verdicts = Counter(str(known["verdict"]) for _, known in tests)
    told = ", ".join(f"{verdicts[name]} {name}" for name in VERDICTS if verdicts[name])
    costs = [known["cost"] for _, known in tests if "cost" in known]
    spent = f", ${sum(costs):,.2f}" if costs else ""
    episodes = sum(int(known.get("episodes", 0)) for _, known in tests)
    shown.append(f"{count(len(tests), 'test')}: {told}; {count(episodes, 'episode')}{spent}")
    told_drops = [(name, key, value) for name, known in tests for key, value in known.items() if key.startswith(DROP)]
    drops = [(name, key.removeprefix(DROP), value) for name, key, value in told_drops if value > 0]
    worst = sorted(drops, key=lambda one: -one[2])[:WORST]
    if worst:
        width = max(len(operator) for _, operator, _ in worst)
        shown.append("worst operators of all tests (population drop, points):")
        shown += [f"  {operator:<{width}}  {points(drop):>6}  {name}" for name, operator, drop in worst]
    return shown
