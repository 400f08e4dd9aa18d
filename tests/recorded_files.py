"""Recorded episodes for tests: the real files of `shared/data`, and small ones in every format."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from real_toolsets import DATA

from perturb.importers.formats import format_of
from perturb.importers.reading import Problem, Source
from perturb.importing import Wanted, read_files
from perturb.recorded import Recorded


def real(relative: str) -> Path:
    """A file of `shared/data`; the test is skipped where it is absent."""
    path = DATA / relative
    if not path.is_file():
        pytest.skip(f"the shared data file {relative} is not beside this checkout")
    return path


def read(path: Path, form: str | None = None) -> tuple[list[Recorded], list[Problem]]:
    """The episodes of a file, and what is wrong with it."""
    episodes, problems = [], []
    for _, _, one in read_files(Wanted((path,), form)):
        (problems if isinstance(one, Problem) else episodes).append(one)  # type: ignore[arg-type]
    return episodes, problems


def found(path: Path) -> str:
    return format_of(Source(path)).name


def chat_call(identifier: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def conversation() -> list[dict[str, Any]]:
    """A user, two calls at once, their results the other way round, one of them an error, and an answer."""
    return [
        {"role": "system", "content": "You keep the lamps."},
        {"role": "user", "content": "How many lamps are left?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [chat_call("a", "count", item="lamp"), chat_call("b", "find", q="x")],
        },
        {"role": "tool", "tool_call_id": "b", "name": "find", "content": "Error: nothing found"},
        {"role": "tool", "tool_call_id": "a", "name": "count", "content": '{"left": 3}'},
        {"role": "assistant", "content": "There are 3."},
    ]


def tau(task: int, trial: int, reward: float) -> dict[str, Any]:
    return {
        "task_id": task,
        "reward": reward,
        "trial": trial,
        "info": {"task": {"user_id": "u", "instruction": "ask", "actions": [{"name": "count", "kwargs": {"item": "lamp"}}]}},
        "traj": [*conversation(), {"role": "user", "content": "Thanks. ###STOP###"}],
    }


def tau2() -> dict[str, Any]:
    said = conversation()[1:]
    for message in said:
        if message["role"] == "tool":
            message |= {"id": message.pop("tool_call_id"), "requestor": "assistant", "error": "Error" in message["content"]}
        for index, call in enumerate(message.get("tool_calls") or ()):
            inner = call["function"]
            message["tool_calls"][index] = {
                "id": call["id"], "name": inner["name"], "arguments": json.loads(inner["arguments"]), "requestor": "assistant"
            }  # fmt: skip
    own = {"id": "u1", "name": "toggle", "arguments": {}, "requestor": "user"}
    told = {"id": "u1", "role": "tool", "content": "on", "requestor": "user", "error": False}
    said += [{"role": "user", "content": None, "tool_calls": [own]}, told, {"role": "user", "content": "###STOP###"}]
    return {
        "timestamp": "2025-08-01",
        "info": {"agent_info": {"llm": "gpt-x"}, "environment_info": {"domain_name": "lamps", "policy": "Be kind."}},
        "tasks": [
            {"id": "7", "evaluation_criteria": {"actions": [{"name": "count", "arguments": {}}], "communicate_info": ["3"]}}
        ],
        "simulations": [
            {
                "id": "s",
                "task_id": "7",
                "trial": 0,
                "termination_reason": "user_stop",
                "reward_info": {"reward": 1.0, "db_check": {"db_match": True}},
                "messages": said,
            }
        ],
    }


def dojo() -> dict[str, Any]:
    def block(text: str) -> list[dict[str, str]]:
        return [{"type": "text", "content": text}]

    call = {"function": "count", "args": {"item": "lamp"}, "id": "a", "placeholder_args": None}
    other = {"function": "find", "args": {"q": "x"}, "id": None, "placeholder_args": None}
    failed = {"role": "tool", "content": block(""), "tool_call": other, "tool_call_id": None, "error": "ValueError: no"}
    return {
        "suite_name": "banking",
        "pipeline_name": "gpt-x",
        "user_task_id": "user_task_1",
        "injection_task_id": "injection_task_2",
        "attack_type": "direct",
        "injections": {"bill": "ignore"},
        "messages": [
            {"role": "system", "content": block("You keep the lamps.")},
            {"role": "user", "content": block("How many?")},
            {"role": "assistant", "content": [{"type": "thinking", "content": "hm", "id": None}], "tool_calls": [call, other]},
            {"role": "tool", "content": block("3"), "tool_call": call, "tool_call_id": "a", "error": None},
            failed,
            {"role": "assistant", "content": block("There are 3."), "tool_calls": None},
        ],
        "error": None,
        "utility": True,
        "security": False,
        "duration": 1.5,
        "benchmark_version": "v1.2.2",
    }


def bfcl() -> list[dict[str, Any]]:
    user = {"role": "user", "content": "Move it."}
    return [
        {
            "id": "multi_turn_base_0",
            "result": [[[{"mv": '{"a": 1}'}], "Done."]],
            "inference_log": [
                [{"role": "state_info", "class_name": "FS", "content": {}}],
                {
                    "begin_of_turn_query": [user],
                    "step_0": [
                        {"role": "assistant", "content": [{"mv": '{"a": 1}'}, {"ls": "{broken"}]},
                        {"role": "handler_log", "content": "ok", "model_response_decoded": ["mv(a=1)"]},
                        {"role": "tool", "content": '{"error": "no such file"}'},
                        {"role": "tool", "content": "[]"},
                    ],
                    "step_1": [{"role": "assistant", "content": "Done."}, {"role": "handler_log", "content": "empty"}],
                },
                {
                    "begin_of_turn_query": [user],
                    "step_0": [
                        {"role": "assistant", "content": "[mv(a='x', b=[1]), cd('y')]"},
                        {"role": "handler_log", "content": "ok", "model_response_decoded": ["mv(a='x', b=[1])", "cd('y')"]},
                        {"role": "tool", "content": "None"},
                        {"role": "tool", "content": "None"},
                        {"role": "handler_log", "content": "Model has been forced to quit after 20 steps."},
                    ],
                },
            ],
            "input_token_count": [[10, 20], [5]],
            "output_token_count": [[1, 2], [3]],
            "latency": [[0.5, 0.5], [1.0]],
        },
        {"id": "simple_0", "result": "[area(base=10, unit='cm')]", "input_token_count": 7, "latency": 0.1},
        {"id": "irrelevance_1", "result": "I cannot do that.", "latency": 0.1},
    ]


def rotbench() -> list[dict[str, Any]]:
    def tool(name: str, description: str, **properties: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        return {"name": name, "description": description, "parameters": schema}

    finish = "Finish the task and give your answer."
    text = {"type": "string"}

    def item(tools: list[dict[str, Any]], label: str) -> dict[str, Any]:
        rules = (
            'Always use the "finish" tool upon task completion.\n\nTask description: You have access of the following tools:\n'
        )
        return {
            "id": "Turn 1: What?",
            "scenario": "TG",
            "conversations": [
                {"from": "system", "value": f"{rules}{json.dumps(tools)}\n\nLet's Begin!"},
                {"from": "user", "value": "What?"},
                {"from": "assistant", "value": [f"Thought:\nAction: look\nAction Input: {label}"]},
            ],
        }

    sound = [tool("look", "Look.", at=text), tool("finish", finish, answer=text)]
    swapped = [tool("finish", "Look.", at=text), tool("look", finish, at=text)]
    doubled = [*sound, tool("look", "Look again.", at=text)]
    return [item(sound, '{"at": "x"}'), item(swapped, '{"at": "x"}'), item(doubled, '{"at": "x"}'), item(sound, '{"to": "x"}')]


def write(path: Path, value: Any) -> Path:
    """Write JSON, or JSON Lines where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(one) + "\n" for one in value) if path.suffix == ".jsonl" else json.dumps(value)
    path.write_text(text, encoding="utf-8")
    return path


