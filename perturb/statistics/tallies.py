"""From episodes to counts: how often each task passed, clean and under each operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from perturb.statistics.rows import COUNTED, EpisodeRow
from perturb.types import HEADLINE_KINDS


@dataclass(slots=True)
class Tally:
    """The episodes of one task in one place (clean, or under one operator and kind).

    `trials` are those whose outcome speaks of the agent; `met` those of them that met the change; `missing` are those that were
    run and whose outcome does not; `outcomes` counts all, pairs that were never run among them.
    """

    trials: int = 0
    passed: int = 0
    met: int = 0
    met_passed: int = 0
    stale: int = 0
    missing: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    halves: list[list[int]] = field(default_factory=lambda: [[0, 0], [0, 0]])

    def add(self, row: EpisodeRow) -> None:
        self.outcomes[row.outcome] += 1
        self.seconds += row.seconds
        self.stale += row.stale
        if row.outcome not in COUNTED:
            self.missing += bool(row.key)
            return
        passed = int(row.outcome == "passed")
        # Even against odd trials rather than early against late: what drifts with time falls on both halves alike.
        half = self.halves[row.trial % 2]
        half[0] += passed
        half[1] += 1
        self.trials += 1
        self.passed += passed
        if row.exposed:
            self.met += 1
            self.met_passed += passed


def joined(one: Tally, other: Tally) -> Tally:
    """The counts of both, without the halves, which only the clean arm has a use for."""
    return Tally(
        trials=one.trials + other.trials,
        passed=one.passed + other.passed,
        met=one.met + other.met,
        met_passed=one.met_passed + other.met_passed,
        stale=one.stale + other.stale,
        missing=one.missing + other.missing,
        seconds=one.seconds + other.seconds,
        outcomes=one.outcomes + other.outcomes,
    )


OperatorKind = tuple[str, str | None]
"""An operator's id and the kind of its plan; one operator may have plans of several kinds."""


@dataclass(slots=True)
class Tallies:
    """All counts of a run: `clean` by task, `perturbed` by operator and kind, then by task; `axes` by operator."""

    clean: dict[str, Tally] = field(default_factory=dict)
    perturbed: dict[OperatorKind, dict[str, Tally]] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)

    def headline(self, axis: str | None = None) -> dict[str, dict[str, Tally]]:
        """By task, then by operator: the counts of the kinds that count towards the headline, of one axis or of all."""
        tasks: dict[str, dict[str, Tally]] = {}
        for (operator, kind), by_task in self.perturbed.items():
            if kind not in HEADLINE_KINDS or (axis is not None and self.axes.get(operator) != axis):
                continue
            for task, tally in by_task.items():
                if not tally.trials:
                    continue
                cells = tasks.setdefault(task, {})
                cells[operator] = joined(cells[operator], tally) if operator in cells else tally
        return tasks

    def without(self, left_out: Collection[str]) -> Tallies:
        """The counts of the other tasks."""
        clean = {task: tally for task, tally in self.clean.items() if task not in left_out}
        perturbed = {
            key: {task: tally for task, tally in by_task.items() if task not in left_out}
            for key, by_task in self.perturbed.items()
        }
        return Tallies(clean, perturbed, self.axes)


def count(rows: Iterable[EpisodeRow]) -> Tallies:
    """Count all rows, in one pass."""
    tallies = Tallies()
    for row in rows:
        if row.arm == "clean":
            tallies.clean.setdefault(row.task, Tally()).add(row)
            continue
        if row.operator is None:
            raise ValueError(f"the perturbed episode {row.key!r} of task {row.task!r} names no operator")
        if row.axis is not None:
            tallies.axes.setdefault(row.operator, row.axis)
        tallies.perturbed.setdefault((row.operator, row.kind), {}).setdefault(row.task, Tally()).add(row)
    return tallies
