"""Agents of LangChain and LangGraph: `python -m pip install "perturb-agents[langchain]"`.

from langchain.agents import create_agent
from perturb.frameworks.langchain import EpisodeTools, run

async def agent(episode):
    graph = create_agent("openai:gpt-5-mini", system_prompt="Be brief.", middleware=[EpisodeTools(episode)])
    return await run(graph, episode)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphRecursionError

from perturb.agent import LimitReached, LiveEpisode
from perturb.frameworks.turns import answered, joined, providers_faults_told
from perturb.types import Tool, Usage


class EpisodeTools(AgentMiddleware[Any, Any]):
    """Gives a model the tools of an episode in place of the agent's own, as they are at each turn, and the system prompt of the
    toolset after the agent's own."""

    def __init__(self, episode: LiveEpisode) -> None:
        super().__init__()
        self._episode = episode

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        system = joined(str(request.system_message.text) if request.system_message else None, self._episode.system)
        placed = request.override(tools=list(tools_of(self._episode)), system_message=SystemMessage(system) if system else None)
        return await handler(placed)

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Any) -> ToolMessage:
        call = request.tool_call
        reply = await self._episode.call(call["name"], call["args"])
        status = "error" if reply.is_error else "success"
        return ToolMessage(reply.text, name=call["name"], tool_call_id=call["id"], status=status)


async def run(graph: Any, episode: LiveEpisode, **options: Any) -> str:
    """Run a compiled graph, whose state holds `messages`, on an episode. `options` go to `ainvoke`, `config` for one."""
    told: list[AnyMessage] = []

    async def ask(message: str) -> str:
        nonlocal told
        try:
            with providers_faults_told():
                state = await graph.ainvoke({"messages": [*told, {"role": "user", "content": message}]}, **options)
        except GraphRecursionError as error:
            raise LimitReached(str(error)) from error
        new = state["messages"][len(told) :]
        told = state["messages"]
        for one in new:
            if isinstance(one, AIMessage):
                episode.used(_usage(one))
        return str(told[-1].text)

    return await answered(episode, ask)


def tools_of(episode: LiveEpisode) -> list[BaseTool]:
    """The tools of an episode as it is now, for a graph that is put together by hand: it is told of none that come later."""
    return [_tool(one, episode) for one in episode.tools]


def _tool(tool: Tool, episode: LiveEpisode) -> BaseTool:
    async def call(**arguments: Any) -> str:
        reply = await episode.call(tool.name, arguments)
        if reply.is_error:
            raise ToolException(reply.text)
        return reply.text

    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=msgspec.to_builtins(tool.parameters),
        coroutine=call,
        handle_tool_error=True,
    )


def _usage(said: AIMessage) -> Usage:
    used = said.usage_metadata
    if used is None:
        return Usage(turns=1, unmetered=1)
    return Usage(
        input_tokens=used["input_tokens"],
        output_tokens=used["output_tokens"],
        cached_tokens=used.get("input_token_details", {}).get("cache_read", 0),
        reasoning_tokens=used.get("output_token_details", {}).get("reasoning", 0),
        turns=1,
    )
