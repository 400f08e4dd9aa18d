"""Names that should be gone: what is left of retired names in the texts that an agent is shown.

A leak is an identifier-like mention, in text that we show, of a name that is retired in its namespace and live nowhere else.
Results are data: in them replaced entities alone are sought, and retired keys where the schema leaves no room for them. The
agent's own words, and our echo of them, are no leak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from perturb import schemas
from perturb.episode import EpisodeStep
from perturb.kept import Kept
from perturb.mentions import looks_like_identifier, mentioned
from perturb.operator import StackLens, public
from perturb.types import JSON, Schema, Tool, to_json


class Leak(NamedTuple):
    """A name that should be gone, and where it stands."""

    name: str
    where: str

    def __str__(self) -> str:
        return self.where


class Leaks:
    """What is retired under a lens, ready to be sought."""

    def __init__(self, lens: StackLens) -> None:
        self._setup = lens.setup
        self._catalogue = lens.catalogue
        self._entities = sorted({one.name for one in lens.retired if one.namespace == "entity"})
        self._tools = {one.name for one in lens.retired if one.namespace == "tool"}
        self._places: dict[str, dict[str, set[str]]] = {}
        for one in lens.retired:
            namespace, _, tool = one.namespace.partition(":")
            if tool:
                self._places.setdefault(namespace, {}).setdefault(tool, set()).add(one.name)
        self.sought = bool(lens.retired)

    @classmethod
    def of(cls, lens: StackLens) -> Leaks:
        """Those of a lens, made once."""
        known: Leaks | None = lens.__dict__.get("_leaks")
        if known is None:
            known = lens.__dict__["_leaks"] = cls(lens)
        return known

    @cached_property
    def _told(self) -> list[tuple[Tool, Tool]]:
        """The tools that are listed, and those that are told of when asked for, each with its public form."""
        listed = zip(self._setup.tools, self._setup.public_tools, strict=True)
        return [*listed, *((tool, public(tool)) for tool in self._catalogue)]

    @cached_property
    def _live(self) -> frozenset[str]:
        return live_names(tool for tool, _ in self._told)

    @cached_property
    def _gone_tools(self) -> frozenset[str]:
        return frozenset(self._tools - self._live)

    @cached_property
    def _spelt(self) -> re.Pattern[str] | None:
        if not self._entities:
            return None
        return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in self._entities))

    @cached_property
    def _nowhere(self) -> dict[str, frozenset[str]]:
        """Retired arguments and keys of results that no tool has any more; values of enums stand in prompts as data."""
        return {
            namespace: frozenset(
                {name for names in found.values() for name in names if looks_like_identifier(name)} - self._live
            )
            for namespace, found in self._places.items()
            if namespace in ("argument", "result")
        }

    def _gone(self, tool: Tool, namespace: str) -> frozenset[str]:
        """The names of a namespace that are retired for a shown tool and are in use nowhere, so prose cannot mean others."""
        return self._out_of_use(tool, namespace) - self._live

    def _out_of_use(self, tool: Tool, namespace: str) -> frozenset[str]:
        """The names of a namespace that are retired for a shown tool and are not in use in it."""
        retired = self._places.get(namespace, {})
        old = {name for place in tool.stands_for for name in retired.get(place, ())}
        if not old:
            return frozenset()
        schema = tool.returns if namespace == "result" else tool.parameters
        return frozenset(old - _own_names(schema))

    def in_setup(self) -> Iterator[Leak]:
        """In the system prompt and in the tools."""
        if not self.sought:
            return
        yield from self.in_prompt(self._setup.system)
        everything = "\n".join(text for _, shown in self._told for text in prose(shown))
        if any(name in everything for name in self._gone_tools):  # far cheaper than the patterns, and true of few
            for _, shown in self._told:
                for text in prose(shown):
                    yield from _told(mentioned(self._gone_tools, text), "the retired tool", text)
        if self._entities:
            for _, shown in self._told:
                yield from self._names_left(to_json(shown).decode())  # values that a schema lists name people too
        for namespace in self._places:
            for tool, shown in self._told:
                gone = self._gone(tool, namespace)
                schema = shown.returns if namespace == "result" else shown.parameters
                if not gone or not any(name in everything for name in gone):
                    continue
                for text in prose(shown, schema):
                    if namespace == "enum":
                        text = _without_legend(text, _own_names(schema), gone)
                    yield from _told(mentioned(gone, text), f"{tool.name}: the retired {namespace}", text)

    def in_prompt(self, text: str) -> Iterator[Leak]:
        """In what the system or the user says."""
        yield from _told(mentioned(self._gone_tools, text), "the retired tool", text)
        for namespace, names in self._nowhere.items():
            yield from _told(mentioned(names, text), f"the retired {namespace}", text)
        yield from self._names_left(text)

    def in_failure(self, text: str, tool: Tool | None) -> Iterator[Leak]:
        """In the text of a failure of a call of a shown tool; `None` where the call named no tool."""
        yield from _told(mentioned(self._gone_tools, text), "the retired tool", text)
        yield from self._names_left(text)
        if tool is not None:
            gone = self._gone(tool, "argument")
            yield from _told(mentioned(gone, text), f"a failure of {tool.name} mentions the retired argument", text)

    def in_result(self, text: str, data: JSON = None, tool: Tool | None = None) -> Iterator[Leak]:
        """In a result: replaced names in its text, and retired keys in its data where its schema has no room for others."""
        yield from self._names_left(text)
        if tool is not None and tool.returns is not None and data is not None:
            gone = self._out_of_use(tool, "result")
            if gone:
                for key in _closed_keys(tool.returns, data):
                    if key in gone:
                        yield Leak(key, f"a result of {tool.name} has the retired key {key!r}")

    def _names_left(self, text: str) -> Iterator[Leak]:
        if not any(name in text for name in self._entities):
            return
        if self._spelt is not None and (match := self._spelt.search(text)):
            yield Leak(match.group(), f"the replaced name {match.group()!r} is left in {around(text, match.group())!r}")

    def in_steps(self, steps: Sequence[EpisodeStep], said: Iterable[str] = ()) -> Iterator[Leak]:
        """In the replies of an episode, but for names that the agent itself has used before, in a call or in what it `said`."""
        if not self.sought:
            return
        spoken = "\n".join(said)
        for step in steps:
            tool = self._setup.by_name.get(step.call.name)
            reply = step.reply
            found = self.in_failure(reply.text, tool) if reply.is_error else self.in_result(reply.text, reply.data, tool)
            spoken += "\n" + to_json(step.call).decode() + (step.malformed or "")
            for leak in found:
                if leak.name not in spoken and json.dumps(leak.name)[1:-1] not in spoken:
                    yield leak


def _told(names: set[str], what: str, text: str) -> Iterator[Leak]:
    for name in sorted(names):
        yield Leak(name, f"{what} {name!r} is mentioned in {around(text, name)!r}")


def live_names(tools: Iterable[Tool]) -> frozenset[str]:
    """Every name in use in shown tools: their own, arguments, result keys, enum values."""
    found: set[str] = set()
    for tool in tools:
        found.add(tool.name)
        for schema in (tool.parameters, tool.returns):
            found |= _own_names(schema)
    return frozenset(found)


def _own_names(schema: Schema | None) -> frozenset[str]:
    if schema is None:
        return frozenset()
    return _found_names(schema)


_found_names: Kept[frozenset[str]] = Kept(
    lambda schema: frozenset({name for names in schemas.siblings(schema) for name in names} | set(_constants(schema)))
)


def _constants(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "enum" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            elif key == "const" and isinstance(value, str):
                yield value
            else:
                yield from _constants(value)
    elif isinstance(node, list):
        for item in node:
            yield from _constants(item)


def _closed_keys(schema: Schema, data: JSON) -> Iterator[str]:
    """The keys of data that its schema declares nothing of, where it does not speak of free keys or of several forms."""
    if isinstance(data, list):
        items = schema.get("items")
        for item in data:
            yield from _closed_keys(items, item) if isinstance(items, dict) else ()
    elif isinstance(data, dict):
        properties = schema.get("properties")
        if not properties or "additionalProperties" in schema or any(key in schema for key in ("anyOf", "oneOf", "allOf")):
            return
        for key, value in data.items():
            if key not in properties:
                yield key
            elif isinstance(properties[key], dict):
                yield from _closed_keys(properties[key], value)


def _without_legend(text: str, codes: Iterable[str], values: Iterable[str]) -> str:
    """The text without what says which code stands for which value: there a value is named on purpose."""
    one = "|".join(re.escape(code) for code in sorted(codes, key=len, reverse=True))
    other = "|".join(
        re.escape(form)
        for value in sorted(values, key=len, reverse=True)
        for form in (json.dumps(value, ensure_ascii=False), value)
    )
    return re.sub(rf"(?<!\w)(?:{one}) = (?:{other})(?!\w)", "", text) if one and other else text


def prose(tool: Tool, schema: Schema | None = None) -> Sequence[str]:
    """The description of a tool, and each description and title within its schemas, or within the one given."""
    if schema is None:
        return _all_prose(tool)
    return [tool.description, *_described(schema)]


_all_prose: Kept[list[str]] = Kept(
    lambda tool: [tool.description, *_described(tool.parameters), *_described(tool.returns or {})]
)


def _described(node: Any, names: bool = False) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            if isinstance(item, (dict, list)):
                yield from _described(item)
        return
    for key, value in node.items():
        if isinstance(value, str):
            if key in ("description", "title") and not names:
                yield value
        elif isinstance(value, (dict, list)) and (names or key not in ("enum", "const", "default", "examples")):
            yield from _described(value, key == "properties" and not names)


def around(text: str, name: str) -> str:
    """Where a text speaks of a name."""
    at = text.find(name)
    return text[max(0, at - 40) : at + len(name) + 40]
