"""`--design pairwise`: two operators that a task bears each alone, and not together, found by covering arrays and confirmed.

In parts, each chosen by what the ones before it showed: every operator alone; stacks in which every two that passed alone are
together at least once; the two alone that only failed stacks hold; and the repeats that confirm, in which none of these counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from perturb.episode import AGENT_OUTCOMES
from perturb.errors import ConfigurationError
from perturb.factors import FRESH, STACK, Casting, Factor
from perturb.operator import Operator, clash
from perturb.operators import by_id
from perturb.planning import LeftOut, Prover
from perturb.rendering.designs import pair_told, pairwise_told
from perturb.statistics import covering_array, holm
from perturb.statistics.proportions import sign_test
from perturb.store import Planned, Store

REPEATS = 10
"""How often a suspicion is repeated: clean, each alone and both together, one after the other. By ten of them, two that
never pass together are told from two that always pass alone among fifty suspicions."""
MOST_CONFIRMED = 30
"""The most suspicions that are repeated: those of the most tasks."""
ALPHA = 0.05

Pair = tuple[str, str]
"""Two operators, in the order of the run's factors."""
Outcomes = Mapping[tuple[str | None, str, int], str]
"""How the episodes ended, by operator (`None` is clean), task and trial."""


def together(pair: Pair) -> str:
    """The name that two operators together go by."""
    return "+".join(pair)


class Found(NamedTuple):
    """What the screening of one task shows: the operators that passed `alone`, the `rows` of them that make stacks, the pairs
    that a passed one has `cleared`, the `suspects` that only failed ones hold, those that `failed` by themselves, and how many
    failed stacks hold none of these."""

    alone: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cleared: frozenset[Pair]
    suspects: tuple[Pair, ...]
    failed: tuple[Pair, ...]
    unexplained: int


def screened(task: str, cast: Sequence[str], never: frozenset[Pair], outcomes: Outcomes) -> Found:
    """Read the screening of one task; `never` are pairs that cannot be laid over one another."""
    alone = tuple(name for name in cast if outcomes.get((name, task, 0)) == "passed")
    rows = _rows(alone, never)
    passed, lost = set[Pair](), list[frozenset[Pair]]()
    for number, row in enumerate(rows):
        outcome = outcomes.get((STACK, task, number))
        pairs = frozenset(combinations(row, 2))
        if outcome == "passed":
            passed |= pairs
        elif outcome in AGENT_OUTCOMES:
            lost.append(pairs)
    suspects = tuple(sorted(frozenset().union(*lost) - passed))
    ended = {pair: outcomes.get((together(pair), task, 0)) for pair in suspects}
    failed = tuple(pair for pair in suspects if ended[pair] in AGENT_OUTCOMES and ended[pair] != "passed")
    # Only where the pairs have been tried can they leave a failed stack without an explanation.
    unexplained = sum(not pairs & set(failed) for pairs in lost) if all(ended[pair] for pair in suspects) else 0
    cleared = passed | {pair for pair in suspects if ended[pair] == "passed"}
    return Found(alone, rows, frozenset(cleared), suspects, failed, unexplained)


def _rows(alone: Sequence[str], never: frozenset[Pair]) -> tuple[tuple[str, ...], ...]:
    if len(alone) < 2:
        return ()
    forbidden = [frozenset({(i, 1), (j, 1)}) for i, j in combinations(range(len(alone)), 2) if (alone[i], alone[j]) in never]
    array = covering_array([2] * len(alone), 2, forbidden)
    rows = (tuple(name for name, on in zip(alone, row, strict=True) if on) for row in array)
    return tuple(dict.fromkeys(row for row in rows if len(row) > 1))


