"""`results.flatten`: what stands in an object within a record moves up into the record itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, NamedTuple

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, RewritingLens, Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.operators.results.objects import prevailing_style, records_in, regroupable
from perturb.operators.vocabulary import Style, join, split
from perturb.schemas import Convert, Rewritten, kinds_of
from perturb.types import JSON, Axis, Call, Schema, Tool

Joint = Literal["dot", "word"]


class FlattenKeys(Operator, frozen=True, kw_only=True):
    """The keys of an object within a record move up into the record, under dotted or joined names, in the data and in the
    output schema.

    Before: `{"id": 7, "address": {"street": "1 Quay Row", "city": "Turku"}}`
    After: `{"id": 7, "address.street": "1 Quay Row", "address.city": "Turku"}`, or `address_street`, `address_city`

    A map of free keys to plain values moves up under dotted names alone (`shared_with.ada@example.com`), which the schema gives
    as a pattern. An object that may be left out moves only where it cannot be empty too. Places are keys that hold an object;
    intensity is the share of them. Does not apply where no tool declares an object within a record; not together with
    `results.nest`, which is its inverse.
    """

    id: ClassVar[str] = "results.flatten"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    conflicts: ClassVar[frozenset[str]] = frozenset({"results.nest"})
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="result",
            plan={"op": "results.flatten", "version": 1, "joints": {"get_user>address": joint}},
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                returns={
                    "type": "object",
                    "properties": {
                        "id": {"type": "integer"},
                        "address": {
                            "type": "object",
                            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
                            "required": ["street", "city"],
                        },
                    },
                    "required": ["id", "address"],
                },
                effect="read",
            ),
            call=Call("get_user"),
            before={"id": 7, "address": {"street": "1 Quay Row", "city": "Turku"}},
            after=after,
        )
        for joint, after in (
            ("dot", {"id": 7, "address.street": "1 Quay Row", "address.city": "Turku"}),
            ("word", {"id": 7, "address_street": "1 Quay Row", "address_city": "Turku"}),
        )
    )

    joints: dict[str, Joint] = msgspec.field(default_factory=dict)
    """By place: how the two names are put together."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> FlattenKeys | NotApplicable:
        found = {joint: list(_places(setup, joint)) for joint in _JOINTS}
        joints = [joint for joint in _JOINTS if found[joint]]
        if not joints:
            return NotApplicable("nothing_to_change", "no tool declares an object within a record")
        joint = pick.choice("joint", joints)
        return cls(joints=dict.fromkeys(pick.chosen(found[joint], intensity), joint))

    def lens(self, setup: Setup) -> Lens:
        return FlattenKeysLens(setup, self.joints)


_JOINTS: tuple[Joint, ...] = ("dot", "word")


def _places(setup: Setup, joint: Joint) -> Iterator[str]:
    for schema in schemas_now(setup, "results"):
        for record in records_in(schema):
            for name, child in record["properties"].items():
                if "x-place" in child and _lifted(record, name, joint) is not None:
                    yield child["x-place"]


class _Lifted(NamedTuple):
    """An object that moves up: new names by those within it (none for a map, which has a prefix), and what `{}` becomes."""

    keys: dict[str, str]
    prefix: str
    always: bool


def _lifted(record: Schema, name: str, joint: Joint) -> _Lifted | None:
    """How the object under one key of a record moves up; `None` where it cannot."""
    child: Schema = record["properties"][name]
    always = name in record.get("required", ())
    closed = record.get("additionalProperties") is False
    if child.get("type") != "object" or (closed and child.get("additionalProperties") is not False):
        return None
    if isinstance(values := child.get("additionalProperties"), dict):
        kinds = kinds_of(values)
        plain = bool(kinds) and not kinds & {"object", "array"} and not child.get("properties")
        taken = any(other.startswith(f"{name}.") for other in record["properties"])
        # A map may be empty: left in its place then, so that it is told from one that is left out.
        return _Lifted({}, f"{name}.", always) if plain and joint == "dot" and not closed and not taken else None
    if not regroupable(child) or not (always or child.get("required")) or (closed and not child.get("required")):
        return None
    style = prevailing_style({**child["properties"], **record["properties"]})
    keys = {inner: _joined(name, inner, joint, style) for inner in child["properties"]}
    taken_names = {other.lower() for other in record["properties"]}
    new = [key.lower() for key in keys.values()]
    return _Lifted(keys, "", always) if taken_names.isdisjoint(new) and len(set(new)) == len(new) else None


