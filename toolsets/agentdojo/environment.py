"""One episode's world: an AgentDojo environment, its functions run by AgentDojo's own runtime, its state as JSON and back."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Mapping
from typing import Any

from agentdojo.functions_runtime import FunctionsRuntime, TaskEnvironment, ToolNotFoundError
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result

from .records import read_record

DERIVED: dict[str, Any] = {
    "inbox": {"initial_emails": True, "received": True, "sent": True, "drafts": True},
    "calendar": {"initial_events": True},
    "cloud_drive": {"initial_files": True, "files": {"__all__": {"size"}}},
}
"""What a dump leaves out because the rest of it says the same: the mail that a model sorts by status when asked, the
lists of the records that an environment began with, and the length of each file."""

_TABLES = (
    ("inbox", "initial_emails", ("emails", "trash")),
    ("calendar", "initial_events", ("events",)),
    ("cloud_drive", "initial_files", ("files",)),
)
"""Part of the state, the list that its tables were made from, and the tables in which those records may be now."""

_KINDS: tuple[tuple[re.Pattern[str], FailureKind], ...] = (
    (re.compile(r"not found|does not exist|^No (emails|files|events) found"), "not_found"),
    (re.compile(r"already in the users list"), "conflict"),
    (
        re.compile(r"^Attachments? (of type|must)|does not match format|^unconverted data|^Invalid isoformat"),
        "invalid_argument",
    ),
)


def list_arguments_read(arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    """`arguments` with each text that is a Python list made a list, as AgentDojo does before it runs a call."""
    return {name: _list_read(value) for name, value in arguments.items()}


def _list_read(value: JSON) -> JSON:
    if not isinstance(value, str) or "[" not in value:
        return value
    try:
        read = literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value
    return read if isinstance(read, list) else value


def failure_of(error: Exception, tool: str, arguments: Mapping[str, JSON]) -> Failure:
    """The failure for what a function raised: AgentDojo's words, and a kind where its type or message is clear about one."""
    message = f"{type(error).__name__}: {error}"
    if isinstance(error, ToolNotFoundError):
        return Failure("unknown_tool", message, tool=tool)
    if isinstance(error, ValidationError):
        place = next((details["loc"] for details in error.errors(include_url=False) if details["loc"]), ())
        field = place[0] if place and isinstance(place[0], str) and (place[0] in arguments or tool in error.title) else None
        return Failure("invalid_argument", message, tool=tool, field=field, value=arguments.get(field) if field else None)
    kind: FailureKind = "unknown"
    if isinstance(error, ValueError):
        kind = next((kind for pattern, kind in _KINDS if pattern.search(str(error))), "unknown")
    return Failure(kind, message, tool=tool)


class DojoEnvironment:
    """An AgentDojo environment. `state` is the suite's own model, as its checks want it.

    `renderers` maps each tool to the renderer of its result. `volatile` times aside, `dump` is the same in every process.
    """

    def __init__(self, state: TaskEnvironment, runtime: FunctionsRuntime, renderers: Mapping[str, str]) -> None:
        self.state = state
        self._runtime = runtime
        self._renderers = renderers

    def call(self, call: Call) -> Answer:
        arguments = list_arguments_read(call.arguments)
        try:
            result, _ = self._runtime.run_function(self.state, call.name, arguments, raise_on_error=True)
            if call.name == "create_calendar_event":
                _settle_participants(result, arguments.get("participants") or [])
            return Result(to_jsonable_python(result), self._renderers[call.name])
        except Exception as error:
            return failure_of(error, call.name, arguments)

    def dump(self) -> JSON:
        return self.state.model_dump(
            mode="json", exclude={k: v for k, v in DERIVED.items() if k in type(self.state).model_fields}
        )

    def load(self, state: JSON) -> None:
        tables = [row for row in _TABLES if row[0] in state]
        whole = state | {part: {initial: []} | state[part] for part, initial, _ in tables}
        loaded: Any = read_record(type(self.state), whole)
        for part, initial, current in tables:
            _restore_initial(getattr(loaded, part), getattr(self.state, part), initial, current)
        if "cloud_drive" in state:
            for file in loaded.cloud_drive.files.values():
                file.size = len(file.content)
        if "inbox" in state:
            _share_events(loaded)
        self.state = loaded

    def close(self) -> None:
        """Nothing is held open."""


def _settle_participants(event: Any, given: list[str]) -> None:
    """Put a new event's participants in the order in which they were given.

    AgentDojo takes them from a set, so their order changes with the hashes of a process; this is one of those orders.
    """
    order = {address: place for place, address in reversed(list(enumerate(given)))}
    event.participants.sort(key=lambda address: (order.get(address, len(given)), address))


def _restore_initial(loaded: Any, before: Any, initial: str, current: tuple[str, ...]) -> None:
    """List the records that `loaded` began with: the very objects that its tables hold, as in a fresh environment."""
    now: dict[str, Any] = {}
    for table in reversed(current):
        now |= getattr(loaded, table)
    setattr(loaded, initial, [now.get(record.id_) or record.model_copy() for record in getattr(before, initial)])


def _share_events(loaded: Any) -> None:
    """Let mail hold the calendar's own event where both are alike, as it does when the calendar has sent that mail."""
    events = loaded.calendar.events
    for mail in loaded.inbox.emails.values():
        for place, attached in enumerate(mail.attachments):
            if isinstance(attached, BaseModel) and events.get(attached.id_) == attached:  # type: ignore[attr-defined]
                mail.attachments[place] = events[attached.id_]  # type: ignore[attr-defined]
