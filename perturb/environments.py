"""The toolset and the environment that `perturb.authoring` makes from functions, a class or JSON.

An episode has one subject: an instance of the author's class, or the dictionary that plain functions take as `state`. A
task's check is given that subject.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, Protocol

import msgspec

from perturb.errors import ConfigurationError, ToolsetError
from perturb.sources import source_digest
from perturb.toolset import Clock, Growth, Task, Toolset, plain_refusal
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Identifier, Result, Tool, digest


class ToolError(Exception):
    """Raised by a tool that refuses a call: it becomes the `Failure` that the agent reads.

    `kind` is one of `perturb.types.FailureKind`, `retry_after` is in seconds; `field` and `value` name the argument at fault.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, field: str | None = None, value: JSON = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.field = field
        self.value = value
        self.retry_after = retry_after


class Implementation(Protocol):
    """How one tool is run: `read` checks and converts the arguments, `invoke` runs it on the episode's subject."""

    tool: Tool
    is_async: bool

    def read(self, call: Call) -> dict[str, Any] | Failure: ...

    def invoke(self, subject: Any, arguments: dict[str, Any]) -> Any: ...


class AuthoredEnvironment:
    """The environment of one episode. `subject` is the author's instance or state."""

    __slots__ = ("_implementations", "_toolset", "subject")

    def __init__(self, toolset: AuthoredToolset, implementations: Mapping[str, Implementation], subject: Any) -> None:
        self._toolset = toolset
        self._implementations = implementations
        self.subject = subject

    def call(self, call: Call) -> Answer | Awaitable[Answer]:
        implementation = self._implementations.get(call.name)
        if implementation is None:
            return self._toolset.refusal("unknown_tool", tool=call.name)
        arguments = implementation.read(call)
        if isinstance(arguments, Failure):
            return self._toolset.in_its_own_form(arguments)
        if implementation.is_async:
            return self._awaited(implementation, call, arguments)
        try:
            return _result(implementation.invoke(self.subject, arguments), implementation.tool)
        except Exception as error:
            return self._failure(call, error)

    async def _awaited(self, implementation: Implementation, call: Call, arguments: dict[str, Any]) -> Answer:
        try:
            return _result(await implementation.invoke(self.subject, arguments), implementation.tool)
        except Exception as error:
            return self._failure(call, error)

    def _failure(self, call: Call, error: Exception) -> Failure:
        if isinstance(error, ToolError):
            failure = Failure(
                kind=error.kind,
                message=error.message,
                tool=call.name,
                field=error.field,
                value=error.value,
                retry_after=error.retry_after,
            )
        else:
            failure = Failure(kind="internal", message=f"{type(error).__name__}: {error}", tool=call.name)
        return self._toolset.in_its_own_form(failure)

    def dump(self) -> JSON:
        if not self._toolset.dumps_state:
            raise NotImplementedError(f"the state of toolset {self._toolset.name!r} is not JSON; give its class dump and load")
        return _dump(self.subject)

    def load(self, state: JSON) -> None:
        if not self._toolset.dumps_state:
            raise NotImplementedError(f"the state of toolset {self._toolset.name!r} is not JSON; give its class dump and load")
        if hasattr(self.subject, "load"):
            self.subject.load(state)
            return
        fields = self.subject if isinstance(self.subject, dict) else vars(self.subject)
        for name in [name for name in fields if isinstance(self.subject, dict) or not name.startswith("_")]:
            del fields[name]
        fields.update(_copied(state))

    def close(self) -> None:
        close = getattr(self.subject, "close", None)
        if callable(close):
            close()


