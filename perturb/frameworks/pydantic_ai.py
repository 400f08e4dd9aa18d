"""Agents of Pydantic AI: `python -m pip install "perturb-agents[pydantic-ai]"`.

from pydantic_ai import Agent
from perturb.frameworks.pydantic_ai import run

desk = Agent("openai:gpt-5-mini", instructions="Be brief.")

async def agent(episode):
    return await run(desk, episode)
"""

from __future__ import annotations

from typing import Any

import msgspec
import pydantic_ai
from pydantic_ai import exceptions
from pydantic_ai.messages import ModelResponse
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from perturb.agent import LimitReached, LiveEpisode, ProviderFailed
from perturb.frameworks.turns import answered, blame_provider
from perturb.types import Tool, Usage

_ANYTHING = SchemaValidator(core_schema.any_schema())
"""What arguments are held to here: the environment judges them, as in the clean setup."""


class EpisodeTools(AbstractToolset[Any]):
    """The tools of an episode, as they are at each turn."""

    def __init__(self, episode: LiveEpisode) -> None:
        self._episode = episode

    @property
    def id(self) -> str:
        return "episode"

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        return {
            tool.name: ToolsetTool(toolset=self, tool_def=_definition(tool), max_retries=0, args_validator=_ANYTHING)
            for tool in self._episode.tools
        }

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]) -> str:
        # An error too is told as the text that it is: the framework would add words of its own.
        return (await self._episode.call(name, tool_args)).text


async def run(agent: pydantic_ai.Agent[Any, Any], episode: LiveEpisode, **options: Any) -> str:
    """Run an agent on an episode: with the tools of the episode in place of its own, and the system prompt after its own
    instructions. `options` go to `Agent.run`, `usage_limits` for one."""
    told: list[Any] = []

    async def ask(message: str) -> str:
        nonlocal told
        with agent.override(tools=[], toolsets=[EpisodeTools(episode)]):
            try:
                result = await agent.run(message, message_history=told, instructions=episode.system or None, **options)
            except exceptions.UsageLimitExceeded as error:
                raise LimitReached(str(error)) from error
            except exceptions.ModelHTTPError as error:
                blame_provider(error.status_code, error.body, error.headers)
            except exceptions.ModelAPIError as error:
                raise ProviderFailed(str(error)) from error
        told = result.all_messages()
        for response in result.new_messages():
            if isinstance(response, ModelResponse):
                episode.used(_usage(response))
        return str(result.output)

    return await answered(episode, ask)


def _definition(tool: Tool) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name, description=tool.description, parameters_json_schema=msgspec.to_builtins(tool.parameters), strict=False
    )


def _usage(response: ModelResponse) -> Usage:
    used = response.usage
    return Usage(
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=used.cache_read_tokens,
        reasoning_tokens=used.details.get("reasoning_tokens", 0),
        turns=1,
        thoughts=int(any(part.part_kind == "thinking" for part in response.parts)),
        unmetered=int(not used.input_tokens),
    )
