"""What every style of error tells, and what a style is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from perturb.operator import Setup
from perturb.types import JSON, Call, Failure, FailureKind


class Told(NamedTuple):
    """The parts of a failure that can be read off its text alone; `retry_after` in seconds."""

    kind: FailureKind
    message: str
    field: str | None = None
    retry_after: float | None = None


class Style(NamedTuple):
    """A way to write failures. `write` takes what is told and the name of the tool that was called; `read` is its inverse on
    what is told, and gives `None` for a text in no such style."""

    title: str
    write: Callable[[Told, str], str]
    read: Callable[[str], Told | None]


def guarded(style: Style) -> Style:
    """The style with a reader that is total: a text that is almost in its shape is in none."""

    def read(text: str) -> Told | None:
        try:
            told = style.read(text)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            return None
        return told if told is not None and is_sound(told) else None

    return style._replace(read=read)


def is_sound(told: Told) -> bool:
    """Whether the parts that were read off a text have the types that they must have."""
    return (
        isinstance(told.message, str)
        and isinstance(told.field, str | None)
        and isinstance(told.retry_after, int | float | None)
    )


def restored(real: Setup, call: Call, failure: Failure, told: Told) -> Failure:
    """A failure as the toolset has it, from what its text tells; the renderer of failures is the toolset's own, and one for
    all."""
    return msgspec.structs.replace(
        failure,
        kind=told.kind,
        message=told.message,
        field=told.field,
        retry_after=told.retry_after,
        tool=failure.tool if failure.tool is not None else call.name,
        value=failure.value if failure.value is not None else _at(call.arguments, told.field),
        renderer=real.source.refusal("internal", tool=call.name).renderer,
    )


def _at(arguments: dict[str, JSON], field: str | None) -> JSON:
    """The value of a call's argument at a dotted name; `None` where there is none."""
    if field is None:
        return None
    if field in arguments:
        return arguments[field]
    node: Any = arguments
    for step in field.split("."):
        if not isinstance(node, dict) or step not in node:
            return None
        node = node[step]
    return node
