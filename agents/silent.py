"""Does nothing and says nothing: what passes with it is no merit of any agent."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext, LiveEpisode

DETERMINISTIC = True


def create(context: AgentContext) -> Agent:
    async def silent(episode: LiveEpisode) -> str:
        return ""

    return silent
