"""What `perturb check` finds: for each operator and kind, and for a whole toolset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from perturb.operator import Operator, Stack
from perturb.rendering.data import Floor
from perturb.replay import Proof
from perturb.toolset import Task
from perturb.types import JSON, digest, to_json

VIOLATIONS_KEPT = 100
"""How many broken laws a row keeps."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A task that a plan makes unsolvable, or a law that it breaks (then `task` is `None` for laws that need no task)."""

    task: str | None
    reason: str
    plan: JSON = None

    @property
    def what(self) -> str:
        """What is wrong without the example of it: the law, or why a task is not solvable."""
        return self.reason.partition(": ")[0]

    @property
    def example(self) -> str:
        return self.reason.partition(": ")[2]


class Finding(NamedTuple):
    """All that is wrong in one way with one operator: how often, in which tasks, and the smallest of them."""

    operator: str
    times: int
    tasks: tuple[str, ...]
    smallest: Broken


def findings(found: Iterable[tuple[str, Broken]]) -> list[Finding]:
    """What is wrong with operators, told by their ids, once for each operator and way."""
    ways: dict[tuple[str, str], list[Broken]] = {}
    for operator, one in found:
        ways.setdefault((operator, one.what), []).append(one)
    return [
        Finding(
            operator,
            len(alike),
            tuple(dict.fromkeys(one.task for one in alike if one.task is not None)),
            min(alike, key=lambda one: (len(one.reason), len(to_json(one.plan)))),
        )
        for (operator, _), alike in ways.items()
    ]


class Row(msgspec.Struct, kw_only=True):
    """What was found of one operator and kind.

    `plans` counts plans that were drawn, one for each task, seed and intensity. Each is exactly one of not applicable, with
    its reason, and applicable; the applicable ones are solvable, unsolvable, or not proven where the task has no gold calls.
    """

    id: str
    axis: str
    kind: str
    plans: int = 0
    applicable: int = 0
    not_applicable: dict[str, int] = msgspec.field(default_factory=dict)
    not_proven: int = 0
    solvable: int = 0
    unsolvable: list[Broken] = msgspec.field(default_factory=list)
    tasks: set[str] = msgspec.field(default_factory=set)
    violations: list[Broken] = msgspec.field(default_factory=list)

    def add(self, other: Row) -> None:
        """Add what another piece of work found of the same operator and kind."""
        self.plans += other.plans
        self.applicable += other.applicable
        self.not_proven += other.not_proven
        self.solvable += other.solvable
        self.unsolvable += other.unsolvable
        self.tasks |= other.tasks
        self.violations += other.violations[: max(0, VIOLATIONS_KEPT - len(self.violations))]
        for reason, count in other.not_applicable.items():
            self.not_applicable[reason] = self.not_applicable.get(reason, 0) + count

    def count(self, task: Task, proof: Proof, plan: Operator | None) -> None:
        """Count one plan of one task by its proof."""
        self.plans += 1
        if proof.status == "not_applicable":
            self.not_applicable[proof.reason] = self.not_applicable.get(proof.reason, 0) + 1
            return
        self.applicable += 1
        self.tasks.add(task.id)
        if proof.status == "solvable":
            self.solvable += 1
        elif proof.status == "not_proven":
            self.not_proven += 1
        else:
            reason = f"{proof.reason}: {proof.detail}"
            self.unsolvable.append(Broken(task=task.id, reason=reason, plan=plan.to_json() if plan else None))


class Checked(msgspec.Struct, kw_only=True):
    """What was found of a toolset. `pieces` were to be done, `done` were; the rest is missing where a person interrupted.
    `laws` says whether the plans were held to the laws too."""

    toolset: str
    tasks: int
    gold_fails_clean: list[str]
    not_proven_tasks: list[str]
    floor: Floor
    rows: dict[tuple[str, str], Row] = msgspec.field(default_factory=dict)
    pieces: int = 0
    done: int = 0
    stacks: int = 0
    laws: bool = False
    seconds: float = 0.0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            known = self.rows.get((row.id, row.kind))
            if known is None:
                self.rows[row.id, row.kind] = row
            else:
                known.add(row)

    @property
    def operators(self) -> list[Row]:
        """The rows of single operators."""
        return [row for row in self.rows.values() if row.id != Stack.id]

    @property
    def plans(self) -> int:
        return sum(row.plans for row in self.rows.values())

    @property
    def holds(self) -> bool:
        """Whether no plan of any kind makes a task unsolvable, and no law is broken."""
        return not any(row.unsolvable or row.violations for row in self.rows.values())

    @property
    def proven_nothing(self) -> bool:
        """Whether plans apply, and none of them could be proven: no task has gold calls."""
        rows = self.rows.values()
        return any(row.not_proven for row in rows) and not any(row.solvable for row in rows)

    def to_json(self) -> dict[str, JSON]:
        """The JSON of `perturb check`. What is unsolvable has its plan. A broken law names its own by an id under `plans`,
        where each stands once, since one plan breaks a law on many tasks."""
        stacks = [_as_json(row) for row in self.rows.values() if row.id == Stack.id]
        broken = [one for row in self.rows.values() for one in row.violations if one.plan is not None]
        return {
            "toolset": self.toolset,
            "tasks": self.tasks,
            "gold_fails_clean": self.gold_fails_clean,
            "not_proven_tasks": self.not_proven_tasks,
            "floor": msgspec.to_builtins(self.floor),
            "operators": [_as_json(row) for row in self.operators],
            "stacks": {"stacks": self.stacks, "kinds": stacks},
            "plans": {digest(one.plan): one.plan for one in broken},
            "laws": self.laws,
            "holds": self.holds,
            "pieces": self.pieces,
            "done": self.done,
            "seconds": round(self.seconds, 3),
        }


def _as_json(row: Row) -> dict[str, JSON]:
    made: dict[str, JSON] = msgspec.to_builtins(row)
    made["violations"] = [
        {"task": one.task, "reason": one.reason, "plan": None if one.plan is None else digest(one.plan)}
        for one in row.violations
    ]
    made["applicable_tasks"] = len(made.pop("tasks"))
    return made
