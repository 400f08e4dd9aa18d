"""Renaming declared properties: arguments of tools, and keys of their results.

One word is renamed alike wherever it is renamed, as one author would have done it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Literal

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, looks_like_identifier, reworded
from perturb.operator import NotApplicable, Pick, Retired, RewritingLens, Setup
from perturb.operators.renaming import choose_names, property_names
from perturb.operators.vocabulary import key_synonyms, restyle, split
from perturb.schemas import Edit
from perturb.types import Call, Failure, Schema, Tool

Part = Literal["arguments", "results"]


def plan_names(setup: Setup, part: Part, pick: Pick, intensity: float) -> dict[str, str] | NotApplicable:
    """New names for a share of the declared properties of all tools, by place."""
    found = {one.place: one.name for schema in schemas_now(setup, part) for one in schemas.places(schema)}
    if not found:
        what = "no tool has arguments" if part == "arguments" else "no tool declares keys of its result"
        return NotApplicable("nothing_to_change", what)
    current: dict[str, str] = {}
    for place, name in found.items():
        meant = meant_by(place, name)
        if meant not in current or looks_like_identifier(name):
            current[meant] = name
    curated = partial(key_synonyms, neutral=False)
    # Arguments and keys of results are two namespaces: what one is called does not bear on the other.
    taken = setup.names | property_names(schemas_now(setup, part))
    new = choose_names(current, curated, taken, pick, spare=key_synonyms)
    names = {place: new[meant] for place, name in found.items() if (meant := meant_by(place, name)) in new}
    if not names:
        return NotApplicable("names_exhausted", "every synonym is taken by another name or word of the toolset")
    return {place: names[place] for place in pick.chosen(names, intensity)}


def meant_by(place: str, name: str) -> str:
    """What a property is called after: the toolset's own name, or the name of now where that has other words (`amount_cents`
    for `amount`), which say more of it."""
    own = own_name(place)
    return own if restyle(own, "snake") == restyle(name, "snake") else name


def own_name(place: str) -> str:
    """The toolset's own name of the property at a place: `dob` for `book_flight.passengers[].dob`."""
    return re.split(r"[.>]", place)[-1]


def schemas_now(setup: Setup, part: Part) -> Iterator[Schema | None]:
    """The schemas as they are now; of tools that were merged, the results as the toolset has them."""
    own = Setup.of(setup.source).by_name
    for tool in setup.tools:
        if len(tool.stands_for) == 1 or part == "arguments":
            yield tool.parameters if part == "arguments" else tool.returns
        else:
            yield from (own[name].returns for name in tool.stands_for if name in own)