def suspected(found: Mapping[str, Found]) -> dict[Pair, list[str]]:
    """The pairs that failed by themselves, each with its tasks; those of the most tasks first."""
    tasks: dict[Pair, list[str]] = {}
    for task, one in found.items():
        for pair in one.failed:
            tasks.setdefault(pair, []).append(task)
    # In an order of their own, whatever that of `found` is: a plan and its report must name the same repeats.
    ordered = {pair: sorted(mine) for pair, mine in tasks.items()}
    return dict(sorted(ordered.items(), key=lambda item: (-len(item[1]), item[0])))


class Pairing:
    """The plan, which grows by what has ended; see `perturb.designs.Designed`."""

    budget = None

    def __init__(self, factors: Sequence[Factor]) -> None:
        self.factors = factors
        self.casts: dict[str, list[str]] = {}
        self.never: frozenset[Pair] = frozenset()
        self._classes = {one.id: one for factor in factors for one in factor.operators}
        self._casting: Casting | None = None
        self._part = 0

    async def arranged(self, prover: Prover, first: Sequence[Planned]) -> AsyncIterator[Planned | LeftOut]:
        self._casting = casting = Casting(prover, self.factors, first)
        there = {(one.task, one.operator): one for one in first}
        for name in casting.tasks:
            cast, _ = await casting.cast(prover.toolset.task(name), together=False)
            if len(cast) > 1:
                self.casts[name] = [one.id for one in cast.values()]
        if not self.casts:
            raise ConfigurationError(
                "two of the operators apply to no task, so there are no pairs; name more operators or more tasks (perturb "
                "check says what applies)"
            )
        used = {name for cast in self.casts.values() for name in cast}
        ordered = [name for name in self._classes if name in used]
        self.never = frozenset((a, b) for a, b in combinations(ordered, 2) if clash(self._classes[a], self._classes[b]))
        for name, operators in self.casts.items():
            for trial in range(prover.design.clean_trials):
                yield prover.clean_episode(prover.toolset.task(name), trial)
            for operator in operators:
                yield there[name, operator]

    async def more(self, prover: Prover, store: Store, run: str) -> Sequence[Planned | LeftOut]:
        assert self._casting is not None
        parts = (self._stacks, self._suspects, self._repeats)
        while self._part < len(parts):
            outcomes = outcomes_of(store, run)
            found = {task: screened(task, cast, self.never, outcomes) for task, cast in self.casts.items()}
            part = parts[self._part]
            self._part += 1
            if made := [one async for one in part(self._casting, found)]:
                return made
        return ()

    async def _stacks(self, casting: Casting, found: Mapping[str, Found]) -> AsyncIterator[Planned | LeftOut]:
        for name, one in found.items():
            for number, row in enumerate(one.rows):
                yield await casting.stack(casting.prover.toolset.task(name), self._of(row), number)

    async def _suspects(self, casting: Casting, found: Mapping[str, Found]) -> AsyncIterator[Planned | LeftOut]:
        for name, one in found.items():
            for pair in one.suspects:
                yield await casting.stack(casting.prover.toolset.task(name), self._of(pair), 0, together(pair))

    async def _repeats(self, casting: Casting, found: Mapping[str, Found]) -> AsyncIterator[Planned | LeftOut]:
        prover = casting.prover
        given: set[str] = set()
        for pair, tasks in list(suspected(found).items())[:MOST_CONFIRMED]:
            for name, trial in repeats(tasks):
                task = prover.toolset.task(name)
                single = [await prover.pair(one, task, 0, number=trial) for one in self._of(pair)]
                both = await casting.stack(task, self._of(pair), trial, together(pair))
                for one in (prover.clean_episode(task, trial), *single, both):
                    # Two suspicions may have an operator in common, and all have the clean episodes.
                    if isinstance(one, LeftOut) or one.key not in given:
                        yield one
                    if isinstance(one, Planned):
                        given.add(one.key)

    def _of(self, names: Sequence[str]) -> list[type[Operator]]:
        return [self._classes.get(name) or by_id(name) for name in names]

    def kept(self) -> dict[str, Any]:
        return {"kind": "pairwise", "casts": self.casts, "never": sorted(self.never)}


