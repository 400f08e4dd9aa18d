"""A model behind OpenAI Responses, or any server that speaks it: `responses:MODEL`, with --state for how turns travel."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext
from perturb.models.agents import ModelAgent
from perturb.models.responses import ResponsesDialect

ASKS_MODEL = True


def create(context: AgentContext) -> Agent:
    return ModelAgent(context, "openai", ResponsesDialect)
