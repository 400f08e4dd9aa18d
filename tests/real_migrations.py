"""Changes that public APIs have gone through, read from `tests/migrations`: one file a vendor, one record a change.

A record holds the tools before (`old`) and after (`new`, descriptions left out), the plan that turns one into the other, and
exchanges: a call with its answer before, and the steps that stand in its place after. A record without a plan is a change
that no plan expresses; its `limit` says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from perturb import texts
from perturb.operators.errors.shapes import ErrorShape
from perturb.operators.errors.told import Style
from perturb.operators.errors.told import Told as ToldParts
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result, Schema, Tool, to_json

FOLDER = Path(__file__).parent / "migrations"

Part = Literal["names", "arguments", "types", "enums", "nesting", "results", "pages", "errors", "tools", "limits", "auth"]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the vendor documents the change."""

    title: str
    url: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A failure before the change, and its text (as JSON, where it is JSON) where that is more than the message."""

    kind: FailureKind
    message: str
    field: str | None = None
    retry_after: float | None = None
    text: JSON | msgspec.UnsetType = msgspec.UNSET


class Before(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call before the change, with its result or its failure."""

    call: Call
    result: JSON | msgspec.UnsetType = msgspec.UNSET
    failure: Told | None = None


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call after the change, with the data or the text of its result, or with the text of its failure (as JSON, where it
    is JSON). A string such as `<cursor>` stands for one that the server makes up, the same wherever it comes again."""

    call: Call
    result: JSON | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    failure: JSON | msgspec.UnsetType = msgspec.UNSET


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    old: Before
    new: tuple[After, ...]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool after the change."""

    name: str
    parameters: Schema
    returns: Schema | None = None


class Migration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of one API; `errors` is the shape of failures before it, where they are more than a message.

    `narrower` says what the new form allows beyond what the old one could say, or beyond this record.
    """

    id: str
    vendor: str = ""
    part: Part
    source: Source
    change: str
    old: tuple[Tool, ...] = ()
    errors: ErrorShape | None = None
    plan: dict[str, JSON] | None = None
    new: tuple[Shape, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    narrower: str = ""
    limit: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vendor: str
    migrations: tuple[Migration, ...]


def migrations() -> list[Migration]:
    """Every record, by vendor."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        found += [msgspec.structs.replace(one, vendor=file.vendor) for one in file.migrations]
    return found


class Recorded(Toolset):
    """The tools before a change, and a server that gives the recorded answers. Each exchange is a task."""

    dumps_state = False

    def __init__(self, migration: Migration) -> None:
        self.name = migration.id
        self.tools = migration.old
        self.answers: dict[bytes, Answer] = {}
        self.renderer = "plain"
        if (shape := migration.errors) is not None:
            self.renderer = f"before {migration.id}"
            style = shape.style(migration.id)
            texts.register_failure(self.renderer, lambda failure: shown(style, shape, failure))
        for one in migration.exchanges:
            call = one.old.call
            if one.old.failure is None:
                assert one.old.result is not msgspec.UNSET, f"{migration.id}: a call has neither a result nor a failure"
                self.answers[to_json(call)] = Result(one.old.result)
            else:
                told = one.old.failure
                value = call.arguments.get(told.field or "")
                self.answers[to_json(call)] = Failure(
                    told.kind, told.message, call.name, told.field, value, told.retry_after, self.renderer
                )
        self.tasks = tuple(
            Task(
                id=f"{number}",
                # Every value is there to be read, so that what is hidden is hidden by the plan.
                prompt=f"Please do this: {json.dumps(one.old.call.arguments, ensure_ascii=False)}",
                gold=(one.old.call,),
                check=lambda environment, answer, calls, call=one.old.call: list(calls) == [call],  # type: ignore[misc]
            )
            for number, one in enumerate(migration.exchanges, 1)
        )

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        return msgspec.structs.replace(plain_refusal(kind, tool=tool, field=field, value=value), renderer=self.renderer)

    def environment(self, task: Task) -> RecordedEnvironment:
        return RecordedEnvironment(self.answers)


def shown(style: Style, shape: ErrorShape, failure: Failure) -> str:
    told = ToldParts(failure.kind, failure.message, failure.field, failure.retry_after)
    return style.write(told, failure.tool or "") if shape.fits(told) else failure.message


class RecordedEnvironment:
    def __init__(self, answers: Mapping[bytes, Answer]) -> None:
        self.answers = answers

    def call(self, call: Call) -> Answer:
        known = self.answers.get(to_json(call))
        return plain_refusal("invalid_argument", tool=call.name) if known is None else known

    def dump(self) -> JSON:
        raise NotImplementedError

    def load(self, state: JSON) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


def bare(node: Any, names: bool = False) -> Any:
    """A schema without its prose, and with the names of required properties in order."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = node if names else {key: value for key, value in node.items() if key not in ("description", "title")}
    return {
        key: sorted(value) if key == "required" and not names else bare(value, key == "properties" and not names)
        for key, value in kept.items()
    }
