"""What the tools of a request may look like: how long a name is, of which characters, how many tools, how deep a schema."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from perturb.diagnosis.line import Heard, Line
from perturb.diagnosis.records import Finding
from perturb.models.records import Told
from perturb.types import JSON, Tool

Taken = Callable[[list[Tool]], Awaitable[Heard]]
_PROMPT = [Told("user", "Reply with exactly: ready")]
_SHORT: dict[str, JSON] = {"max_tokens": 16}
"""What is asked for is whether the tools are taken: a few tokens of answer are enough."""
_EMPTY: dict[str, JSON] = {"type": "object", "properties": {}}

CHARACTERS = {"dot": "a.b", "slash": "a/b", "colon": "a:b", "space": "a b", "accent": "café", "digit first": "1st"}
_DEFS: dict[str, JSON] = {"$defs": {"place": {"type": "string"}}}
KEYWORDS: dict[str, dict[str, JSON]] = {
    "anyOf": {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}},
    "oneOf": {"type": "object", "properties": {"a": {"oneOf": [{"const": "x"}, {"const": "y"}]}}},
    "$ref": {"type": "object", "properties": {"a": {"$ref": "#/$defs/place"}}, **_DEFS},
    "list of types": {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
    "pattern": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^[a-z]+$"}}},
    "map": {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": {"type": "integer"}}}},
    "anyOf at the root": {"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]},
}


def _long_name(length: int) -> list[Tool]:
    return [Tool(name="n" * length, parameters=_EMPTY)]


def _many(count: int) -> list[Tool]:
    return [Tool(name=f"t{number}", parameters=_EMPTY) for number in range(count)]


def _deep(levels: int) -> list[Tool]:
    inner: dict[str, JSON] = {"type": "string"}
    for _ in range(levels):
        inner = {"type": "object", "properties": {"a": inner}}
    return [Tool(name="deep", parameters=inner)]


def _wide(count: int) -> list[Tool]:
    properties: dict[str, JSON] = {f"p{number}": {"type": "string"} for number in range(count)}
    return [Tool(name="wide", parameters={"type": "object", "properties": properties})]


def _described(length: int) -> list[Tool]:
    return [Tool(name="described", description=("tells " * length)[:length], parameters=_EMPTY)]


LADDERS: dict[str, tuple[str, Sequence[int], Callable[[int], list[Tool]]]] = {
    "name_length": ("characters of a tool's name", (32, 64, 128, 256), _long_name),
    "tool_count": ("tools in a request", (16, 64, 128, 256), _many),
    "depth": ("levels of a schema", (2, 5, 10, 20), _deep),
    "properties": ("properties of a tool", (16, 64, 128, 256), _wide),
    "description_length": ("characters of a description", (256, 1024, 4096, 8192), _described),
}
"""Each limit with the sizes that are tried: the largest first, the others only where that is refused."""

MOST = 2 + 3 * len(LADDERS) + (1 + len(CHARACTERS)) + (1 + len(KEYWORDS))
"""Requests."""


async def limits(line: Line) -> list[Finding]:
    """Find out what is refused. Nothing is told where a plain tool is refused already."""
    short: dict[str, JSON] = _SHORT
    plain = await line.ask(_PROMPT, _many(1), body=short)
    if plain.refused and not plain.unclear:
        short = {}
        plain = await line.ask(_PROMPT, _many(1))
    if plain.refused:
        return []

    async def taken(tools: list[Tool]) -> Heard:
        heard = await line.ask(_PROMPT, tools, body=short)
        # An answer that was cut short to nothing is no refusal of the tools.
        return plain if heard.kind == "malformed" else heard

    found = [await _ladder(taken, name) for name in LADDERS]
    # Each at once where all are taken; one by one where not.
    names = {kind: [Tool(name=text, parameters=_EMPTY)] for kind, text in CHARACTERS.items()}
    found.append(await _kinds(taken, "name_characters", "in a tool's name beyond a-z A-Z 0-9 _ -", names))
    schemas = {kind: [Tool(name=f"s{place}", parameters=one)] for place, (kind, one) in enumerate(KEYWORDS.items())}
    found.append(await _kinds(taken, "keywords", "in a schema", schemas))
    return found


async def _ladder(taken: Taken, name: str) -> Finding:
    title, sizes, make = LADDERS[name]
    low, high = 0, len(sizes) - 1
    why = ""
    best: int | None = None
    place = high
    while low <= high:
        heard = await taken(make(sizes[place]))
        if heard.unclear:
            return Finding(id=name, group="limits", title=title, told=f"not found out: {heard.why}")
        if heard.refused:
            why = heard.why
            high = place - 1
        else:
            best = sizes[place]
            low = place + 1
        place = (low + high) // 2
    if best == sizes[-1]:
        return Finding(id=name, group="limits", title=title, value=best, told=f"{best} or more")
    refused = sizes[0] if best is None else sizes[sizes.index(best) + 1]
    told = f"{best} are taken, {refused} refused" if best else f"{refused} are refused already"
    return Finding(id=name, group="limits", title=title, value=best or 0, told=f"{told}: {why}")


async def _kinds(taken: Taken, name: str, title: str, kinds: dict[str, list[Tool]]) -> Finding:
    together = await taken([tool for tools in kinds.values() for tool in tools])
    if not together.refused:
        return Finding(id=name, group="limits", title=title, value=list(kinds), told=f"all that were tried: {', '.join(kinds)}")
    accepted: list[str] = []
    refused: list[str] = []
    for kind, tools in kinds.items():
        heard = await taken(tools)
        (refused if heard.refused else accepted).append(kind)
    told = f"refused: {', '.join(refused)}" if refused else "each alone, not all in one request"
    return Finding(
        id=name,
        group="limits",
        title=title,
        value=accepted,
        told=told + (f"; taken: {', '.join(accepted)}" if accepted else ""),
    )
