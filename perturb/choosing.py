"""Which pairs of a request are run: those that a filter means, those that failed last time, those of one shard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from perturb.episode import AGENT_OUTCOMES
from perturb.errors import ConfigurationError, PerturbError
from perturb.filtering import Test, read_filter
from perturb.operator import Operator
from perturb.store import Store
from perturb.toolset import Task

if TYPE_CHECKING:
    from perturb.evaluation import Request

SAME = ("agent", "toolset", "operators", "tasks", "limit", "design", "filter", "doses", "crossed", "find_worst")
"""What two runs have in common of which one asks for the failures of the other: all that says which pairs there are."""


class NothingFailed(PerturbError):
    """The pairs that failed are asked for, and there are none."""

    exit_status = 0


class Shard(msgspec.Struct, frozen=True):
    """One of `of` equal parts of a run's tasks, numbered from 1; both arms of a task are in one."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_shard(text: str) -> Shard:
    """`2/5` is the second of five. Raises `ConfigurationError`, with what is right."""
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ConfigurationError(f"{text!r} is no shard; write the second of five as --shard 2/5")
    return Shard(int(match[1]), int(match[2]))


class Failed(NamedTuple):
    """The pairs of the run called `run` that failed, each a task, an operator and a trial."""

    run: str
    pairs: frozenset[tuple[str, str, int]]


def failed_pairs(store: Store, request: Request) -> Failed:
    """The pairs that failed in the newest run of the same request, whatever its agent was then."""
    wanted = msgspec.json.decode(msgspec.json.encode(request, enc_hook=str))
    for run, _, kept in store.runs():
        asked: dict[str, Any] = kept.get("request") or {}
        if kept.get("shard") is None and all((asked.get(name) or None) == (wanted[name] or None) for name in SAME):
            pairs = _lost(store, run, again=kept.get("failed_in") is not None)
            if not pairs:
                raise NothingFailed(f"nothing failed in run {run}, the last of this request; without --only-failed all is run")
            return Failed(run, pairs)
    raise ConfigurationError(f"{store.path} holds no run of this request, so no failures; leave --only-failed out to make one")


def _lost(store: Store, run: str, *, again: bool) -> frozenset[tuple[str, str, int]]:
    """The pairs of a run that failed; `again`: where only such were run, also those that it has not come to."""
    outcomes = {one.key: one.outcome for one in store.finished(run)}
    failed = AGENT_OUTCOMES - {"passed"}
    return frozenset(
        (one.task, one.operator, one.trial)
        for one in store.planned(run)
        if one.operator is not None and (outcomes.get(one.key) in failed or (again and outcomes.get(one.key) != "passed"))
    )


class Choice:
    """The pairs that are meant, of those that a request names; see `perturb.planning.Keep`."""

    def __init__(self, filter: str = "", failed: Failed | None = None) -> None:
        self._test: Test | None = read_filter(filter) if filter.strip() else None
        self._failed = failed

    def __bool__(self) -> bool:
        """Whether some pairs may not be meant."""
        return self._test is not None or self._failed is not None

    def __call__(self, task: str, operator: str, axis: str, trial: int | None, kind: str | None = None) -> bool | None:
        """Whether a pair is meant; `None` where a kind or a trial that is not known yet decides."""
        if self._failed is not None:
            pairs = self._failed.pairs
            if trial is None:
                if not any(pair[:2] == (task, operator) for pair in pairs):
                    return False
            elif (task, operator, trial) not in pairs:
                return False
        if self._test is None:
            return None if self._failed is not None and trial is None else True
        return self._test({"task": task, "operator": operator, "axis": axis, "kind": kind})

    def tasks(self, tasks: Sequence[Task], operators: Sequence[type[Operator]]) -> tuple[Task, ...]:
        """The tasks of which a pair may be meant."""
        return tuple(task for task in tasks if any(self(task.id, one.id, one.axis, None) is not False for one in operators))

    def operators(self, tasks: Sequence[Task], operators: Sequence[type[Operator]]) -> tuple[type[Operator], ...]:
        """The operators under which a task may be meant."""
        return tuple(one for one in operators if any(self(task.id, one.id, one.axis, None) is not False for task in tasks))
