"""Arguments that are told by others in their place: several by one, or one by several, within one object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, looks_like_identifier, reworded
from perturb.operator import Lens, Retired, Setup
from perturb.schemas import Rewritten, StaleName, Unreadable, apart, joined
from perturb.types import JSON, Call, Failure, Schema, Tool, to_json

Values = dict[str, JSON]


class Group(NamedTuple):
    """What stands in the place of some properties of one object, all in the names that they have now.

    `show` gets the values of those of `old` that are given, never none, and returns the new ones, or `None` for what cannot be
    told in the new form. `read` gets the new ones that are given and returns the old ones; it raises `Unreadable`. `told` says
    how each old name is spoken of: as a list of new names, or as a part of a new one (`stay.start`).
    """

    old: tuple[str, ...]
    new: dict[str, Schema]
    required: frozenset[str]
    show: Callable[[Values], Values | None]
    read: Callable[[Values], Values]
    told: Mapping[str, tuple[str, ...]]


Find = Callable[[Tool, Schema], Sequence[Group]]
"""The groups of one object within the parameters of a tool."""


class RegroupingLens(Lens):
    """Shows the new properties in place of the old, in schemas, calls, prose and failures; and refuses the old ones.

    What cannot be told in the new form passes under the old names, so that it fails as it would clean.
    """

    def __init__(self, real: Setup, find: Find) -> None:
        super().__init__(real)
        self._made: dict[str, Rewritten] = {}
        self._prose: dict[str, _Prose] = {}
        self._everywhere = _Prose({})
        tools: list[Tool] = []
        gone: dict[str, tuple[str, ...]] = {}
        retired: list[Retired] = []
        for tool in real.tools:
            told: dict[str, tuple[str, ...]] = {}

            def reshape(schema: Schema, tool: Tool = tool, told: dict[str, tuple[str, ...]] = told) -> Rewritten | None:
                groups = [] if schemas.conditional(schema) else find(tool, schema)
                for group in groups:
                    told.update(group.told)
                return _regrouped(schema, groups) if groups else None

            made = schemas.rewrite(tool.parameters, {}, reshape)
            if made.schema is tool.parameters:
                tools.append(tool)
                continue
            self._made[tool.name] = made
            changed = msgspec.structs.replace(tool, parameters=made.schema)
            live = {name for names in schemas.siblings(made.schema) for name in names}
            self._prose[tool.name] = _Prose({old: new for old, new in told.items() if old not in live})
            gone |= {old: new for old, new in told.items() if old not in live}
            if len(tool.stands_for) == 1:
                retired += [Retired(f"argument:{tool.stands_for[0]}", old) for old in told if old not in live]
            spoken = reworded(msgspec.structs.replace(changed, returns=None), self._prose[tool.name].show)
            tools.append(msgspec.structs.replace(spoken, returns=tool.returns))
        if self._made:
            names = {tool.name for tool in tools} | {name for tool in tools for name in _names(tool)}
            self._everywhere = _Prose({o: n for o, n in gone.items() if looks_like_identifier(o) and o not in names})
            self.retired = tuple(retired)
            self.setup = self.shown(system=self._everywhere.show(real.system), tools=tools)

    def show_text(self, text: str) -> str:
        return self._everywhere.show(text)

    def show_call(self, call: Call) -> Call:
        made = self._made.get(call.name)
        return call if made is None or made.show is None else Call(call.name, made.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        made = self._made.get(call.name)
        if made is None or made.read is None:
            return call
        try:
            return Call(call.name, made.read(call.arguments))
        except (StaleName, Unreadable) as error:
            return self.real.refusal("invalid_argument", tool=call.name, field=error.name, value=error.value)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        prose = self._prose.get(call.name)
        if prose is None:
            return failure
        return msgspec.structs.replace(failure, message=prose.show(failure.message), field=_last(failure.field, prose.fields))

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        prose = self._prose.get(call.name)
        if prose is None:
            return failure
        field = _last(failure.field, {new: old for old, new in prose.fields.items()})
        return msgspec.structs.replace(failure, message=prose.read(failure.message), field=field)


def _regrouped(schema: Schema, groups: Sequence[Group]) -> Rewritten:
    """An object with the groups in it, each where the first of its old properties was."""
    first = {group.old[0]: group for group in groups}
    gone = {name for group in groups for name in group.old}
    properties: dict[str, Schema] = {}
    for name, child in schema["properties"].items():
        if name in first:
            properties.update(first[name].new)
        elif name not in gone:
            properties[name] = child
    required = set(schema.get("required", ())) - gone | {name for group in groups for name in group.required}
    new: Schema = {**schema, "properties": properties}
    new.pop("required", None)
    if required:
        new["required"] = [name for name in properties if name in required]
    fresh = {name for group in groups for name in group.new}
    kept = properties.keys() - fresh

    def show(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        shown: Values = {}
        for key, item in value.items():
            if key not in gone:
                # A key that is not declared, called like one that is new, is set apart from it.
                shown[apart(key, properties) if key not in kept and key.rstrip("_") in fresh else key] = item
        for group in groups:
            given = {name: value[name] for name in group.old if name in value}
            if given:
                shown.update(_over(group, given) or given)
        return shown

    def read(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        real: Values = {}
        for group in groups:
            given = {name: value[name] for name in group.new if name in value}
            old = {name: value[name] for name in group.old if name in value and name not in group.new}
            if old and (given or _over(group, old) is not None):
                raise StaleName(*next(iter(old.items())))
            real.update(group.read(given) if given else old)
        for key, item in value.items():
            if key not in fresh and key not in gone:
                real[joined(key, properties) if key not in kept and key.rstrip("_") in fresh else key] = item
        return real

    return Rewritten(new, show, read)


def _over(group: Group, given: Values) -> Values | None:
    """The values in the new form; `None` where they would not come back as they are."""
    new = group.show(given)
    if not new:
        return None
    try:
        return new if to_json(group.read(new)) == to_json(given) else None
    except Unreadable:
        return None


class _Prose:
    """How old names are spoken of under new ones. A name in quotes or code marks that several take the place of becomes as many
    in such marks."""

    def __init__(self, told: Mapping[str, tuple[str, ...]]) -> None:
        self._told = told
        self.fields = {old: new[0] for old, new in told.items()}
        self._names = Mentions({old: " and ".join(new) for old, new in told.items()}, arguments=True)
        self._quoted = {
            quote + old + quote: " and ".join(quote + one + quote for one in new)
            for old, new in told.items()
            if len(new) > 1
            for quote in "`'\""
        }

    def show(self, text: str) -> str:
        for old, new in self._quoted.items():
            text = text.replace(old, new)
        return self._names(text)

    def read(self, text: str) -> str:
        for old_name, new_name in self._quoted.items():
            text = text.replace(new_name, old_name)
        for old, new in self._told.items():
            # The first alone is what a failure's field is called, and may stand in its text.
            for spoken in (" and ".join(new), new[0]):
                text = re.sub(rf"(?<![\w-]){re.escape(spoken)}(?![\w-])", old, text)
        return text


def _last(field: str | None, fields: Mapping[str, str]) -> str | None:
    """The path of a failure with its last name told anew; names with dots in them are sought whole."""
    if field is None:
        return None
    for old, new in fields.items():
        if field == old or field.endswith("." + old):
            return field[: len(field) - len(old)] + new
    return field


def _names(tool: Tool) -> set[str]:
    return {name for schema in (tool.parameters, tool.returns) for names in schemas.siblings(schema) for name in names}
