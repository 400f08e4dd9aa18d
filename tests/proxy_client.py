"""An agent program that knows nothing of Perturb's episodes: the OpenAI SDK, and the airline's tools, which it runs itself.

As a program it does the task that `PERTURB_TASK` names, and says by its exit status whether that is done.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any, Literal, NamedTuple

import openai

from perturb import texts
from perturb.loading import load_toolset
from perturb.operator import Setup
from perturb.toolset import Task, Toolset
from perturb.types import Call, Failure

Api = Literal["chat", "responses", "responses, previous"]


class Done(NamedTuple):
    """How a task ended, and what the client has called and heard on the way."""

    task: str
    passed: bool
    answer: str
    calls: list[Call]
    turns: int
    names: frozenset[str]


class Client:
    """Does tasks with its own tools in its own world, through a base URL."""

    def __init__(
        self,
        toolset: Toolset,
        base_url: str,
        model: str = "adaptive",
        *,
        api: Api = "chat",
        stream: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.toolset = toolset
        self.api = api
        self.stream = stream
        self.model = model
        self.openai = openai.AsyncOpenAI(base_url=base_url, api_key="sk-of-the-client", max_retries=0, default_headers=headers)
        self.functions = [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
            for tool in Setup.of(toolset).public_tools
        ]

    async def do(self, task: Task) -> Done:
        environment = self.toolset.environment(task)
        made: list[Call] = []
        names: set[str] = set()
        turns = 0

        async def run(name: str, arguments: str) -> str:
            call = Call(name, json.loads(arguments))
            made.append(call)
            names.add(name)
            answer: Any = environment.call(call)
            return texts.failure_text(answer) if isinstance(answer, Failure) else texts.result_text(answer)

        history: list[Any] = [{"role": "system", "content": self.toolset.system}]
        previous: str | None = None
        answer = ""
        try:
            for said in (task.prompt, *task.follow_ups):
                history.append({"role": "user", "content": said})
                while True:
                    turns += 1
                    if self.api == "chat":
                        answer, calls, raws = await self._chat(history)
                    else:
                        answer, calls, raws, id = await self._respond(history, previous)
                        if self.api == "responses, previous":
                            previous, history, raws = id, [], []
                    history += raws
                    for id, name, arguments in calls:
                        result = await run(name, arguments)
                        history.append(
                            {"role": "tool", "tool_call_id": id, "content": result}
                            if self.api == "chat"
                            else {"type": "function_call_output", "call_id": id, "output": result}
                        )
                    if not calls:
                        break
            passed = self.toolset.check(task, environment, answer, made)
        finally:
            environment.close()
            await self.openai.close()
        return Done(task.id, passed, answer, made, turns, frozenset(names))

    async def _chat(self, history: list[Any]) -> tuple[str, list[tuple[str, str, str]], list[Any]]:
        tools: Any = [{"type": "function", "function": one} for one in self.functions]
        if self.stream:
            async with self.openai.chat.completions.stream(
                model=self.model, messages=history, tools=tools, stream_options={"include_usage": True}
            ) as events:
                async for _ in events:
                    pass
                response: Any = await events.get_final_completion()
        else:
            response = await self.openai.chat.completions.create(model=self.model, messages=history, tools=tools)
        assert response.usage is not None
        message = response.choices[0].message
        calls = [(one.id, one.function.name, one.function.arguments) for one in message.tool_calls or ()]
        assert response.choices[0].finish_reason == ("tool_calls" if calls else "stop")
        raw: dict[str, Any] = {"role": "assistant", "content": message.content}
        if calls:
            raw["tool_calls"] = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for id, name, arguments in calls
            ]
        return message.content or "", calls, [raw]

    async def _respond(
        self, history: list[Any], previous: str | None
    ) -> tuple[str, list[tuple[str, str, str]], list[Any], str]:
        asked: dict[str, Any] = {
            "model": self.model,
            "input": history,
            "tools": [{"type": "function", **one} for one in self.functions],
        }
        if previous is not None:
            asked["previous_response_id"] = previous
        if self.stream:
            async with self.openai.responses.stream(**asked) as events:
                async for _ in events:
                    pass
                response: Any = await events.get_final_response()
        else:
            response = await self.openai.responses.create(**asked)
        calls = [(one.call_id, one.name, one.arguments) for one in response.output if one.type == "function_call"]
        raws = [_sent_back(one.model_dump(exclude_none=True)) for one in response.output]
        return response.output_text, calls, raws, response.id


def _sent_back(item: dict[str, Any]) -> dict[str, Any]:
    """An item without what the SDK has added to it."""
    return {
        name: [_sent_back(one) for one in value] if name == "content" else value
        for name, value in item.items()
        if name not in ("parsed_arguments", "parsed")
    }


def main() -> int:
    toolset = load_toolset("airline")
    task = toolset.task(os.environ["PERTURB_TASK"])
    done = asyncio.run(Client(toolset, os.environ["OPENAI_BASE_URL"], *sys.argv[1:2]).do(task))
    print(done.answer)
    return 0 if done.passed else 1


if __name__ == "__main__":
    sys.exit(main())
