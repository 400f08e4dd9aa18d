"""Agents of the OpenAI Agents SDK: `python -m pip install "perturb-agents[openai-agents]"`.

from agents import Agent
from perturb.frameworks.openai_agents import run

desk = Agent(name="desk", instructions="Be brief.", model="gpt-5-mini")

async def agent(episode):
    return await run(desk, episode)
"""

from __future__ import annotations

from typing import Any

import msgspec
from agents.tool_context import ToolContext

import agents
from perturb.agent import LimitReached, LiveEpisode
from perturb.frameworks.turns import answered, joined, providers_faults_told
from perturb.types import Tool, Usage


async def run(agent: agents.Agent[Any], episode: LiveEpisode, **options: Any) -> str:
    """Run an agent on an episode: with the tools of the episode in place of its own, and the system prompt after its own
    instructions. `options` go to `Runner.run`, `max_turns` for one.

    Handoffs and agents as tools keep the tools that they have; give them to those agents with `tools_of`.
    """
    placed = _placed(agent, episode)
    told: list[Any] = []

    async def ask(message: str) -> str:
        nonlocal told
        try:
            with providers_faults_told():
                result = await agents.Runner.run(placed, [*told, {"role": "user", "content": message}], **options)
        except agents.MaxTurnsExceeded as error:
            raise LimitReached(f"{error}; allow more with max_turns") from error
        told = result.to_input_list()
        _report(result, episode)
        return str(result.final_output)

    return await answered(episode, ask)


def tools_of(episode: LiveEpisode) -> list[agents.Tool]:
    """The tools of an episode as it is now, for an agent that is put together by hand."""
    return [_tool(one, episode) for one in episode.tools]


def _placed(agent: agents.Agent[Any], episode: LiveEpisode) -> agents.Agent[Any]:
    class Placed(type(agent)):  # type: ignore[misc]
        """The agent, which looks for its tools in the episode before each turn."""

        async def get_all_tools(self, run_context: Any) -> list[agents.Tool]:
            self.tools = tools_of(episode)
            return list(await super().get_all_tools(run_context))

    async def instructions(context: Any, running: Any) -> str:
        return joined(await agent.get_system_prompt(context), episode.system)

    fields = {name: getattr(agent, name) for name in agent.__dataclass_fields__}
    return Placed(**{**fields, "tools": tools_of(episode), "mcp_servers": [], "instructions": instructions})


def _tool(tool: Tool, episode: LiveEpisode) -> agents.FunctionTool:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        return (await episode.call(tool.name, arguments)).text

    # Not strict: that would have the SDK change the schema that the episode shows.
    schema = msgspec.to_builtins(tool.parameters)
    return agents.FunctionTool(tool.name, tool.description, schema, invoke, strict_json_schema=False)


def _report(result: agents.RunResult, episode: LiveEpisode) -> None:
    for response in result.raw_responses:
        used = response.usage
        episode.used(
            Usage(
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                cached_tokens=used.input_tokens_details.cached_tokens,
                reasoning_tokens=used.output_tokens_details.reasoning_tokens,
                turns=1,
                unmetered=int(not used.total_tokens),
            )
        )
