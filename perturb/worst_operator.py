"""`--find-worst`: the search goes where operators look worst, and the worst is confirmed on fresh episodes alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from perturb.episode import AGENT_OUTCOMES
from perturb.errors import ConfigurationError
from perturb.factors import FRESH
from perturb.operator import Operator
from perturb.planning import LeftOut, Prover
from perturb.rendering.designs import worst_told
from perturb.statistics import PairCounts, chance_of_worst, top_two
from perturb.store import Planned, Store
from perturb.types import HEADLINE_KINDS

if TYPE_CHECKING:
    import numpy as np

EPISODES = 300
"""The budget where none is given in episodes."""
AT_ONCE = 8
"""So many pairs are chosen before the next look, whatever the concurrency: the same seed and outcomes give the same search."""
SEARCHED = 0.5
"""The share of the budget that is searched with; the rest confirms."""
LEAST_CONFIRMING = 20
"""So many episodes at least are kept for the confirmation."""


def least(operators: int) -> int:
    """The smallest budget, in episodes, with which a search among so many operators is more than a guess."""
    return 2 * max(operators, LEAST_CONFIRMING)


class WorstSearch:
    """The plan, which grows by what has ended; see `perturb.designs.Designed`.

    A pair is a task under an operator and a clean episode of that task. The n-th pair of a task under an operator has the
    n-th clean trial of the task, which the other operators share. Only plans of the kinds that the headline counts take part.
    """

    def __init__(self, operators: Sequence[type[Operator]], episodes: int) -> None:
        self.operators = {one.id: one for one in operators}
        self.budget = episodes
        self.cells: dict[str, list[str]] = {}
        self._seed = 0
        self._visits: dict[str, Iterator[tuple[str, int]]] = {}
        self._first: dict[tuple[str, str], Planned] = {}
        self._cleaned: set[str] = set()
        self._searched = self._pairs = 0
        self._confirming = False

    async def arranged(self, prover: Prover, first: Sequence[Planned]) -> AsyncIterator[Planned | LeftOut]:
        self._seed = prover.design.seed
        for one in first:
            if one.kind in HEADLINE_KINDS:
                self.cells.setdefault(str(one.operator), []).append(one.task)
                self._first[str(one.operator), one.task] = one
        if len(self.cells) < 2:
            raise ConfigurationError(
                f"{len(self.cells)} of the operators applies with a plan of a kind that counts, and the worst is looked for "
                "among two or more; name more --operators"
            )
        if self.budget < least(len(self.cells)):
            raise ConfigurationError(
                f"a budget of {self.budget} episodes is too small to look for the worst of {len(self.cells)} operators and "
                f"to confirm it; give at least --budget {least(len(self.cells))}episodes, or fewer --operators"
            )
        self._visits = {name: _visits(tasks, f"{self._seed}\x1f{name}") for name, tasks in self.cells.items()}
        nothing: tuple[Planned | LeftOut, ...] = ()
        for one_more in nothing:
            yield one_more

    async def more(self, prover: Prover, store: Store, run: str) -> Sequence[Planned | LeftOut]:
        if self._confirming:
            return ()
        counts = counted(store, run, self.cells)
        if self._searched + 2 * AT_ONCE <= self.budget * SEARCHED:
            made = await self._further(prover, list(counts.values()))
            ours = sum(isinstance(one, Planned) for one in made)
            self._searched += ours
            if ours:
                return made
        self._confirming = True
        worst, _ = leader(counts, self._seed)
        return await self._confirmation(prover, worst)

    async def _further(self, prover: Prover, counts: Sequence[PairCounts]) -> list[Planned | LeftOut]:
        names = list(self.cells)
        made: list[Planned | LeftOut] = []
        for _ in range(AT_ONCE):
            self._pairs += 1
            pair = await self._next(prover, names[top_two(counts, _rng(self._seed, self._pairs))], made)
            if pair is None:
                continue
            clean = prover.clean_episode(prover.toolset.task(pair.task), pair.trial)
            if clean.key not in self._cleaned:
                self._cleaned.add(clean.key)
                made.append(clean)
            made.append(pair)
        return made

    async def _next(self, prover: Prover, name: str, made: list[Planned | LeftOut]) -> Planned | None:
        """The next pair of an operator: its tasks in freshly shuffled blocks, each trial with a plan of its own."""
        for _ in range(2 * len(self.cells[name])):
            task, trial = next(self._visits[name])
            pair = await self._pair(prover, name, task, trial)
            if isinstance(pair, Planned):
                if pair.kind in HEADLINE_KINDS:
                    return pair
            else:
                made.append(pair)
        return None

    async def _pair(self, prover: Prover, name: str, task: str, trial: int) -> Planned | LeftOut:
        if trial == 0:
            return self._first[name, task]
        return await prover.pair(self.operators[name], prover.toolset.task(task), trial)

    async def _confirmation(self, prover: Prover, worst: str) -> list[Planned | LeftOut]:
        """Pairs of the worst alone, each with a clean episode of its own, none of which the search has seen: each task as often
        as the rest of the budget allows, or so many tasks as it does."""
        tasks = self.cells[worst]
        room = (self.budget - self._searched) // 2
        rng = random.Random(f"confirm {self._seed}")
        made: list[Planned | LeftOut] = []
        for trial in range(max(1, room // len(tasks))):
            for name in rng.sample(tasks, min(room, len(tasks))):
                task = prover.toolset.task(name)
                pair = await prover.pair(self.operators[worst], task, FRESH + trial)
                if isinstance(pair, LeftOut):
                    made.append(pair)
                elif pair.kind in HEADLINE_KINDS:
                    made += [prover.clean_episode(task, FRESH + trial), pair]
        return made

    def kept(self) -> dict[str, Any]:
        return {"kind": "worst", "episodes": self.budget, "operators": self.cells}


def _visits(tasks: Sequence[str], seed: str) -> Iterator[tuple[str, int]]:
    rng = random.Random(f"find worst {seed}")
    trial = 0
    while True:
        for task in rng.sample(list(tasks), len(tasks)):
            yield task, trial
        trial += 1


def _rng(seed: int, number: int) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng([seed % 2**32, number])


def counted(store: Store, run: str, operators: Mapping[str, Any]) -> dict[str, PairCounts]:
    """How the pairs of the search ended, by operator; a pair with an episode that does not speak of the agent is none."""
    clean: dict[tuple[str, int], bool] = {}
    perturbed: list[tuple[str, str, int, bool]] = []
    for one in store.finished(run):
        if one.trial >= FRESH or one.outcome not in AGENT_OUTCOMES:
            continue
        if one.operator is None:
            clean[one.task, one.trial] = one.outcome == "passed"
        else:
            perturbed.append((one.operator, one.task, one.trial, one.outcome == "passed"))
    ended: dict[str, Counter[int]] = {name: Counter() for name in operators}
    for name, task, trial, passed in perturbed:
        if (task, trial) in clean:
            ended[name][clean[task, trial] - passed] += 1
    return {name: PairCounts(lost=one[1], same=one[0], gained=one[-1]) for name, one in ended.items()}


def leader(counts: Mapping[str, PairCounts], seed: int) -> tuple[str, dict[str, float]]:
    """The operator that is likeliest to be the worst, and the chance of each."""
    chances = chance_of_worst(list(counts.values()), _rng(seed, 0))
    by_name = dict(zip(counts, chances, strict=True))
    return max(by_name, key=lambda name: by_name[name]), by_name


def worst_data(store: Store, run: str, kept: Mapping[str, Any], seed: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the search saw and what the confirmation found, as data of a report whose drops (`data`) are those of the latter."""
    counts = counted(store, run, kept["operators"])
    confirming = [one for one in store.planned(run) if one.trial >= FRESH]
    worst, chances = leader(counts, seed)
    if confirming:
        worst = next(str(one.operator) for one in confirming if one.operator is not None)
    head = data["headline"]
    rows: list[dict[str, Any]] = [
        {
            "operator": name,
            "pairs": sum(one),
            **one._asdict(),
            "drop": (one.lost - one.gained) / sum(one) if sum(one) else None,
            "chance": chances[name],
        }
        for name, one in counts.items()
    ]
    rows.sort(key=lambda row: (row["operator"] != worst, -row["chance"], -row["pairs"], row["operator"]))
    ended = list(store.finished(run))
    told: dict[str, Any] = {
        "operator": worst,
        "chance": chances[worst],
        "search": {"episodes": sum(one.trial < FRESH for one in ended), "pairs": sum(row["pairs"] for row in rows)},
        "operators": rows,
        "confirmation": None,
        "whole": bool(confirming) and {one.key for one in confirming} <= {one.key for one in ended},
        "budget": kept["episodes"],
    }
    if confirming and head["drop"] is not None:
        told["confirmation"] = {
            "episodes": sum(one.trial >= FRESH for one in ended),
            "tasks": head["tasks"],
            "clean": head["clean"],
            "perturbed": head["perturbed"],
            "drop": head["drop"],
            "interval": head["interval"],
            "p_value": head["p_value"],
        }
    return told | {"told": worst_told(told)}