def _joined(outer: str, inner: str, joint: Joint, style: Style) -> str:
    if joint == "dot":
        return f"{outer}.{inner}"
    return join([word.strip("_").lower() for name in (outer, inner) for word in split(name)[0]], style)


class FlattenKeysLens(RewritingLens):
    """Moves the keys of objects up and back."""

    part = "results"

    def __init__(self, real: Setup, joints: Mapping[str, Joint]) -> None:
        self._joints = joints
        super().__init__(real, {}, self._moved if joints else None)

    def _moved(self, schema: Schema) -> Rewritten | None:
        """The schema of a record with its objects moved up, and the two directions for its values; `None` where it has none."""
        if not regroupable(schema):
            return None
        lifted: dict[str, _Lifted] = {}
        new: set[str] = set()
        for name, child in schema["properties"].items():
            joint = self._joints.get(child.get("x-place", ""))
            one = _lifted(schema, name, joint) if joint is not None else None
            if one is not None and new.isdisjoint(one.keys.values()):
                lifted[name] = one
                new.update(one.keys.values())
        return Rewritten(_schema(schema, lifted), *_moves(lifted)) if lifted else None


def _schema(schema: Schema, lifted: Mapping[str, _Lifted]) -> Schema:
    properties: dict[str, Schema] = {}
    patterns: dict[str, Schema] = {}
    required: list[str] = []
    for name, child in schema["properties"].items():
        one = lifted.get(name)
        if one is None:
            properties[name] = child
            required += [name] if name in schema.get("required", ()) else []
        elif one.prefix:
            told = {"description": child["description"]} if "description" in child else {}
            patterns["^" + re.escape(one.prefix)] = {**told, **child["additionalProperties"]}
            if not one.always:
                empty = f"Given, and empty, where there is no key that begins with `{one.prefix}`."
                properties[name] = {**child, "description": empty, "maxProperties": 0}
        else:
            for inner, new in one.keys.items():
                below: Schema = child["properties"][inner]
                outer_told = {"description": child["description"]} if "description" in child else {}
                properties[new] = {**outer_told, **{key: value for key, value in below.items() if key != "title"}}
            required += [one.keys[inner] for inner in child.get("required", ()) if one.always and inner in one.keys]
    made = {**schema, "properties": properties, **({"required": required} if "required" in schema else {})}
    return {**made, "patternProperties": patterns} if patterns else made


def _moves(lifted: Mapping[str, _Lifted]) -> tuple[Convert, Convert]:
    origin = {new: (name, inner) for name, one in lifted.items() for inner, new in one.keys.items()}
    prefixes = {one.prefix: name for name, one in lifted.items() if one.prefix}

    def looks_moved(key: str) -> tuple[str, str] | None:
        """The key within which object a shown key stands for."""
        if key in origin:
            return origin[key]
        return next(((name, key[len(prefix) :]) for prefix, name in prefixes.items() if key.startswith(prefix)), None)

    def show(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        shown: dict[str, JSON] = {}
        for key, item in value.items():
            one = lifted.get(key)
            if one is None:
                shown[_apart(key)] = item
                continue
            if not isinstance(item, dict):
                shown[key] = item
                continue
            left = {}
            for inner, below in item.items():
                new = one.prefix + inner if one.prefix else one.keys.get(inner)
                if new is None:
                    left[inner] = below
                else:
                    shown[new] = below
            if left or (not item and not one.always):
                shown[key] = left
        for name, one in lifted.items():
            if one.always and name not in value:
                shown[name] = {}  # an object that is missing against the schema, told from one that is empty
        return shown

    def read(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        real: dict[str, JSON] = {}
        for key, item in value.items():
            moved = looks_moved(key)
            if moved is not None:
                kept = real.setdefault(moved[0], {})
                if isinstance(kept, dict):
                    kept[moved[1]] = item
            elif key in lifted and isinstance(item, dict) and (item or not lifted[key].always):
                real.setdefault(key, {}).update(item)
            elif key not in lifted or item != {}:
                real[_joined_back(key)] = item
        for name, one in lifted.items():
            if one.always and name not in value and name not in real:
                real[name] = {}
        return real

    def _apart(key: str) -> str:
        """A key of the record's own that looks like one that has moved up is set apart, by an underscore before it."""
        return "_" + key if looks_moved(key.lstrip("_")) is not None else key

    def _joined_back(key: str) -> str:
        return key[1:] if key.startswith("_") and looks_moved(key.lstrip("_")) is not None else key

    return show, read
