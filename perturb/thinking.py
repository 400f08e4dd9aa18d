"""The thinking table: what sending earlier reasoning back is worth, and what it costs, setup by setup."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from perturb.episode import AGENT_OUTCOMES
from perturb.operators.presets.interleaved import CELLS, CLEAN, PERTURBED, POLICIES, Cell
from perturb.statistics import Arm, Contrast, compare_agents, holm
from perturb.store import Store
from perturb.types import Usage

PUBLISHED: tuple[tuple[str, float, float], ...] = (
    ("SWE-bench Verified", 0.694, 0.672),
    ("tau2", 0.87, 0.64),
    ("BrowseComp", 0.44, 0.314),
    ("GAIA", 0.757, 0.679),
    ("xBench", 0.72, 0.66),
)
"""Success of MiniMax M2 with all earlier thinking kept and with all of it dropped.

Source: MiniMax's article of 3 November 2025; no numbers of runs, no intervals.
"""


class _Measured:
    """The episodes of one cell whose outcome speaks of the agent, by task; `left_out` counts the others."""

    def __init__(self) -> None:
        self.passed: dict[str, list[bool]] = {}
        self.usages: dict[str, list[Usage]] = {}
        self.calls = 0
        self.left_out = 0

    def add(self, task: str, passed: bool, calls: int, usage: Usage) -> None:
        self.passed.setdefault(task, []).append(passed)
        self.usages.setdefault(task, []).append(usage)
        self.calls += calls

    def arm(self, task: str) -> Arm:
        runs = self.passed[task]
        return Arm(Fraction(sum(runs), len(runs)), len(runs))

    def tokens(self, task: str) -> float:
        """What an episode of a task took."""
        usages = self.usages[task]
        return sum(one.input_tokens + one.output_tokens for one in usages) / len(usages)

    def row(self, cell: Cell) -> dict[str, Any]:
        """The cell as data; means are over episodes, but for success, which is over tasks."""
        usages = [one for task in self.usages.values() for one in task]
        number, thoughts = len(usages), sum(one.thoughts for one in usages)
        costs = [one.cost for one in usages if one.cost is not None]
        metered = number > 0 and not any(one.unmetered for one in usages)
        return {
            "setup": cell.setup,
            "policy": cell.policy,
            "tasks": len(self.passed),
            "episodes": number,
            "left_out": self.left_out,
            "success": _mean([float(self.arm(task).rate) for task in self.passed]),
            "tokens": _mean([one.input_tokens + one.output_tokens for one in usages]) if metered else None,
            "calls": self.calls / number if number else None,
            "turns_a_thought": sum(one.turns for one in usages) / thoughts if thoughts else None,
            "latency": _mean([one.latency for one in usages]),
            "cost": _mean(costs) if len(costs) == number else None,
        }


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def thinking_data(store: Store, run: str, operators: Sequence[str], confidence: float = 0.95) -> dict[str, Any] | None:
    """The table of a run with the preset `interleaved-thinking`, as data of a report; `None` for a run without it.

    `cells` has a row for each setup and policy; `differences` for each but `keep` the success with all kept minus that with
    less, paired by task, and the `tokens` that keeping takes more in an episode: for each point that it gains, where it gains
    any. Intervals hold together, and so do the adjusted p-values. `interactions` says for each policy how much more keeping is
    worth in the changed setup.
    """
    if not any(one in CELLS for one in operators):
        return None
    measured: dict[Cell, _Measured] = {}
    for setup in (CLEAN, PERTURBED):
        for policy in POLICIES:
            measured[Cell(setup, policy)] = _Measured()
    for one in store.finished(run):
        cell = Cell(CLEAN, "keep") if one.operator is None else CELLS.get(one.operator)
        if cell is None:
            continue
        if one.outcome not in AGENT_OUTCOMES:
            measured[cell].left_out += 1
            continue
        episode = store.get(one.key)
        assert episode is not None
        measured[cell].add(one.task, one.outcome == "passed", one.calls, episode.usage)
    pairs = [cell for cell in measured if cell.policy != "keep" and _shared(measured, cell)]
    each = 1.0 - (1.0 - confidence) / max(1, len(pairs))
    rows = [_difference(measured, cell, each) for cell in pairs]
    for row, p in zip(rows, holm([row.pop("p_value") for row in rows]), strict=True):
        row["p_adjusted"] = p
    return {
        "setups": [CLEAN, PERTURBED],
        "cells": [found.row(cell) for cell, found in measured.items() if found.passed or found.left_out],
        "differences": rows,
        "interactions": list(_interactions(measured, pairs, confidence)),
        "published": [{"name": name, "keep": keep, "drop": drop, "difference": keep - drop} for name, keep, drop in PUBLISHED],
    }


def _shared(measured: dict[Cell, _Measured], cell: Cell) -> list[str]:
    """The tasks that were run under a policy and with all kept, in the same setup."""
    return [task for task in measured[Cell(cell.setup, "keep")].passed if task in measured[cell].passed]


def _contrast(measured: dict[Cell, _Measured], cell: Cell, tasks: Sequence[str]) -> Contrast:
    keep, less = measured[Cell(cell.setup, "keep")], measured[cell]
    return Contrast(tuple(tasks), tuple(map(keep.arm, tasks)), tuple(map(less.arm, tasks)))


def _difference(measured: dict[Cell, _Measured], cell: Cell, confidence: float) -> dict[str, Any]:
    tasks = _shared(measured, cell)
    contrast = _contrast(measured, cell, tasks)
    found = contrast.estimate(confidence)
    keep = measured[Cell(cell.setup, "keep")]
    more = _mean([keep.tokens(task) - measured[cell].tokens(task) for task in tasks])
    assert more is not None
    points = 100.0 * found.estimate
    return {
        "setup": cell.setup,
        "policy": cell.policy,
        "tasks": len(tasks),
        "keep": contrast.clean_rate,
        "drop": contrast.perturbed_rate,
        "difference": found.estimate,
        "interval": None if found.tasks < 2 else _ends(found.low, found.high, 1.0),
        "p_value": found.p_value,
        "tokens": more,
        "tokens_a_point": more / points if points > 0 else None,
    }


def _interactions(measured: dict[Cell, _Measured], pairs: Sequence[Cell], confidence: float) -> Iterator[dict[str, Any]]:
    """How much more keeping is worth in the changed setup than in the clean one, for policies that were run in both."""
    both = [one.policy for one in pairs if one.setup == PERTURBED and Cell(CLEAN, one.policy) in pairs]
    each = 1.0 - (1.0 - confidence) / max(1, len(both))
    for policy in both:
        changed, clean = Cell(PERTURBED, policy), Cell(CLEAN, policy)
        tasks = [task for task in _shared(measured, changed) if task in _shared(measured, clean)]
        if len(tasks) < 2:
            continue
        found = compare_agents(_contrast(measured, changed, tasks), _contrast(measured, clean, tasks), each).difference
        yield {"policy": policy, "tasks": len(tasks), "more": found.estimate, "interval": _ends(found.low, found.high, 2.0)}


def _ends(low: float, high: float, most: float) -> list[float]:
    """The ends of an interval, no further out than a difference can be."""
    return [max(low, -most), min(high, most)]
