"""Objects that properties of an object move into: their schema, and the two directions of a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from perturb import schemas
from perturb.mentions import looks_like_identifier
from perturb.schemas import Convert, Edit, StaleName, Unreadable
from perturb.types import JSON, Schema

_MARK = "x-group"
"""The schema key of ours by which a group that was made is found again."""


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object that arguments of one tool move into: its name, its description, and the arguments' real names.

    The arguments lie in one object: at the root (`date`), or below it (`spec.rules[].backend.serviceName`); one may be the name
    of a group that was made before. `constants` are further keys of the new object, each with its only value, and `beside`
    such keys next to it.
    """

    name: str
    description: str
    arguments: tuple[str, ...]
    constants: dict[str, JSON] = {}
    beside: dict[str, JSON] = {}

    @property
    def parent(self) -> str:
        """The real path of the object in which the arguments lie; `""` for the root."""
        return max((one.rpartition(".")[0] for one in self.arguments), key=len, default="")


class Step(NamedTuple):
    """The parameters of a tool with one more group, and the two directions for its arguments. `renames` are the names that
    prose and failures follow, `fields` the paths of failures."""

    schema: Schema
    show: Convert
    read: Convert
    renames: dict[str, str]
    fields: dict[str, str]


def grouped(parameters: Schema, place: str, group: Group) -> Step | None:
    """The parameters of the tool called `place` by its toolset, with the group; `None` where nothing can move."""
    wanted = frozenset(f"{place}.{name}" for name in group.arguments)
    if not group.parent:
        moves = _moves(parameters, group, wanted)
        if moves is None:
            return None
        renames = moves.renames
        return Step(moves.schema, moves.show, moves.read, renames, renames)
    inner = group.parent
    while inner.endswith("[]"):
        inner = inner[:-2]
    parent = next((one for one in schemas.places(parameters) if one.place == f"{place}.{inner}"), None)
    made = _within(parent.schema, lambda schema: _moves(schema, group, wanted)) if parent is not None else None
    if parent is None or made is None:
        return None
    schema, moves = made
    edit = Edit(schema=lambda _: schema, show=_each(moves.show), read=_each(moves.read))
    changed = schemas.rewrite(parameters, {parent.place: edit})
    if changed.show is None or changed.read is None:
        return None
    # Below the root a name may come several times; only one that can mean nothing else is followed in prose.
    every = [name for names in schemas.siblings(parameters) for name in names]
    renames = {old: new for old, new in moves.renames.items() if looks_like_identifier(old) and every.count(old) == 1}
    path = group.parent.replace("[]", "") + "."
    fields = {path + old: path + new for old, new in moves.renames.items()}
    return Step(changed.schema, changed.show, changed.read, renames, fields)


def _within(schema: Schema, make: Callable[[Schema], _Moves | None]) -> tuple[Schema, _Moves] | None:
    """The schema with the one object in it changed: itself, the items of a list, or a branch of a union."""
    if "properties" in schema:
        moves = make(schema)
        return None if moves is None else (moves.schema, moves)
    if isinstance(items := schema.get("items"), dict):
        made = _within(items, make)
        return None if made is None else ({**schema, "items": made[0]}, made[1])
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key) or []
        found = [(index, made) for index, one in enumerate(branches) if (made := _within(one, make)) is not None]
        if len(found) == 1:
            index, (new, moves) = found[0]
            return {**schema, key: [*branches[:index], new, *branches[index + 1 :]]}, moves
    return None


def _each(convert: Convert) -> Convert:
    def run(value: JSON) -> JSON:
        if isinstance(value, list):
            return [run(item) for item in value]
        return convert(value) if isinstance(value, dict) else value

    return run


def _moves(schema: Schema, group: Group, wanted: frozenset[str]) -> _Moves | None:
    properties: dict[str, Schema] = schema.get("properties", {})
    inside = [name for name, child in properties.items() if child.get("x-place") in wanted or child.get(_MARK) in wanted]
    outside = properties.keys() - set(inside)
    if (
        not inside
        or schemas.conditional(schema)
        or outside & {group.name, *group.beside}
        or group.constants.keys() & set(inside)
    ):
        return None
    return _Moves(schema, group, inside, min(wanted).rpartition(".")[0])


class _Moves:
    """The moves within one object, in the names that its properties have now."""

    def __init__(self, schema: Schema, group: Group, inside: list[str], path: str) -> None:
        properties: dict[str, Schema] = schema["properties"]
        self.group = group
        self.inside = inside
        self.outside = properties.keys() - set(inside)
        self.added = {group.name, *group.beside}
        self.renames = {name: f"{group.name}.{name}" for name in inside}
        required = schema.get("required", [])
        inner_required = [name for name in required if name in inside]
        inner: Schema = {
            "type": "object",
            "description": group.description,
            "properties": {**_constants(group.constants), **{name: properties[name] for name in inside}},
            _MARK: f"{path}.{group.name}",
        }
        if inner_required or group.constants:
            inner["required"] = [*group.constants, *inner_required]
        if "additionalProperties" in schema:
            inner["additionalProperties"] = schema["additionalProperties"]
        self.schema = dict(schema)
        self.schema["properties"] = {
            **{name: child for name, child in properties.items() if name in self.outside},
            **_constants(group.beside),
            group.name: inner,
        }
        self.schema.pop("required", None)
        outer = [name for name in required if name in self.outside]
        if inner_required:
            outer += [*group.beside, group.name]
        if outer:
            self.schema["required"] = outer

    def show(self, value: JSON) -> JSON:
        shown: dict[str, JSON] = {}
        inner: dict[str, JSON] = {}
        for name, item in value.items():
            if name in self.inside:
                inner[name] = item
            else:
                # A key that is not declared, called like one that is new, is set apart from it.
                shown[name + "_" if name.rstrip("_") in self.added and name not in self.outside else name] = item
        if inner:
            shown.update(self.group.beside)
            shown[self.group.name] = {**self.group.constants, **inner}
        return shown

    def read(self, value: JSON) -> JSON:
        name = self.group.name
        real: dict[str, JSON] = {}
        for key, item in value.items():
            if key in self.inside and key not in self.added:
                raise StaleName(key, item)
            if key not in self.added:
                apart = key.endswith("_") and key.rstrip("_") in self.added and key not in self.outside
                real[key[:-1] if apart else key] = item
        held = value.get(name, {})
        if not isinstance(held, dict):
            raise Unreadable(name, held)
        if name in value or self.group.beside.keys() & value.keys():
            _expect(self.group.beside, value, "")
            _expect(self.group.constants, held, name + ".")
        for key, item in held.items():
            if key in self.group.constants:
                continue
            if key in self.outside or key in real:
                raise Unreadable(f"{name}.{key}", item)
            real[key] = item
        return real


def _expect(constants: Mapping[str, JSON], value: Mapping[str, JSON], path: str) -> None:
    for key, only in constants.items():
        if key not in value or value[key] != only or isinstance(value[key], bool) != isinstance(only, bool):
            raise Unreadable(path + key, value.get(key))


_KINDS: tuple[tuple[type, str], ...] = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))


def _constants(values: Mapping[str, JSON]) -> dict[str, Schema]:
    """The schemas of keys that have one value each."""

    def only(value: JSON) -> Iterator[tuple[str, Any]]:
        for kind, name in _KINDS:
            if isinstance(value, kind):
                yield "type", name
                break
        yield "const", value

    return {key: dict(only(value)) for key, value in values.items()}
