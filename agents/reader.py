"""Reads which shown tools, arguments and values stand for the learnt ones; never tries again, never asks for more."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext, LiveEpisode
from perturb.reference.notebook import Notebook
from perturb.reference.reading import ask_once, read_along

DETERMINISTIC = True


def create(context: AgentContext) -> Agent:
    notebook = Notebook(context.transcripts)

    async def reader(episode: LiveEpisode) -> str:
        return await read_along(notebook, episode, ask_once)

    return reader
