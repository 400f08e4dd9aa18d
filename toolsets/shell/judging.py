"""How a task's end is judged: by every file that is not as it was, and by what the answer says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from perturb.toolset import Task
from perturb.types import JSON, Call

from .terminal import Terminal

Told = dict[str, JSON]
Expected = str | None | Callable[[Told], bool]
"""The text of a file, none where it is gone, or what is to hold of it."""
Repository = Callable[[Terminal], bool]


@cache
def _before() -> dict[str, Told]:
    terminal = Terminal()
    try:
        found: dict[str, Told] = terminal.dump()["files"]
        return found
    finally:
        terminal.close()


def changes(terminal: Terminal) -> dict[str, Told | None]:
    """Each file, and each empty folder (with a slash behind), that is not as it was; none for one that is gone."""
    before, after = _before(), terminal.dump()["files"]
    found: dict[str, Told | None] = {path: told for path, told in after.items() if before.get(path) != told}
    return found | {path: None for path in before if path not in after}


def solved(
    id: str,
    prompt: str,
    *gold: Call,
    files: Mapping[str, Expected] | None = None,
    free: Sequence[str] = (),
    repository: Repository | None = None,
    answer: str = "Done.",
    says: Sequence[str] = (),
) -> Task:
    """A task that is solved when the files that differ from before are exactly `files`, each as it says, `repository` holds,
    and the answer has each of `says` in it, a regular expression. What begins as one of `free` may be as it likes."""
    expected = files or {}

    def check(terminal: Any, told: str, calls: Sequence[Call]) -> bool:
        if not all(re.search(one, told, re.IGNORECASE) for one in says):
            return False
        changed = {path: one for path, one in changes(terminal).items() if not path.startswith(tuple(free))}
        if set(changed) != set(expected) or not all(_holds(expected[path], changed[path]) for path in expected):
            return False
        return repository is None or repository(terminal)

    return Task(id=id, prompt=prompt, gold=gold, answer=answer, check=check)


def _holds(expected: Expected, told: Told | None) -> bool:
    if told is None or expected is None:
        return told is None and expected is None
    if callable(expected):
        return expected(told)
    return "text" in told and str(told["text"]).rstrip("\n") == expected.rstrip("\n") and not told.get("executable")


def run(command: str) -> Call:
    return Call("run", {"command": command})


def git(terminal: Terminal, *arguments: str) -> str:
    """What git says of the one repository, run in the sandbox as everything that the agent could have changed is."""
    ended = terminal._box.run(["git", "-C", "projects/site", *arguments])
    return ended.stdout if ended.exit_code == 0 else ""
