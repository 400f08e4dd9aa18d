"""What can be known in a clean run, with identifiers told from other values: a `7` that is the id of a row does not tell an
agent the amount `7`, nor the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from perturb import texts
from perturb.knowable import Visible
from perturb.types import JSON, Answer, Failure, Identifier, Result, Schema, Tool


class CleanVisible(Visible):
    """The words that a clean run has shown so far, and apart from them the identifiers of the kinds that the toolset says how
    they are written."""

    def __init__(self, said: Iterable[str], tools: Sequence[Tool], identifiers: Mapping[str, Identifier]) -> None:
        self._ids: dict[str, set[str]] = {kind: set() for kind in identifiers}
        self._mentions = {
            kind: re.compile(rf"(?<![\w-])(?:{one.form if one.mention is None else one.mention})(?![\w-])")
            for kind, one in identifiers.items()
            if one.mention != ""
        }
        super().__init__(said, tools)

    def add(self, text: str) -> None:
        for kind, pattern in self._mentions.items():
            self._ids[kind].update(match.group() for match in pattern.finditer(text))
        super().add(text)

    def add_answer(self, returns: Schema | None, answer: Answer, text: str) -> None:
        """What a call gave, with the schema of its result, and the text of it."""
        found = [] if isinstance(answer, Failure) else list(identified(returns, answer.data))
        for kind, value in found:
            if kind in self._ids:
                self._ids[kind].add(str(value))
        if isinstance(answer, Result) and any(kind in self._ids for kind, _ in found):
            text = texts.result_text(Result(without(returns, answer.data, self._ids), answer.renderer))
        self.add(text)

    def hidden(self, parameters: Schema, arguments: JSON) -> list[JSON]:
        """The values of a call's arguments that cannot be known."""
        ids = [
            value
            for kind, value in identified(parameters, arguments)
            if kind in self._ids and str(value) not in self._ids[kind]
        ]
        return [*ids, *self.missing(without(parameters, arguments, self._ids))]


def identified(schema: Any, value: JSON) -> Iterator[tuple[str, JSON]]:
    """The scalars of a value that its schema declares to be identifiers, with their kinds."""
    if isinstance(value, dict):
        for key, item in value.items():
            for kind in _kinds_of_key(schema, key):
                yield kind, item
            for child in _within(schema, key):
                yield from identified(child, item)
    elif isinstance(value, list):
        for item in value:
            for child in _items(schema):
                yield from identified(child, item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        for branch in _branches(schema):
            if "x-identifier" in branch:
                yield branch["x-identifier"], value
                return


def without(schema: Any, value: JSON, kinds: Mapping[str, Any]) -> JSON:
    """The value with its identifiers of some kinds left blank."""
    if isinstance(value, dict):
        return {
            key: None
            if any(kind in kinds for kind in _kinds_of_key(schema, key))
            else without({"anyOf": list(_within(schema, key))}, item, kinds)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without({"anyOf": list(_items(schema))}, item, kinds) for item in value]
    return None if any(kind in kinds for kind, _ in identified(schema, value)) else value


def _branches(schema: Any) -> Iterator[Schema]:
    if isinstance(schema, dict):
        yield schema
        for key in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(key) or ():
                yield from _branches(branch)


def _within(schema: Any, key: str) -> Iterator[Schema]:
    for branch in _branches(schema):
        child = (branch.get("properties") or {}).get(key, branch.get("additionalProperties"))
        if isinstance(child, dict):
            yield child


def _items(schema: Any) -> Iterator[Schema]:
    for branch in _branches(schema):
        if isinstance(branch.get("items"), dict):
            yield branch["items"]


def _kinds_of_key(schema: Any, key: str) -> list[str]:
    """The kinds that a free key identifies, where its object declares it so."""
    return [branch["x-identifiers"][key] for branch in _branches(schema) if key in (branch.get("x-identifiers") or {})]