class AuthoredToolset(Toolset):
    """A toolset whose tools are implementations over a subject that `create` makes afresh for each episode."""

    def __init__(
        self,
        *,
        name: str,
        implementations: Sequence[Implementation],
        create: Callable[[], Any],
        tasks: Sequence[Task],
        system: str = "",
        entities: Mapping[str, Sequence[str]] | None = None,
        identifiers: Mapping[str, Identifier | str] | None = None,
        messages: Mapping[str, Mapping[str, str]] | None = None,
        volatile: Sequence[str] = (),
        clock: Clock | None = None,
        growth: Mapping[str, Growth] | None = None,
        locale: str | None = None,
        failures: str = "plain",
        rewordings: Mapping[str, Sequence[str]] | None = None,
        sources: Iterable[Any] = (),
    ) -> None:
        self.name = name
        self.system = system
        self.tools = tuple(each.tool for each in implementations)
        self.tasks = tuple(tasks)
        self.entities = _entities(name, entities or {})
        self.identifiers = _identifiers(name, identifiers or {})
        self.messages = _messages(name, messages or {})
        self.volatile = tuple(volatile)
        self.clock = clock
        self.growth = dict(growth or {})
        self.locale = locale
        self.failures = failures
        self.rewordings = _rewordings(name, rewordings or {})
        self._create = create
        self._implementations = {each.tool.name: each for each in implementations}
        self._sources = _source_digests(
            [*sources, *(task.check for task in self.tasks if task.check), *(one.rows for one in self.growth.values())]
        )
        self._digest = ""
        self.validate()
        for task in self.tasks:
            if task.check is None:
                raise ToolsetError(f"task {task.id!r} of toolset {name!r} has no check; give the task a check function")
        self._initial = self._first_state()
        self.dumps_state = self._initial is not None

    def environment(self, task: Task) -> AuthoredEnvironment:
        return AuthoredEnvironment(self, self._implementations, self._create())

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        return super().check(task, getattr(environment, "subject", environment), answer, calls)

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        return self.in_its_own_form(plain_refusal(kind, tool=tool, field=field, value=value))

    def in_its_own_form(self, failure: Failure) -> Failure:
        """`failure` with the renderer of this toolset."""
        return failure if failure.renderer == self.failures else msgspec.structs.replace(failure, renderer=self.failures)

    def digest(self) -> str:
        if not self._digest:
            self._digest = digest(
                [
                    *(super().digest(), self.entities, self.volatile, self.failures, self._sources, self._initial),
                    *(self.clock, sorted(self.growth), self.locale),
                ]
            )
        return self._digest

    def _first_state(self) -> JSON:
        """The state in which an episode starts, `None` where it is not JSON."""
        try:
            subject = self._create()
        except (ToolsetError, ConfigurationError):
            raise
        except Exception as error:
            raise ToolsetError(
                f"the environment of toolset {self.name!r} cannot be made: {type(error).__name__}: {error}; "
                "it is made without arguments"
            ) from error
        environment = AuthoredEnvironment(self, self._implementations, subject)
        try:
            return environment.dump() if hasattr(subject, "dump") or _is_json(subject) else None
        finally:
            environment.close()


def _result(value: Any, tool: Tool) -> Answer:
    # A copy, since the tool may have returned a part of its state, which later calls change.
    return Result(data=msgspec.json.decode(msgspec.json.encode(value, enc_hook=_encoded)), renderer=tool.renderer)


def _encoded(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"a result of type {type(value).__name__} is not JSON; return plain data")
    return dump(mode="json")


def _dump(subject: Any) -> JSON:
    if hasattr(subject, "dump"):
        return subject.dump()
    return _copied(_fields(subject))


def _fields(subject: Any) -> dict[str, Any]:
    if isinstance(subject, dict):
        return subject
    return {name: value for name, value in getattr(subject, "__dict__", {}).items() if not name.startswith("_")}


def _copied(value: JSON) -> JSON:
    return msgspec.json.decode(msgspec.json.encode(value))


def _is_json(subject: Any) -> bool:
    try:
        return bool(_copied(_fields(subject)) == _fields(subject))
    except (TypeError, ValueError, OverflowError):
        return False


def _entities(name: str, entities: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    for kind, names in entities.items():
        if isinstance(names, str) or not all(isinstance(each, str) and each for each in names):
            raise ToolsetError(f"entities {kind!r} of toolset {name!r} are {names!r}; write a list of names")
    return {kind: tuple(names) for kind, names in entities.items()}


def _identifiers(name: str, identifiers: Mapping[str, Identifier | str]) -> dict[str, Identifier]:
    made = {}
    for kind, one in identifiers.items():
        where = f"identifiers {kind!r} of toolset {name!r}"
        made[kind] = one if isinstance(one, Identifier) else Identifier(form=one)
        for pattern in (made[kind].form, made[kind].mention or "x"):
            try:
                empty = re.compile(pattern).fullmatch("")
            except re.error as error:
                raise ToolsetError(f"{where} have the form {pattern!r}, which is no regular expression: {error}") from None
            if empty or re.compile(pattern).groups:
                raise ToolsetError(
                    f"{where} have the form {pattern!r}; write one that no empty text matches, with (?:…) for its groups"
                )
    return made


def _messages(name: str, messages: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    for english, others in messages.items():
        for language, other in others.items():
            try:
                found = [{slot for _, slot, _, _ in Formatter().parse(text) if slot is not None} for text in (english, other)]
            except ValueError as error:
                raise ToolsetError(f"message {other!r} ({language}) of toolset {name!r} is no template: {error}") from None
            if found[0] != found[1]:
                raise ToolsetError(
                    f"message {english!r} of toolset {name!r} and its translation {other!r} ({language}) have other slots; "
                    "write the same slots in both"
                )
    return {english: dict(others) for english, others in messages.items()}


def _rewordings(name: str, rewordings: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    for old, wordings in rewordings.items():
        if isinstance(wordings, str) or not all(isinstance(each, str) and each for each in wordings):
            raise ToolsetError(f"the rewordings of {old!r} in toolset {name!r} are {wordings!r}; write a list of texts")
    return {old: tuple(wordings) for old, wordings in rewordings.items()}


def _source_digests(things: Iterable[Any]) -> list[str]:
    """A digest of each file in which one of `things` (functions, classes, paths) is written, its neighbours included."""
    files: set[Path] = set()
    for thing in things:
        if isinstance(thing, Path):
            files.add(thing)
            continue
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            thing = type(thing)
        try:
            files.update(filter(Path.is_file, [Path(inspect.getsourcefile(thing) or "")]))
        except TypeError:
            continue
    return sorted({source_digest(file) for file in files})
