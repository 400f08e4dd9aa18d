"""Programs under test, in any language: what is said of one, its tasks, and its tools as a toolset.

A program runs its own tools in its own world, and says itself whether a task is done.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from perturb.errors import ConfigurationError
from perturb.proxies.batch import Elsewhere
from perturb.sources import source_digest
from perturb.task_files import parsed, record
from perturb.toolset import Environment, Task, Toolset
from perturb.types import JSON, Call, Failure, FailureKind, digest

OPENAI = "https://api.openai.com/v1"
_KEYS = ("id", "prompt", "follow_ups")


class ProgramSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A program: the command that starts it, the provider that it asks, and the file of its tasks, `None` where those of a
    toolset are meant."""

    command: str
    upstream: str = OPENAI
    tasks: Path | None = None

    @property
    def words(self) -> list[str]:
        """The command and its arguments. Raises `ConfigurationError` for what cannot be started."""
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise ConfigurationError(f"--agent-command {self.command!r}: {error}; close the quotation") from None
        if not words:
            raise ConfigurationError('--agent-command names no program; write one such as "python my_agent.py"')
        if shutil.which(words[0]) is None:
            raise ConfigurationError(f"--agent-command {self.command!r}: there is no program {words[0]!r}; name one that is")
        return words

    def digest(self) -> str:
        """Changes with the command, with the provider, and with each file that the command names."""
        files = [Path(word) for word in self.words[1:] if not word.startswith("-")]
        sources = [
            source_digest(file) if file.suffix == ".py" else digest(file.read_bytes().hex()) for file in files if file.is_file()
        ]
        return digest([self.command, self.upstream, sources])


def read_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks of a file, a JSON object a line with `prompt`, and `id` and `follow_ups` where there are some."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"--tasks {path} cannot be read: {error.strerror}; name another file") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"--tasks {path} is no text in UTF-8: {error.reason}; write it in that") from None
    made: dict[str, Task] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"task {number} in {path}"
        told = record(parsed(line, path, number - 1), _KEYS, where)
        id, prompt = _text(told, "id", f"task-{number}", where), _text(told, "prompt", "", where)
        task = Task(id=id, prompt=prompt, follow_ups=_turns(told, where))
        if task.id in made:
            raise ConfigurationError(f"{path} has two tasks with the id {task.id!r}; rename one of them")
        made[task.id] = task
    if not made:
        raise ConfigurationError(f'{path} holds no task; write one a line, as {{"id": "t1", "prompt": "…"}}')
    return tuple(made.values())


def _text(told: dict[str, Any], key: str, otherwise: str, where: str) -> str:
    value = told.get(key, otherwise)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{where} has {key} {json.dumps(value)}; write a text")
    return value


def _turns(told: dict[str, Any], where: str) -> tuple[str, ...]:
    value = told.get("follow_ups", [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ConfigurationError(f"{where} has follow_ups {json.dumps(value)}; write a list of texts")
    return tuple(value)


class ProgramToolset(Toolset):
    """A toolset whose tools a program carries out: an episode passes where the program says so.

    What the toolset's own environments are good for, its proofs, is asked of the toolset itself.
    """

    def __init__(self, own: Toolset, tasks: Sequence[Task] | None = None) -> None:
        self.own = own
        self.name = own.name
        self.system = own.system
        self.tools = own.tools
        self.tasks = own.tasks if tasks is None else tuple(tasks)
        for field in ("entities", "identifiers", "messages", "volatile", "clock", "growth", "locale", "rewordings"):
            setattr(self, field, getattr(own, field))
        self.dumps_state = self.loads_state = False

    def environment(self, task: Task) -> Environment:
        return Elsewhere()

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        return isinstance(environment, Elsewhere) and environment.passed is True

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        return self.own.refusal(kind, tool=tool, field=field, value=value)

    def digest(self) -> str:
        return digest(["program", self.own.digest()])