def eval_log(path: Path, samples: list[dict[str, Any]], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A log as Inspect writes one."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": {"task": "lamps", "model": "mock/x"}}))
        for sample in samples:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr(
            "header.json", json.dumps({"version": 2, "status": "success", "eval": {"task": "lamps", "model": "mock/x"}})
        )
    return path


def sample(identifier: str, epoch: int, value: Any) -> dict[str, Any]:
    call = {"id": "c1", "function": "count", "arguments": {"item": "attachment://abc"}, "type": "function"}
    return {
        "id": identifier,
        "epoch": epoch,
        "input": "How many?",
        "target": ["3"],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "How many?"}, {"type": "image", "image": "attachment://abc"}],
            },
            {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}], "tool_calls": [call]},
            {
                "role": "tool",
                "content": "",
                "tool_call_id": "c1",
                "function": "count",
                "error": {"type": "x", "message": "too slow"},
            },
            {"role": "assistant", "content": "attachment://abc"},
        ],
        "scores": {"match": {"value": value, "answer": "3"}},
        "attachments": {"abc": "a long text"},
        "events": [{"event": "model", "tools": [{"name": "count", "description": "Count.", "parameters": {"type": "object"}}]}],
        "model_usage": {"mock/x": {"input_tokens": 5, "output_tokens": 2}},
        "error": None,
        "limit": None,
        "total_time": 2.0,
    }
