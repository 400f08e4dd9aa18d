"""Going through a task as it was learnt, step by step, in the tools and with the values that are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from perturb.agent import LiveEpisode
from perturb.reference.notebook import Notebook
from perturb.reference.places import document
from perturb.reference.turns import heard
from perturb.reference.world import Unknown, World
from perturb.types import Call

Ask = Callable[[Notebook, LiveEpisode, World, int, Call], Awaitable[None]]
"""Makes the call of a step, given as it was learnt with the values that are shown, and lets the world hear the reply."""


async def read_along(notebook: Notebook, episode: LiveEpisode, ask: Ask) -> str:
    """Do every step of the learnt task whose values have been shown, then give the learnt answer with shown values."""
    said = await heard(episode)
    study = notebook.study(said)
    if study is None:
        return ""
    world = World(study, said)
    for place, step in enumerate(study.transcript.steps):
        with suppress(Unknown):
            await ask(notebook, episode, world, place, Call(step.call.name, world.arguments(place)))
    return world.answer()


async def ask_once(notebook: Notebook, episode: LiveEpisode, world: World, place: int, learnt: Call) -> None:
    """Call the shown tool that stands for the learnt one, once. Any result is read; an error only where it is laid out as the
    one that was learnt."""
    call = notebook.matching(world.study.transcript.tools, episode.tools).call(learnt)
    if call is None:
        return
    reply = await episode.call(call.name, call.arguments)
    if not reply.is_error or document(reply.text).layout == world.study.replies[place].layout:
        world.hear(place, reply)
