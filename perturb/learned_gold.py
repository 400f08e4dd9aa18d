"""Gold calls learnt from a clean run that passed its check, for tasks that have none of their own.

They lie in a small JSON file that a person reviews: as long as a task's entry has `"reviewed": false` it is not used.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from perturb.episode import Episode
from perturb.errors import ToolsetError
from perturb.toolset import Task, Toolset
from perturb.types import Call


class LearnedGold(msgspec.Struct, frozen=True, kw_only=True):
    """The calls and the answer of one clean run, in the toolset's own terms."""

    calls: tuple[Call, ...]
    answer: str
    reviewed: bool = False


def read_learned(path: Path) -> dict[str, LearnedGold]:
    """The entries of a file by task; none where the file does not exist. Raises `ToolsetError` for a broken file."""
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, LearnedGold])
    except msgspec.DecodeError as error:
        raise ToolsetError(f"{path} holds no learnt gold calls: {error}; mend it, or delete it to learn anew") from None


def use_learned(toolset: Toolset, path: Path) -> None:
    """Give the toolset's tasks without gold calls the reviewed ones of the file."""
    learned = {task: one for task, one in read_learned(path).items() if one.reviewed}
    if not learned:
        return

    def with_gold(task: Task) -> Task:
        one = learned.get(task.id)
        return (
            task if one is None or task.gold is not None else msgspec.structs.replace(task, gold=one.calls, answer=one.answer)
        )

    toolset.tasks = tuple(with_gold(task) for task in toolset.tasks)


def learn(toolset: Toolset, episodes: Iterable[Episode], path: Path) -> int:
    """Propose gold calls from clean episodes that passed, for tasks that have neither their own nor a proposal; returns how
    many were added to the file."""
    wanted = {task.id for task in toolset.tasks if task.gold is None}
    known = read_learned(path)
    added = 0
    for episode in episodes:
        if episode.task in wanted and episode.task not in known and episode.arm == "clean" and episode.outcome == "passed":
            calls = tuple(call for step in episode.steps for call in step.real)
            known[episode.task] = LearnedGold(calls=calls, answer=episode.answer_real or "")
            added += 1
    if added:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(known, order="deterministic"), indent=2) + b"\n")
    return added
