"""Making a call and going on as the replies say, until what it is for has been shown."""

from __future__ import annotations

from perturb.agent import LiveEpisode
from perturb.reference.notebook import Notebook
from perturb.reference.notices import TRIES, next_page, page_call, patiently, revised
from perturb.reference.places import document
from perturb.reference.world import World
from perturb.types import Call, Reply

_PAGES = 60
"""How many pages of one result are asked for at most."""


async def ask_and_follow(notebook: Notebook, episode: LiveEpisode, world: World, place: int, learnt: Call) -> None:
    """Make the call of a step; on an error that the transcript did not have, do as it says; then ask for further pages until
    all that the transcript took from this reply has been shown."""
    taught = world.study.transcript.tools
    before = world.study.transcript.steps[place].reply
    call = notebook.matching(taught, episode.tools).call(learnt)
    for _ in range(TRIES):
        if call is None:
            return
        reply = await patiently(episode, call, before.text if before.is_error else "")
        if not reply.is_error or before.is_error:
            break
        following = revised(reply.text, call, learnt, taught, episode.tools)
        if following is None:
            following = notebook.matching(taught, episode.tools).call(learnt)
        if following == call:
            break
        call = following
    assert call is not None
    world.hear(place, reply)
    if not reply.is_error and not before.is_error:
        await _pages(notebook, episode, world, place, call, learnt, reply)


async def _pages(
    notebook: Notebook, episode: LiveEpisode, world: World, place: int, call: Call, learnt: Call, reply: Reply
) -> None:
    tool = next((tool for tool in episode.tools if tool.name == call.name), None)
    matching = notebook.matching(world.study.transcript.tools, episode.tools)
    if tool is None or matching.form(learnt.name) is None:
        return
    given = {new.path for _, new in matching.pairs(learnt.name)}
    seen = []
    for _ in range(_PAGES):
        if world.satisfied(place):
            return
        more = next_page(document(reply.text), world.study.replies[place], tool, given)
        if more is None or more in seen:
            return
        seen.append(more)
        reply = await patiently(episode, page_call(call, *more))
        if reply.is_error:
            return
        world.hear_more(place, reply)
