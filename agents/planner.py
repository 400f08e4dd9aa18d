"""Fixes every call and value before the first, from the prompt and what was learnt; tries again when told to."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext, LiveEpisode
from perturb.reference.notebook import Notebook
from perturb.reference.notices import patiently
from perturb.reference.turns import heard
from perturb.reference.world import World
from perturb.types import Call

DETERMINISTIC = True


def create(context: AgentContext) -> Agent:
    notebook = Notebook(context.transcripts)

    async def planner(episode: LiveEpisode) -> str:
        said = await heard(episode)
        study = notebook.study(said)
        if study is None:
            return ""
        world = World(study, said)
        steps = study.transcript.steps
        matching = notebook.matching(study.transcript.tools, episode.tools)
        plan = [matching.call(Call(step.call.name, world.planned(place))) for place, step in enumerate(steps)]
        for place, call in enumerate(plan):
            if call is not None:
                before = steps[place].reply
                world.hear(place, await patiently(episode, call, before.text if before.is_error else ""))
        return world.answer()

    return planner