class PropertyNamesLens(RewritingLens):
    """Shows properties under new names, by place; and mentions of a name that is gone from its tool altogether. `changes` are
    what becomes of them besides; an edit without a name of its own keeps the property's."""

    def __init__(self, real: Setup, names: Mapping[str, str], changes: Mapping[str, Edit] | None = None) -> None:
        edits = dict(changes or {})
        names = _without_clashes(schemas_now(real, self.part), names)
        for place, name in names.items():
            edits[place] = _renaming(edits.get(place, Edit()), name)
        super().__init__(real, edits)
        self._carried: dict[str, tuple[Mentions, Mentions]] = {}
        self._fields: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self._everywhere = Mentions({})
        if not names:
            return
        retired: list[Retired] = []
        gone: dict[str, str] = {}
        tools = []
        for tool, made in zip(real.tools, self.setup.tools, strict=True):
            before, after = (tool.parameters, made.parameters) if self.part == "arguments" else (tool.returns, made.returns)
            renamed = _renamed(before, after, names)
            gone |= renamed
            other = tool.returns if self.part == "arguments" else tool.parameters
            shared = set() if self.part == "arguments" else {one.name for one in schemas.places(other)}
            told = {old: new for old, new in renamed.items() if old not in shared}
            own = self.part == "arguments"
            carry = Mentions(told, arguments=own)
            back = Mentions({new: old for old, new in told.items()}, arguments=own)
            self._carried[tool.name] = carry, back
            if self.part == "arguments":
                paths = dict(_paths(before, names))
                self._fields[tool.name] = paths, {new: old for old, new in paths.items()}
            if len(tool.stands_for) == 1:
                retired += [Retired(f"{self.part[:-1]}:{tool.stands_for[0]}", old) for old in renamed]
            tools.append(self._told(made, carry) if carry else made)
        live = {tool.name for tool in tools}.union(*(_properties(tool) for tool in tools))
        self._everywhere = Mentions({o: n for o, n in gone.items() if looks_like_identifier(o) and o not in live})
        self.retired = tuple(retired)
        self.setup = self.shown(system=self._everywhere(real.system), tools=tools)

    def _told(self, tool: Tool, carry: Mentions) -> Tool:
        """The tool with the mentions changed in its description and in the half of its schemas that they speak of."""
        if self.part == "arguments":
            changed = reworded(msgspec.structs.replace(tool, returns=None), carry)
            return msgspec.structs.replace(changed, returns=tool.returns)
        changed = reworded(msgspec.structs.replace(tool, parameters={}), carry)
        return msgspec.structs.replace(changed, parameters=tool.parameters)

    def show_text(self, text: str) -> str:
        return self._everywhere(text)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return self._failure(call, failure, 0)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        return self._failure(call, failure, 1)

    def _failure(self, call: Call, failure: Failure, direction: Literal[0, 1]) -> Failure:
        if self.part != "arguments" or call.name not in self._carried:
            return failure
        field = failure.field
        if field is not None:
            field = self._fields[call.name][direction].get(field, field)
        return msgspec.structs.replace(failure, message=self._carried[call.name][direction](failure.message), field=field)


def _renamed(before: Schema | None, after: Schema | None, names: Mapping[str, str]) -> dict[str, str]:
    """The names that are gone from a schema altogether, with what stands in their place."""
    live = {one.name for one in schemas.places(after)}
    return {one.name: names[one.place] for one in schemas.places(before) if one.place in names and one.name not in live}


def _paths(schema: Schema | None, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each property of a schema as failures name it, old and new: `passengers.dob`, rows and branches passed over."""
    for old, new in _walk(schema, names, "", ""):
        if old != new:
            yield old, new


def _walk(schema: Schema | None, names: Mapping[str, str], old: str, new: str) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        return
    for name, child in (schema.get("properties") or {}).items():
        mine, shown = old + name, new + names.get(child.get("x-place", ""), name)
        yield mine, shown
        yield from _walk(child, names, mine + ".", shown + ".")
    for key in ("items", "additionalProperties"):
        yield from _walk(schema.get(key), names, old, new)
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key) or ():
            yield from _walk(branch, names, old, new)


def _properties(tool: Tool) -> Iterator[str]:
    for schema in (tool.parameters, tool.returns):
        yield from (name for names in schemas.siblings(schema) for name in names)


def _without_clashes(shown: Iterable[Schema | None], names: Mapping[str, str]) -> dict[str, str]:
    """The new names but for those that a sibling would have as well; two siblings may have one name of the toolset's, where
    another operator has put the properties of two objects side by side."""
    clashing: set[str] = set()
    for properties in (one for schema in shown for one in schemas.siblings(schema)):
        places = {name: child.get("x-place", "") for name, child in properties.items()}
        count = Counter(names.get(place, name) for name, place in places.items())
        clashing |= {place for place in places.values() if place in names and count[names[place]] > 1}
    return {place: name for place, name in names.items() if place not in clashing}


def _renaming(edit: Edit, name: str) -> Edit:
    further = edit.schema
    return edit._replace(name=name, schema=_untitled if further is None else lambda schema: further(_untitled(schema)))


def _untitled(schema: Schema) -> Schema:
    """The schema without a title that only spells the old name (`Start Time` for `start_time`)."""
    title, place = schema.get("title"), schema.get("x-place", "")
    if isinstance(title, str) and title.lower().split() == [word.lower() for word in split(own_name(place))[0]]:
        return {key: value for key, value in schema.items() if key != "title"}
    return schema


__all__ = ["Part", "PropertyNamesLens", "plan_names", "schemas_now"]
