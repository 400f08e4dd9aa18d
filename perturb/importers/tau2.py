"""tau2-bench's simulations: `{info, tasks, simulations}`, with calls as `{id, name, arguments, requestor}`.

The simulated user has tools of its own in some domains: its calls stay in its messages, and their results after them.
Source: github.com/sierra-research/tau2-bench, `src/tau2/data_model/simulation.py` and `message.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from perturb.importers.chat import listed, read_message, read_tools
from perturb.importers.reading import At, Problem, Source, Unreadable, each, inner, members
from perturb.recorded import Recorded, RecordedMessage
from perturb.types import Call, Usage

NAME = "tau2-bench"
SUMMARY = "tau2-bench simulations ({info, tasks, simulations})"
VERDICTS = ("db_check", "reward_breakdown", "action_checks", "nl_assertions", "communicate_checks", "env_assertions")
OWN_ENDS = frozenset({"user_stop", "agent_stop"})
"""How an episode ends that was not cut off."""


def recognises(first: Any) -> bool:
    if not isinstance(first, dict):
        return False
    info = first.get("info")
    simulations = first.get("simulations")
    return (isinstance(info, dict) and "environment_info" in info) or (
        isinstance(simulations, list) and all(isinstance(one, dict) and "task_id" in one for one in simulations)
    )


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each simulation. What the file says of all of them is taken from before them, where tau2-bench writes it."""
    shared: dict[str, Any] = {}
    tasks: dict[str, Any] = {}
    for one in members(source, ("tasks", "simulations"), ("id", "task_id", "messages")):
        if isinstance(one, Problem):
            yield one
        elif one.place == "info":
            shared = one.value if isinstance(one.value, dict) else {}
        elif one.place.startswith("tasks["):
            if isinstance(one.value, dict):
                tasks[str(one.value.get("id"))] = one.value
        elif one.place.startswith("simulations["):
            yield from each([one], partial(_episode, source, shared, tasks))


def _episode(source: Source, shared: dict[str, Any], tasks: dict[str, Any], one: At) -> Recorded:
    record = one.value
    if not isinstance(record, dict) or "task_id" not in record:
        raise Unreadable("a simulation has a task_id and messages, and this has not")
    messages = _messages(record.get("messages"))
    verdict = inner(record, "reward_info")
    reward = verdict.get("reward")
    number = float(reward) if isinstance(reward, int | float) else None
    world, agent = inner(shared, "environment_info"), inner(shared, "agent_info")
    criteria = inner(tasks.get(str(record["task_id"])), "evaluation_criteria")
    actions = criteria.get("actions")
    ended = str(record.get("termination_reason") or "")
    trial = record.get("trial")
    cost = record.get("agent_cost")
    policy = world.get("policy")
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        suite=str(world.get("domain_name") or ""),
        task=str(record["task_id"]),
        trial=trial if isinstance(trial, int) else -1,
        model=str(agent.get("llm") or ""),
        messages=(RecordedMessage("system", policy), *messages) if isinstance(policy, str) else messages,
        tools=read_tools(world.get("tool_defs") or ()),
        passed=None if number is None else abs(number - 1.0) <= 1e-6,
        reward=number,
        verdicts={name: verdict[name] for name in VERDICTS if verdict.get(name)},
        gold=None if actions is None else tuple(_gold(action) for action in actions if _is_agents(action)),
        gold_answers=tuple(str(text) for text in criteria.get("communicate_info") or ()),
        ended=ended,
        cut_off=bool(ended) and ended not in OWN_ENDS,
        usage=Usage(cost=float(cost)) if isinstance(cost, int | float) else Usage(),
        seconds=float(record.get("duration") or 0.0),
        about={name: record[name] for name in ("id", "seed", "user_cost", "timestamp") if record.get(name) is not None},
    )


def _is_agents(action: Any) -> bool:
    return isinstance(action, dict) and action.get("requestor", "assistant") == "assistant"


def _gold(action: dict[str, Any]) -> Call:
    if not isinstance(action.get("name"), str):
        raise Unreadable("tasks: a gold action has no name")
    return Call(action["name"], action.get("arguments") or {})


def _messages(value: Any) -> tuple[RecordedMessage, ...]:
    made: list[RecordedMessage] = []
    for index, message in enumerate(listed(value, "messages")):
        try:
            made += _unpacked(message)
        except Unreadable as error:
            raise Unreadable(f"messages[{index}]: {error}") from None
    return tuple(made)


def _unpacked(message: Any) -> Iterator[RecordedMessage]:
    """A message, or each result of one that holds several (`MultiToolMessage`)."""
    if isinstance(message, dict) and isinstance(message.get("tool_messages"), list):
        for inner in message["tool_messages"]:
            yield from _unpacked(inner)
        return
    read = read_message(message)
    if read.role == "tool":
        identifier = message.get("id")
        read = msgspec.structs.replace(
            read, answers=identifier if isinstance(identifier, str) else None, is_error=bool(message.get("error"))
        )
    yield read
