"""The pairs that a gate judges: which they are, in which order they are launched, and which episodes each is made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal, NamedTuple

import msgspec

from perturb.errors import ConfigurationError
from perturb.operator import Operator
from perturb.planning import LeftOut, Prover
from perturb.statistics import drawn_pairs, pairs_to_gate
from perturb.store import Planned
from perturb.types import HEADLINE_KINDS

Per = Literal["headline", "axis", "operator"]
LEAST_MARGIN = 0.05
"""A limit nearer to 0 than this gets no more pairs than this one: the number grows with the square of the margin."""
_WRITTEN = re.compile(r"drop\s*(?P<sign><=?)\s*(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>%|points?)?", re.IGNORECASE)


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to show: that no more than `limit` (a fraction) is lost, by the headline or by each axis or operator.

    `trials` is how many pairs there are at most of each task under each operator; without it there are as many pairs as settle
    a fixed sample nine times in ten where nothing is lost, by `pairs_to_gate`. With `early_stop` the run ends as soon as
    the answer is certain.
    """

    limit: float
    per: Per = "headline"
    trials: int | None = None
    early_stop: bool = True

    @property
    def first_pairs(self) -> int:
        """The number of pairs by which an answer is wanted; a plan of more goes on from there."""
        return pairs_to_gate(max(self.limit, LEAST_MARGIN))

    @property
    def written(self) -> str:
        return f"drop<={self.limit * 100:.10g}%"


def read_gate(text: str) -> float:
    """The limit of a gate written as `drop<=10%`, as a fraction. Raises `ConfigurationError`, with what is right."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"{text!r} is no gate; write the drop that is allowed, as in --gate 'drop<=10%'")
    limit = float(match["number"]) / (100.0 if match["unit"] else 1.0)
    if not match["unit"] and limit > 1.0:
        raise ConfigurationError(f"{text!r} allows a drop of more than all; write 'drop<={match['number']}%' for points")
    if limit >= 1.0:
        raise ConfigurationError(f"{text!r} holds whatever is lost; a gate allows a drop below 100 %")
    return limit


def family_of(operator: str | None, axis: str | None, kind: str | None, per: Per) -> str | None:
    """The family that an episode is judged in; `None` for one that is clean, or of a kind that is shown apart."""
    if operator is None or kind not in HEADLINE_KINDS:
        return None
    return {"headline": "headline", "axis": axis or "no axis", "operator": operator}[per]


class Launch(NamedTuple):
    """A pair: its task and operator, the number of its launch within its family, and the keys of its two episodes."""

    family: str
    number: int
    task: str
    operator: str
    clean: str
    perturbed: str


def launches(planned: Iterable[Planned], per: Per) -> Iterator[Launch]:
    """The pairs of a plan made by `arranged`, in launch order.

    Within a family, each pair has a clean episode of its own: the n-th pair of a task has the n-th clean trial of that task.
    Families share these, since the level of each is its own.
    """
    clean: dict[tuple[str, int], str] = {}
    visits: Counter[tuple[str, str]] = Counter()
    numbers: Counter[str] = Counter()
    for one in planned:
        if one.operator is None:
            clean[one.task, one.trial] = one.key
            continue
        family = family_of(one.operator, one.axis, one.kind, per)
        if family is None:
            continue
        beside = clean.get((one.task, visits[family, one.task]))
        if beside is None:
            raise ConfigurationError(
                f"task {one.task!r} lacks a clean episode for each pair, so no gate can judge them in turn"
            )
        yield Launch(family, numbers[family], one.task, one.operator, beside, one.key)
        visits[family, one.task] += 1
        numbers[family] += 1


async def arranged(
    prover: Prover, first: Sequence[Planned], gate: Gate, operators: Sequence[type[Operator]]
) -> AsyncIterator[Planned | LeftOut]:
    """The plan of a gate, made of the pairs of the first trial: rounds in which each family has its next pair.

    Tasks, and the operators of each, come in freshly shuffled blocks (`drawn_pairs`), never task by task. A further trial of
    a pair has a plan of its own, and is proven like the first; where it is left out, another pair takes its place.
    """
    of = {operator.id: operator for operator in operators}
    families: dict[str, dict[str, list[Planned]]] = {}
    for one in first:
        family = family_of(one.operator, one.axis, one.kind, gate.per)
        if family is not None:
            families.setdefault(family, {}).setdefault(one.task, []).append(one)
    wanted = {
        name: gate.first_pairs if gate.trials is None else gate.trials * sum(map(len, tasks.values()))
        for name, tasks in families.items()
    }
    drawn = {name: _Drawn(tasks, prover.design.seed) for name, tasks in families.items()}
    cleaned: Counter[str] = Counter()
    for number in count():
        going = [name for name in drawn if number < wanted[name]]
        if not going:
            return
        for name in going:
            draws = drawn[name]
            pair: Planned | None = None
            for cell, trial in draws.tries():
                again: Planned | LeftOut = cell
                if trial:
                    again = await prover.pair(of[str(cell.operator)], prover.toolset.task(cell.task), trial)
                if isinstance(again, LeftOut):
                    yield again
                elif family_of(again.operator, again.axis, again.kind, gate.per) == name:
                    pair = again
                    break
            if pair is None:
                wanted[name] = number
                continue
            visit = draws.visits[pair.task]
            draws.visits[pair.task] += 1
            if visit == cleaned[pair.task]:
                cleaned[pair.task] += 1
                yield prover.clean_episode(prover.toolset.task(pair.task), visit)
            yield pair


class _Drawn:
    """The draws of one family, each the next trial of a task under an operator."""

    def __init__(self, tasks: Mapping[str, Sequence[Planned]], seed: int) -> None:
        self.visits: Counter[str] = Counter()
        self._cells = list(tasks.values())
        self._trials: Counter[tuple[int, int]] = Counter()
        self._draws = drawn_pairs([len(cells) for cells in self._cells], seed, "blocks")

    def tries(self) -> Iterator[tuple[Planned, int]]:
        """The next draws: many enough to find a pair wherever there is one."""
        for _ in range(10 * sum(map(len, self._cells))):
            task, cell = next(self._draws)
            trial = self._trials[task, cell]
            self._trials[task, cell] += 1
            yield self._cells[task][cell], trial
