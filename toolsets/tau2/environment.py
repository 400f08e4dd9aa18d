"""One episode's world: a store of inspect's with the database of a domain in it, and tau2's own tools over that store.

Databases are parsed once. An airline's holds thousands of flights, most of which no episode touches; so its tables are shared
between episodes, and an entry is copied when it is first asked for by its key: so do tau2's tools reach what they change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, lru_cache
from typing import Any, NamedTuple

from inspect_ai.tool import ToolError
from inspect_ai.util import Store
from inspect_ai.util._store import _subtask_store
from inspect_evals.tau2.airline.AirlineAgentTools import get_airline_tools
from inspect_evals.tau2.data_model.tasks import EnvFunctionCall
from inspect_evals.tau2.data_model.tasks import Task as TheirTask
from inspect_evals.tau2.retail.tools import get_retail_tools
from inspect_evals.tau2.telecom.environment import get_environment
from inspect_evals.tau2.telecom.solver import perform_action
from pydantic import BaseModel, ValidationError

from perturb import texts
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result

SPACED = "tau2-json"
"""The renderer of JSON with spaces, as Python prints it."""
_KINDS: tuple[tuple[str, FailureKind], ...] = (
    (r"not found|does not exist", "not_found"),
    (
        r"invalid|must be|should (be|match)|required|number of|mismatch|does not match|do not match|too large",
        "invalid_argument",
    ),
    (r"already", "conflict"),
    (r"cannot|not enough|non-pending|non-delivered|not available|not in|only", "precondition_failed"),
)


class Shared(dict[str, Any]):
    """A table whose entries belong to all episodes, until one is asked for by its key: then it is this table's own."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        super().__init__(entries)
        self.own: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key not in self.own:
            super().__setitem__(key, deepcopy(super().__getitem__(key)))
            self.own.add(key)
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.own.add(key)
        super().__setitem__(key, value)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - it is `get` itself


@contextmanager
def within(store: Store) -> Iterator[None]:
    """Let inspect's tools find this store."""
    token = _subtask_store.set(store)
    try:
        yield
    finally:
        _subtask_store.reset(token)


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that waits for nothing, as all of tau2's do."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    work.close()
    raise RuntimeError("a tool of tau2 waits for something; this adapter is written for tools that do not")


def _holders(domain: str) -> tuple[Any, ...]:
    """The objects that hold the databases of a domain in the store of now, made where they are not there."""
    if domain == "airline":
        return (get_airline_tools(),)
    if domain == "retail":
        return (get_retail_tools(),)
    world = get_environment()
    return (world.tools, world.user_tools)


class _First(NamedTuple):
    """One holder as it is at first: its class, its name in a store, its database, the same as JSON, and whether that is made of
    tables, by key."""

    owner: type[Any]
    instance: str | None
    database: Any
    whole: dict[str, Any]
    tables: bool


@cache
def _first(domain: str) -> tuple[_First, ...]:
    """The holders of a domain before anything has happened; nothing changes their databases."""
    with within(Store()):
        return tuple(
            _First(type(held), held.instance, held.db, held.db.model_dump(mode="json"), domain != "telecom")
            for held in _holders(domain)
        )


@lru_cache(maxsize=256)
def _begun(domain: str, actions: str) -> dict[str, Any]:
    """What is in a store when an episode begins that some actions have led to; nothing changes it. Tables are left empty."""
    store = Store()
    for first in _first(domain):
        held = first.owner(store=store, instance=first.instance)
        empty: dict[str, Any] = {name: {} for name in first.whole}
        held.db = first.database.model_copy(update=empty) if first.tables else first.database.model_copy(deep=True)
        held.initialized = True
    told = [EnvFunctionCall.model_validate(action) for action in json.loads(actions)]
    world: Any = None
    with within(store):
        for action in told:
            world = world or get_environment()
            perform_action(world, action)
    return dict(store.items())


def _sharing(database: BaseModel) -> BaseModel:
    return database.model_copy(update={name: Shared(entries) for name, entries in vars(database).items()})


class Tau2Environment:
    """The world of one task; `tools` are tau2's own, by name."""

    def __init__(
        self, domain: str, task: TheirTask, tools: Mapping[str, Callable[..., Any]], returning: Mapping[str, bool]
    ) -> None:
        self._tools = tools
        self._returning = returning
        self._domain = domain
        begin = (task.initial_state.initialization_actions if task.initial_state else None) or []
        # A store copies what it is given, so each episode has its own; an airline's or a shop's tables see to that themselves.
        self.store = Store(_begun(domain, json.dumps([action.model_dump() for action in begin])))
        for first in _first(domain):
            if first.tables:
                first.owner(store=self.store, instance=first.instance).db = _sharing(first.database)

    def call(self, call: Call) -> Answer:
        tool = self._tools.get(call.name)
        if tool is None:
            return unknown(call.name)
        try:
            with within(self.store):
                given = done(tool(**call.arguments))
        except (ToolError, ValidationError, TypeError, ValueError, LookupError, AttributeError) as error:
            return _failure(call, error)
        return _answer(given, self._returning[call.name])

    @property
    def held(self) -> tuple[Any, ...]:
        """The objects that hold the databases. In telecom the phone hears from the company as they are asked for."""
        with within(self.store):
            return _holders(self._domain)

    def dump(self) -> JSON:
        """The databases. Entries that are as they were at first are the very same objects in each dump."""
        pairs = zip(self.held, _first(self._domain), strict=True)
        return {type(held).__name__: _dumped(held.db, first) for held, first in pairs}

    def load(self, state: JSON) -> None:
        raise NotImplementedError("a world of tau2 begins as its task says, in no other state")

    def close(self) -> None:
        """Nothing is held open."""


def _dumped(now: BaseModel, first: _First) -> JSON:
    if not first.tables:
        return now.model_dump(mode="json")
    found: dict[str, JSON] = {}
    for name, table in vars(now).items():
        changed = {key: dict.__getitem__(table, key) for key in table.own if key in table}
        entries = {key: first.whole[name][key] for key in table if key in first.whole[name]}
        before = getattr(first.database, name)
        entries |= {key: one.model_dump(mode="json") for key, one in changed.items() if one != before.get(key)}
        found[name] = entries
    return found


def _answer(given: Any, as_json: bool) -> Answer:
    text = texts.writable(str(given))
    if as_json or text[:1] in ("{", "["):
        try:
            data = json.loads(text)
        except ValueError:
            return Result(text, "text")
        made = (name for name in ("json", SPACED) if texts.result_text(Result(data, name)) == text)
        renderer = next(made, None)
        return Result(text, "text") if renderer is None else Result(data, renderer)
    return Result(text, "text")


def _failure(call: Call, error: Exception) -> Failure:
    if not isinstance(error, ToolError):
        kind: FailureKind = "invalid_argument" if isinstance(error, (TypeError, ValidationError)) else "unknown"
        return Failure(kind=kind, message=texts.told(error), tool=call.name)
    message = texts.writable(error.message)
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, message, re.IGNORECASE)), "unknown")
    return Failure(kind=kind, message=message, tool=call.name)


def unknown(tool: str) -> Failure:
    """How inspect answers a call of a tool that there is not."""
    return Failure(kind="unknown_tool", message=f"Tool {tool} not found", tool=tool)


def register() -> None:
    """Make the renderer known to `perturb.texts`."""
    texts.register_result(SPACED, json.dumps)
