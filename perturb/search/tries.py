"""The episodes of a search: each run once, kept in the store, paid for out of one budget."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from perturb.episode import AGENT_OUTCOMES, Episode
from perturb.evaluation import Prepared
from perturb.planning import Limits, RunPlan, episode_key
from perturb.runner import run_episodes
from perturb.search.candidates import Candidate
from perturb.store import Planned, Store
from perturb.types import digest

AGAIN = 2
"""How often an episode is tried again that ended in a fault which is not the agent's."""
PLACE = "search"
"""Under which name the store holds the episodes that are under way; names of runs are digests."""

Why = Literal["budget", "interrupted", "infrastructure"]


class Stopped(Exception):
    """The search can run no further episode: `why`, and in words."""

    def __init__(self, why: Why, words: str) -> None:
        super().__init__(words)
        self.why = why
        self.words = words


class Report(Protocol):
    """Told where a search stands: what it is at, the episodes used, of how many (`None` without such a budget)."""

    def __call__(self, phase: str, used: int, total: int | None, words: str) -> None: ...


class Asked(NamedTuple):
    """A repeat that is wanted: of a candidate, or with `None` of its task clean."""

    task: str
    candidate: Candidate | None = None


class Count(msgspec.Struct):
    """How many repeats passed, and of how many."""

    passed: int = 0
    of: int = 0

    def add(self, passed: bool) -> None:
        self.passed += passed
        self.of += 1

    @property
    def rate(self) -> float:
        """The rate of success, with half a success and half a failure added."""
        return (self.passed + 0.5) / (self.of + 1.0)

    def __str__(self) -> str:
        return f"{self.passed} of {self.of}"


class Tries:
    """Runs the repeats that a search asks for, each under the next number of its task and plan.

    An episode's key is that of a run, so what a run or an earlier search has in the store is taken from there. `used` counts
    the episodes that the search rests on, those from the store too, so that the same search always ends at the same place;
    `ran` counts those that were run now. Raises `Stopped` when there is nothing left to spend, on an interrupt, and when fault
    follows fault. `phase` and `words` say what they are for, in reports.
    """

    def __init__(self, prepared: Prepared, store: Store, report: Report | None = None) -> None:
        self.prepared = prepared
        self.store = store
        self.limits = prepared.request.limits
        self.used = self.ran = 0
        self.faults = 0
        self.phase, self.words = "trying", ""
        self._report = report
        self._next: dict[tuple[str, str], int] = {}
        self._tokens, self._cost = 0, 0.0
        self._started = time.perf_counter()

    @property
    def left(self) -> int:
        """How many episodes the budget still has; a large number where it is set in something else."""
        return (self.limits.episodes or 1_000_000) - self.used

    async def __call__(self, asked: Sequence[Asked]) -> list[Episode | None]:
        """The episodes asked for, in that order; `None` for one that says nothing of the agent, however often it was tried."""
        if self.left < len(asked):
            raise Stopped("budget", f"the budget of {self.limits.episodes} episodes is spent")
        planned = [self._planned(one) for one in asked]
        self.used += len(planned)
        found = {one.key: self.store.get(one.key) for one in planned}
        for _ in range(1 + AGAIN):
            lacking = [one for one in planned if (kept := found[one.key]) is None or _is_fault(kept)]
            if not lacking:
                break
            await self._run(lacking)
            found |= {one.key: self.store.get(one.key) for one in lacking}
        if self._report is not None:
            self._report(self.phase, self.used, self.limits.episodes, self.words)
        episodes = [found[one.key] for one in planned]
        self._watch(episodes)
        return [one if one is not None and one.outcome in AGENT_OUTCOMES else None for one in episodes]

    def _planned(self, asked: Asked) -> Planned:
        candidate = asked.candidate
        plan = None if candidate is None else candidate.plan
        place = asked.task, "" if plan is None else digest(plan)
        trial = self._next.get(place, 0)
        self._next[place] = trial + 1
        prepared = self.prepared
        task = prepared.toolset.task(asked.task)
        return Planned(
            key=episode_key(
                prepared.toolset, task, prepared.agent, plan, trial, prepared.request.design.seed, prepared.request.limits
            ),
            task=asked.task,
            arm="clean" if candidate is None else "perturbed",
            trial=trial,
            operator=None if candidate is None else candidate.operator.id,
            axis=None if candidate is None else candidate.operator.axis,
            kind=None if candidate is None else candidate.operator.kind,
            plan=plan,
        )

    async def _run(self, planned: Sequence[Planned]) -> None:
        store, prepared = self.store, self.prepared
        name = f"{PLACE} {prepared.run}"
        store.begin_plan(name)
        store.add_pairs(name, 0, planned)
        ended = await run_episodes(
            prepared.toolset,
            prepared.agent,
            RunPlan(run=name, operators=prepared.operators, episodes=len(planned)),
            self._now(),
            store=store,
            setup=prepared.gold.setup,
        )
        store.begin_plan(name)
        self.ran += ended.episodes
        for one in planned:
            usage = None if (episode := store.get(one.key)) is None else episode.usage
            self._tokens += 0 if usage is None else usage.input_tokens + usage.output_tokens
            self._cost += 0.0 if usage is None else usage.cost or 0.0
        if ended.how == "interrupted":
            raise Stopped("interrupted", "interrupted")
        if ended.how == "budget":
            raise Stopped("budget", self._spent())

    def _now(self) -> Limits:
        """The limits of the episodes that are run next: what is left of the search's."""
        limits = self.limits
        seconds = None if limits.seconds is None else max(0.0, limits.seconds - (time.perf_counter() - self._started))
        return msgspec.structs.replace(
            limits,
            episodes=None,
            seconds=seconds,
            tokens=None if limits.tokens is None else max(0, limits.tokens - self._tokens),
            cost=None if limits.cost is None else max(0.0, limits.cost - self._cost),
        )

    def _spent(self) -> str:
        limits = self.limits
        told = [f"{limits.seconds:g} s"] if limits.seconds is not None else []
        told += [f"{limits.tokens:,} tokens"] if limits.tokens is not None else []
        told += [f"${limits.cost:g}"] if limits.cost is not None else []
        return f"the budget of {' or '.join(told)} is spent"

    def _watch(self, episodes: Sequence[Episode | None]) -> None:
        """Give up where nothing but the infrastructure is heard of."""
        for one in episodes:
            broken = one is None or _is_fault(one)
            self.faults = self.faults + 1 if broken else 0
            if broken and self.faults >= 5:
                why = "no outcome" if one is None else f"{one.outcome.replace('_', ' ')}: {one.error}"
                raise Stopped("infrastructure", f"five episodes in a row ended in faults that are not the agent's; {why}")


def _is_fault(episode: Episode) -> bool:
    return episode.outcome in ("infrastructure_error", "tester_fault")
