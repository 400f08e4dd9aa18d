"""What every style of error tells, and what a style is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from perturb.types import FailureKind


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
        if told is None or not isinstance(told.message, str) or not isinstance(told.field, str | None):
            return None
        return told if isinstance(told.retry_after, int | float | None) else None

    return style._replace(read=read)
