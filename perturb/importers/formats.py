"""The formats there are, and which of them a file is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from perturb.errors import ConfigurationError, nearest
from perturb.importers import agentdojo_logs, bfcl, chat, inspect_logs, otel, own, rotbench, tau2, tau_bench
from perturb.importers.reading import Problem, Source, first_record
from perturb.recorded import Recorded


class Format(NamedTuple):
    """A form of recorded episodes. `recognises` judges by the first record of a file of JSON."""

    name: str
    summary: str
    recognises: Callable[[Any], bool]
    read: Callable[[Source], Iterator[Recorded | Problem]]


FORMATS: dict[str, Format] = {
    one.NAME: Format(one.NAME, one.SUMMARY, getattr(one, "recognises", lambda first: False), one.read)
    # The chat form last: others hold such messages too.
    for one in (tau_bench, tau2, agentdojo_logs, bfcl, inspect_logs, otel, rotbench, own, chat)
}


def format_of(source: Source, name: str | None = None) -> Format:
    """The format called `name`, or the one that the file is in. Raises `ConfigurationError` where it is none that is known."""
    if name is not None:
        if name not in FORMATS:
            raise ConfigurationError(f"there is no format {name!r}; {nearest(name, FORMATS)}")
        return FORMATS[name]
    if own.is_store(source):
        return FORMATS[own.NAME]
    if inspect_logs.is_archive(source):
        return FORMATS[inspect_logs.NAME]
    first = first_record(source)
    for one in FORMATS.values():
        if one.recognises(first):
            return one
    looks = f"it begins with {_told(first)}" if first is not None else "it is no JSON, no store and no Inspect log"
    raise ConfigurationError(
        f"{source.path} is in no format that is known: {looks}; name one with --format ({', '.join(FORMATS)})"
    )


def _told(first: Any) -> str:
    if isinstance(first, dict):
        return f"an object with the keys {', '.join(list(map(str, first))[:8])}" if first else "an empty object"
    return f"a {type(first).__name__}"
