"""tau-bench's trajectories: an array of `{task_id, reward, info, traj, trial}`, with `traj` in OpenAI chat messages.

Source: github.com/sierra-research/tau-bench, `tau_bench/types.py` and `historical_trajectories/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from perturb.importers.chat import listed, read_messages
from perturb.importers.reading import At, Problem, Source, Unreadable, each, inner, records
from perturb.recorded import Recorded, RecordedMessage
from perturb.types import Call

NAME = "tau-bench"
SUMMARY = "tau-bench trajectories (historical_trajectories/*.json)"
STOP = "###STOP###"
"""By which the simulated user ends an episode."""
ENDING_TOOLS = frozenset({"transfer_to_human_agents"})
"""The tools by which the agent ends it."""


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and "traj" in first and "task_id" in first


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each episode; one whose record is not in this form gives its place and the reason."""
    return each(records(source, ("task_id", "traj")), partial(_episode, source))


def _episode(source: Source, one: At) -> Recorded:
    record = one.value
    if not isinstance(record, dict) or "traj" not in record or "task_id" not in record:
        raise Unreadable("a trajectory has a task_id and a traj, and this has not")
    info = inner(record, "info")
    task = inner(info, "task")
    reward = record.get("reward")
    number = float(reward) if isinstance(reward, int | float) else None
    trial = record.get("trial")
    messages = read_messages(record["traj"], "traj")
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        task=str(record["task_id"]),
        trial=trial if isinstance(trial, int) else -1,
        messages=messages,
        # As tau-bench itself does: its rewards are products of floats.
        passed=None if number is None else abs(number - 1.0) <= 1e-6,
        reward=number,
        verdicts=inner(inner(info, "reward_info"), "info"),
        gold=_gold(task.get("actions")),
        gold_answers=tuple(str(output) for output in task.get("outputs") or ()),
        cut_off=_is_cut_off(messages),
        about={name: value for name, value in info.items() if name not in ("reward_info", "task")}
        | {name: task[name] for name in ("user_id", "instruction") if name in task},
    )


def _gold(actions: Any) -> tuple[Call, ...] | None:
    if actions is None:
        return None
    made = []
    for action in listed(actions, "info.task.actions"):
        if not isinstance(action, dict) or not isinstance(action.get("name"), str):
            raise Unreadable("info.task.actions: an action has no name")
        made.append(Call(action["name"], action.get("kwargs") or {}))
    return tuple(made)


def _is_cut_off(messages: tuple[RecordedMessage, ...]) -> bool:
    """Whether neither the user nor the agent ended the episode, so that the limit of steps did."""
    last = messages[-1] if messages else None
    return last is None or not (STOP in last.text if last.role == "user" else last.tool in ENDING_TOOLS)
