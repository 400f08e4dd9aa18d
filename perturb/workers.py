"""Processes of a run's own, for what takes the processor: proofs, and the episodes of reference agents.

A process loads what the request names by itself, once, and gets tasks and episodes by their names and plans. What it proves it
keeps in the store of the run; the episodes that it runs it hands back, since one writer keeps them in order.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import anyio
import anyio.to_process
import msgspec

from perturb.episode import Episode
from perturb.errors import WorkerLost
from perturb.evaluation import Prepared, Request, loaded, made_agent, store_path
from perturb.kept import collect_less
from perturb.loading import LoadedAgent, find_agent
from perturb.operators import select
from perturb.planning import LeftOut, LensCache, Prover
from perturb.replay import Gold
from perturb.store import Planned, Store
from perturb.trial import run_episode
from perturb.watchdog import Watchdog

Made = TypeVar("Made")

WORTH = 400
"""From so many pairs on, more processes are quicker than one: each takes a second to load."""


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Named(msgspec.Struct, frozen=True):
    """See `perturb.planning.AgentNamed`."""

    name: str
    digest: str
    takes_scaffold: bool = False


class ProcessWorkers:
    """`number` processes for one prepared request; see `perturb.planning.Workers`."""

    def __init__(self, prepared: Prepared, number: int) -> None:
        self.number = number
        self._prepared = prepared
        self._request = prepared.request
        self._agent = Named(prepared.agent.name, prepared.agent.digest, prepared.agent.takes_scaffold)
        self._limiter = anyio.CapacityLimiter(number)

    @classmethod
    def worth(cls, prepared: Prepared, number: int | None) -> ProcessWorkers | None:
        """So many processes; where no number is given, as many as there are processors, if there is enough to do. None for a
        toolset whose episodes share one world, and for a program, whose tools are learnt once."""
        if prepared.toolset.exclusive or prepared.request.program is not None:
            return None
        pairs = len(prepared.tasks) * len(prepared.operators) * prepared.request.design.trials
        wanted = number if number is not None else available() if pairs >= WORTH else 1
        return cls(prepared, wanted) if wanted > 1 else None

    async def prove(self, task: str, trial: int) -> list[Planned | LeftOut]:
        meant = self._prepared.choice
        wanted = [one.id for one in self._prepared.operators if meant(task, one.id, one.axis, trial) is not False]
        return await self._in_process(_prove, self._request, self._agent, task, trial, wanted)

    async def run(self, planned: Sequence[Planned]) -> list[Episode]:
        return await self._in_process(_run, self._request, self._agent, list(planned))

    async def _in_process(self, function: Callable[..., Made], *arguments: Any) -> Made:
        try:
            return await anyio.to_process.run_sync(function, *arguments, cancellable=True, limiter=self._limiter)
        except anyio.BrokenWorkerProcess as error:
            raise WorkerLost(
                "a process of the run died, for want of memory or by a signal; what is done is stored, run again with --jobs 1"
            ) from error


class _Held:
    """What a process holds of the request that it works for."""

    def __init__(self, request: Request, agent: Named) -> None:
        # An interrupt is for the process that has asked: it ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        collect_less()
        self.request = request
        self.operators, self.toolset = select(request.operators), loaded(request)
        self.tasks = {task.id: task for task in self.toolset.tasks}
        self.gold = Gold(self.toolset)
        self.lenses = LensCache(self.gold.setup, others=self.operators)
        self.prover = Prover(self.toolset, agent, request.design, request.limits, self.gold, Store(store_path(request)))
        self.agent: LoadedAgent | None = None

    async def prove(self, task: str, trial: int, wanted: Sequence[str]) -> list[Planned | LeftOut]:
        operators = {one.id: one for one in self.operators}
        return [await self.prover.pair(operators[one], self.tasks[task], trial) for one in wanted]

    async def run(self, planned: Sequence[Planned]) -> list[Episode]:
        if self.agent is None:
            self.agent = await made_agent(find_agent(self.request.agent), self.gold, self.request)
        episodes = []
        limits = self.request.limits
        with Watchdog(limits.timeout) as watchdog:
            for one in planned:
                lens = self.lenses.of_plan(one.plan)
                task = self.tasks[one.task]
                episodes.append(await run_episode(self.toolset, task, self.agent.function, lens, one, limits, watchdog))
        return episodes


_held: _Held | None = None


def _of(request: Request, agent: Named) -> _Held:
    global _held
    if _held is None or _held.request != request or _held.prover.agent != agent:
        _held = _Held(request, agent)
    return _held


def _prove(request: Request, agent: Named, task: str, trial: int, wanted: Sequence[str]) -> list[Planned | LeftOut]:
    return anyio.run(_of(request, agent).prove, task, trial, wanted)


def _run(request: Request, agent: Named, planned: Sequence[Planned]) -> list[Episode]:
    return anyio.run(_of(request, agent).run, planned)
