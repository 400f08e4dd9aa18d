"""The reference server for tests, and episodes that are carried through it by a real SDK over a real socket."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

pytest.importorskip("starlette", reason="the extra [serve] is not installed")
pytest.importorskip("uvicorn", reason="the extra [serve] is not installed")

from perturb.agent import AgentContext
from perturb.agent_files import LoadedAgent, find_agent
from perturb.episode import Episode
from perturb.loading import load_toolset
from perturb.models.settings import ModelSettings
from perturb.operator import Operator, lens_for
from perturb.planning import Limits
from perturb.replay import Gold
from perturb.serving.app import MindOf, Reference
from perturb.serving.server import Served, learnt, serving
from perturb.store import Planned
from perturb.toolset import Toolset
from perturb.trial import run_episode
from perturb.types import Transcript


class Learnt:
    """A toolset, the minds that have learnt it, and its clean transcripts."""

    def __init__(self, name: str) -> None:
        self.toolset: Toolset = load_toolset(name)
        self.gold = Gold(self.toolset)
        self.mind_of: MindOf
        self.mind_of, self.models = anyio.run(learnt, name)
        self.transcripts: tuple[Transcript, ...] = anyio.run(self.gold.transcripts)

    def direct(self, name: str) -> LoadedAgent:
        """A reference agent that is called directly."""
        found = find_agent(name)
        return found.make(AgentContext(transcripts=self.transcripts, option=found.option))

    @contextmanager
    def served(self, **options: Any) -> Iterator[Served]:
        with serving(Reference(self.mind_of, self.models, **options)) as served:
            yield served

    async def episodes(
        self, agent: LoadedAgent, tasks: tuple[str, ...] = (), operator: Operator | None = None, limits: Limits | None = None
    ) -> list[Episode]:
        """One episode of each task; what the agent has open is closed then."""
        lens = lens_for(operator, self.gold.setup)
        made = []
        for task in self.toolset.tasks:
            if not tasks or task.id in tasks:
                planned = Planned(key=f"episode of {task.id}", task=task.id, arm="clean", trial=0)
                made.append(await run_episode(self.toolset, task, agent.function, lens, planned, limits or Limits()))
        await agent.aclose()
        return made

    def run(self, agent: LoadedAgent, *tasks: str, **options: Any) -> list[Episode]:
        async def go() -> list[Episode]:
            return await self.episodes(agent, tasks, **options)

        return anyio.run(go)


@functools.cache
def airline() -> Learnt:
    return Learnt("airline")


def model_agent(spec: str, url: str, *, store: str | None = None, **settings: Any) -> LoadedAgent:
    """An agent that asks the model at `url`; pauses are short unless told otherwise."""
    found = find_agent(spec)
    made = ModelSettings(**{"base_url": url, "pause": 0.005, **settings})
    return found.make(AgentContext(option=found.option, settings=made, store=store))
