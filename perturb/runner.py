"""The episodes of a run: launched in order, stored as they end, resumed, and stopped by budgets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice
from typing import Literal

import anyio
import msgspec

from perturb.agent import EndOfRun, RunSpent
from perturb.episode import AGENT_OUTCOMES, Episode
from perturb.errors import ConfigurationError, first_of
from perturb.operator import Setup
from perturb.planning import AgentUnderTest, LensCache, Limits, More, Progress, Report, RunPlan, Stopping, Workers
from perturb.store import Planned, Store
from perturb.toolset import Toolset
from perturb.trial import run_episode
from perturb.types import Usage
from perturb.watchdog import Turns, Watchdog

FAULTS = ("infrastructure_error", "tester_fault")
AT_ONCE = 16
"""How many episodes a worker is given at a time."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: `complete`, `settled` (what is left could change no answer), `budget` (its own budget is spent) or
    `interrupted`."""

    how: Literal["complete", "settled", "budget", "interrupted"]
    episodes: int
    resumed: int
    left: int
    seconds: float
    why: str = ""


async def run_episodes(
    toolset: Toolset,
    agent: AgentUnderTest,
    plan: RunPlan,
    limits: Limits,
    *,
    store: Store,
    setup: Setup,
    report: Report | None = None,
    fresh: bool = False,
    workers: Workers | None = None,
    stopping: Stopping | None = None,
    more: More | None = None,
) -> Ended:
    """Run what a plan still lacks, in launch order. Finished episodes are stored at once; `fresh` runs all of them again.
    With `workers`, they run the episodes, a few at a time. With `stopping`, what it does not want any more is not launched;
    what is under way by then is let finish. With `more`, a plan whose episodes have all ended is asked for further ones.

    An interrupt (Ctrl-C) ends the run after storing what is done: it is told by `Ended.how`, not raised.
    """
    started = time.perf_counter()
    progress = Progress("running", total=0)
    last = _take_over(store, plan, progress, fresh=fresh, again=more is None)
    if stopping is not None:
        for one in store.finished(plan.run):
            stopping.take(one.key, one.outcome)
    lenses = LensCache(setup, others=plan.operators)
    tasks = {task.id: task for task in toolset.tasks}
    run = _Running(store.planned(plan.run, left=True), progress, limits, started, stopping)

    async def work() -> None:
        for planned in run:
            lens = lenses.of_plan(planned.plan)
            try:
                episode = await run_episode(toolset, tasks[planned.task], agent.function, lens, planned, limits, watchdog, run)
            except RunSpent:
                return
            done(episode)
            await turns.turn()

    def done(episode: Episode) -> None:
        store.add(episode)
        if stopping is not None:
            stopping.take(episode.key, episode.outcome)
        run.finished(episode)
        if report is not None:
            report(progress)

    async def hand_over(to: Workers) -> None:
        while batch := list(islice(run, AT_ONCE)):
            for episode in await to.run(batch):
                done(episode)

    turns = Turns()
    interrupted = False
    with Watchdog(limits.timeout) as watchdog:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(watchdog.tick)
                at_once = 1 if toolset.exclusive else limits.concurrency
                going = True
                while going:
                    async with anyio.create_task_group() as episodes:
                        if workers is not None:
                            for _ in range(workers.number):
                                episodes.start_soon(hand_over, workers)
                        else:
                            for _ in range(max(1, min(at_once, progress.total - progress.done))):
                                episodes.start_soon(work)
                    if more is None or run.spent is not None:
                        break
                    going = await more()
                    if going:
                        last = _take_over(store, plan, progress, fresh=fresh)
                    elif progress.done == progress.resumed:
                        # All had ended before: what is lacking for a fault is tried again in the last part alone.
                        store.forget(plan.run, FAULTS, last)
                        going = next(store.planned(plan.run, left=True), None) is not None
                        _recount(store, plan, progress, 0)
                    run.queue = iter(store.planned(plan.run, left=True))
                group.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            first = first_of(group)
            if not isinstance(first, (KeyboardInterrupt, anyio.get_cancelled_exc_class())):
                raise first from first.__cause__
            interrupted = True
        except (KeyboardInterrupt, anyio.get_cancelled_exc_class()):
            interrupted = True
    left = progress.total - progress.done
    how: Literal["complete", "settled", "budget", "interrupted"] = "settled" if left and stopping is not None else "complete"
    if interrupted or run.spent:
        how = "interrupted" if interrupted else "budget"
    return Ended(
        how=how,
        episodes=progress.done - progress.resumed,
        resumed=progress.resumed,
        left=left,
        seconds=time.perf_counter() - started,
        why=run.spent or "",
    )


def _take_over(store: Store, plan: RunPlan, progress: Progress, *, fresh: bool, again: bool = False) -> int:
    """Count what has ended of the part that was added to a plan since the last time; where that part begins.

    Faults that are not the agent's are tried again; everything else is never run twice. Where all of a part has ended, what was
    chosen by its outcomes may follow, and they stay, unless they are to be tried `again`.
    """
    begins, ours = progress.total, progress.done - progress.resumed
    if fresh:
        store.forget(plan.run, position=begins)
    elif again or next(store.planned(plan.run, left=True), None) is not None:
        store.forget(plan.run, FAULTS, begins)
    _recount(store, plan, progress, ours)
    return begins


def _recount(store: Store, plan: RunPlan, progress: Progress, ours: int) -> None:
    progress.total, progress.done = plan.episodes, 0
    progress.passed, progress.counted = {"clean": 0, "perturbed": 0}, {"clean": 0, "perturbed": 0}
    for (arm, outcome), number in store.outcomes(plan.run).items():
        progress.done += number
        _count(progress, arm, outcome, number)
    progress.resumed = progress.done - ours


def _ended(why: str) -> EndOfRun:
    error = ConfigurationError(f"{why} be held; give one in episodes or in time. What has been received is stored")
    end = EndOfRun(str(error))
    end.__cause__ = error
    return end


class _Running:
    """The queue of episodes, which dries up when the budget of the run is spent, and the purse that they spend from."""

    def __init__(
        self, queue: Iterable[Planned], progress: Progress, limits: Limits, started: float, stopping: Stopping | None = None
    ) -> None:
        self.queue = iter(queue)
        self._stopping = stopping
        self.progress = progress
        self.limits = limits
        self.started = started
        self.launched = 0
        self.tokens = 0
        self.spent: str | None = None

    def __iter__(self) -> _Running:
        return self

    def __next__(self) -> Planned:
        planned = next(self.queue)
        while self._stopping is not None and not self._stopping.wants(planned):
            planned = next(self.queue)
        self.spent = self.spent or self._over()
        if self.spent is not None:
            raise StopIteration
        self.launched += 1
        return planned

    def _over(self) -> str | None:
        limits = self.limits
        if limits.episodes is not None and self.launched >= limits.episodes:
            return f"the budget of {limits.episodes} episodes is spent"
        return self._over_while_running()

    def _over_while_running(self) -> str | None:
        limits = self.limits
        if limits.seconds is not None and time.perf_counter() - self.started >= limits.seconds:
            return f"the budget of {limits.seconds:g} s is spent"
        if limits.tokens is not None and self.tokens >= limits.tokens:
            return f"the budget of {limits.tokens} tokens is spent"
        if limits.cost is not None and self.progress.cost >= limits.cost:
            return f"the budget of ${limits.cost:g} is spent"
        return None

    def spend(self, usage: Usage) -> None:
        limits = self.limits
        if usage.unmetered and (limits.tokens is not None or limits.cost is not None):
            raise _ended("the provider does not tell how many tokens a response took, so a budget of tokens or of money cannot")
        if usage.cost is None and limits.cost is not None:
            raise _ended("nobody knows what a response cost, so a budget of money cannot")
        self.tokens += usage.input_tokens + usage.output_tokens
        self.progress.cost += usage.cost or 0.0

    @property
    def empty(self) -> bool:
        """Whether no episode may pay for anything more; how many episodes were launched makes no difference here."""
        over = self._over_while_running()
        self.spent = self.spent or over
        return over is not None

    def finished(self, episode: Episode) -> None:
        self.progress.done += 1
        self.progress.seconds = time.perf_counter() - self.started
        _count(self.progress, episode.arm, episode.outcome)


def _count(progress: Progress, arm: str, outcome: str, number: int = 1) -> None:
    if outcome in AGENT_OUTCOMES:
        progress.counted[arm] += number
        progress.passed[arm] += number * (outcome == "passed")