def repeats(tasks: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The task and trial of each repeat: the tasks in turn."""
    for number in range(REPEATS):
        yield tasks[number % len(tasks)], FRESH + number // len(tasks)


def outcomes_of(store: Store, run: str) -> dict[tuple[str | None, str, int], str]:
    return {(one.operator, one.task, one.trial): one.outcome for one in store.finished(run)}


def pairwise_data(store: Store, run: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Which two operators break together what each alone does not, as data of a report."""
    outcomes = outcomes_of(store, run)
    never = frozenset((a, b) for a, b in kept["never"])
    found = {task: screened(task, cast, never, outcomes) for task, cast in kept["casts"].items()}
    suspicions = suspected(found)
    confirmed = [_confirmed(pair, tasks, outcomes) for pair, tasks in list(suspicions.items())[:MOST_CONFIRMED]]
    repeated = [one for one in confirmed if one["repeats"]]
    for one, p in zip(repeated, holm([one["p_value"] for one in repeated]), strict=True):
        one["p_adjusted"] = p
        one["breaks"] = p <= ALPHA and one["interaction"] > 0
    for one in confirmed:
        one["told"] = pair_told(one)
    confirmed.sort(key=lambda one: (not one["breaks"], one["p_adjusted"] or 1.0, -one["interaction"], one["operators"]))
    pairs = [(task, pair) for task, cast in kept["casts"].items() for pair in combinations(cast, 2) if pair not in never]
    alone = {task: set(one.alone) for task, one in found.items()}
    judged = sum(pair in found[task].cleared or pair in found[task].failed for task, pair in pairs)
    broken = sum(not set(pair) <= alone[task] for task, pair in pairs)
    told: dict[str, Any] = {
        "pairs": confirmed,
        "operators": len({name for cast in kept["casts"].values() for name in cast}),
        "tasks": len(found),
        "cells": {"pairs": len(pairs), "judged": judged, "alone": broken, "not_run": len(pairs) - judged - broken},
        "stacks": sum(name == STACK for name, _, _ in outcomes),
        "never": kept["never"],
        "unexplained": sum(one.unexplained for one in found.values()),
        "suspected": len(suspicions),
        "repeats": REPEATS,
        "episodes": {
            "screening": sum(trial < FRESH for _, _, trial in outcomes),
            "confirming": sum(trial >= FRESH for _, _, trial in outcomes),
        },
    }
    return told | {"told": pairwise_told(told)}


def _confirmed(pair: Pair, tasks: Sequence[str], outcomes: Outcomes) -> dict[str, Any]:
    """The repeats of one suspicion. A repeat counts where all four of its episodes speak of the agent.

    The test is an exact sign test of both together against each alone, over repeats; the larger of the two p-values is that of
    "together they are no worse than the worse of them". Source: R. L. Berger, "Multiparameter hypothesis testing and acceptance
    sampling", Technometrics 24 (1982).
    """
    arms: tuple[str | None, ...] = (None, *pair, together(pair))
    passed = [0, 0, 0, 0]
    discordant = [[0, 0], [0, 0]]
    counted = 0
    for task, trial in repeats(tasks):
        ended = [outcomes.get((arm, task, trial)) for arm in arms]
        if not all(one in AGENT_OUTCOMES for one in ended):
            continue
        counted += 1
        good = [one == "passed" for one in ended]
        for number, one in enumerate(good):
            passed[number] += one
        for number in (0, 1):
            discordant[number][0] += good[1 + number] and not good[3]
            discordant[number][1] += good[3] and not good[1 + number]
    return {
        "operators": list(pair),
        "tasks": list(tasks),
        "repeats": counted,
        "clean": passed[0],
        "alone": passed[1:3],
        "together": passed[3],
        # What both take beyond the sum of what each takes.
        "interaction": (passed[1] + passed[2] - passed[0] - passed[3]) / counted if counted else 0.0,
        "p_value": max(sign_test(*one) for one in discordant),
        "p_adjusted": None,
        "breaks": False,
    }
