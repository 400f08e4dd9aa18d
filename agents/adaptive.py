"""Reads as `reader` does, tries again when told to, follows the hints of errors, and asks for further pages."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext, LiveEpisode
from perturb.reference.following import ask_and_follow
from perturb.reference.notebook import Notebook
from perturb.reference.reading import read_along

DETERMINISTIC = True


def create(context: AgentContext) -> Agent:
    notebook = Notebook(context.transcripts)

    async def adaptive(episode: LiveEpisode) -> str:
        return await read_along(notebook, episode, ask_and_follow)

    return adaptive
