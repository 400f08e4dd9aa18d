"""A model behind OpenAI Chat Completions, or any server that speaks it: `chat:MODEL`, with --base-url for other servers."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext
from perturb.models.agents import ModelAgent
from perturb.models.chat import ChatDialect

ASKS_MODEL = True


def create(context: AgentContext) -> Agent:
    return ModelAgent(context, "openai", ChatDialect)
