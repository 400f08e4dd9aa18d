"""A model behind Anthropic Messages, or any server that speaks it: `anthropic:MODEL`; needs the extra [anthropic]."""

from __future__ import annotations

from perturb.agent import Agent, AgentContext
from perturb.models.agents import ModelAgent
from perturb.models.anthropic import AnthropicDialect

ASKS_MODEL = True


def create(context: AgentContext) -> Agent:
    return ModelAgent(context, "anthropic", AnthropicDialect)
