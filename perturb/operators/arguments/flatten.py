"""`arguments.flatten`: the properties of an object become arguments of the tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments.meanings import house_style
from perturb.operators.regrouped import Group, RegroupingLens, Values
from perturb.operators.vocabulary import join, split
from perturb.types import Axis, Schema, Tool

Joint = Literal["dotted", "joined"]
_LONGEST = 64
"""What providers accept in the name of an argument."""


class FlattenArguments(Operator, frozen=True, kw_only=True):
    """The properties of an object become arguments of the tool, under the object's name and their own, as forms and command
    lines have them; objects within it too.

    Before: `send_parcel {"address": {"street": "3 Elm Walk", "city": "Oslo"}}`
    After: `send_parcel {"address.street": "3 Elm Walk", "address.city": "Oslo"}`, or `{"address_street", "address_city"}`

    One way of joining the names for a plan. An object may be null or left out only where it has a property of its own that it
    needs, which tells that it is there. Places are arguments that are objects of declared properties; intensity is their
    share. Does not apply where there is none. Laid over the operators that rename properties, so that names stay with the
    object that they are of.
    """

    id: ClassVar[str] = "arguments.flatten"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="call",
            plan={"op": "arguments.flatten", "version": 1, "joints": {"send_parcel.address": joint}},
            tool=Tool(
                name="send_parcel",
                description="Send a parcel.",
                parameters={
                    "type": "object",
                    "properties": {
                        "address": {
                            "type": "object",
                            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
                            "required": ["street", "city"],
                        }
                    },
                    "required": ["address"],
                },
            ),
            before={"name": "send_parcel", "arguments": {"address": {"street": "3 Elm Walk", "city": "Oslo"}}},
            after={"name": "send_parcel", "arguments": {f"address{mark}street": "3 Elm Walk", f"address{mark}city": "Oslo"}},
        )
        for joint, mark in (("dotted", "."), ("joined", "_"))
    )

    joints: dict[str, Joint] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> FlattenArguments | NotApplicable:
        joint: Joint = pick.choice("joint", ("dotted", "joined"))
        places = [
            child["x-place"]
            for tool in setup.tools
            if not schemas.conditional(tool.parameters)
            for name, child in tool.parameters.get("properties", {}).items()
            if "x-place" in child and _group(tool, tool.parameters, name, joint) is not None
        ]
        if not places:
            return NotApplicable("nothing_to_change", "no argument is an object of declared properties")
        return cls(joints=dict.fromkeys(pick.chosen(places, intensity), joint))

    def lens(self, setup: Setup) -> Lens:
        return FlattenLens(setup, self.joints)


class FlattenLens(RegroupingLens):
    """Shows the properties of objects as arguments; dotted names still begin with the object's, so that it stays spoken of."""

    def __init__(self, real: Setup, joints: Mapping[str, Joint]) -> None:
        super().__init__(real, lambda tool, schema: list(_groups(tool, schema, joints)))


def _groups(tool: Tool, schema: Schema, joints: Mapping[str, Joint]) -> Iterator[Group]:
    roots = {child.get("x-place") for child in tool.parameters.get("properties", {}).values()}
    for name, child in schema["properties"].items():
        place = child.get("x-place", "")
        if place in joints and place in roots:
            group = _group(tool, schema, name, joints[place])
            if group is not None:
                yield group


def _group(tool: Tool, outer: Schema, name: str, joint: Joint) -> Group | None:
    """What an argument becomes; `None` where it is no object that can be told by its properties."""
    schema = outer["properties"][name]
    inner, nullable = _object(schema)
    if (
        inner is None
        or schema.get("default") is not None
        or (outer.get("additionalProperties") is False and inner.get("additionalProperties") is not False)
    ):
        return None
    leaves = dict(_leaves(inner, ()))
    needed = [path for path, (_, required) in leaves.items() if required]
    # That the object is there must be seen, and null must be told from an object that holds nulls.
    if not needed or (nullable and any("null" in schemas.kinds_of(leaves[path][0]) for path in needed)):
        return None
    names = {path: _named(name, path, joint, tool) for path in leaves}
    if len({one.lower() for one in names.values()}) < len(names) or any(len(one) > _LONGEST for one in names.values()):
        return None
    if {one.lower() for one in names.values()} & {one.lower() for one in outer["properties"]}:
        return None
    paths = {shown: path for path, shown in names.items()}

    def show(values: Values) -> Values | None:
        value = values[name]
        if value is None:
            return {names[path]: None for path in needed} if nullable else None
        return _taken_apart(value, inner, names, ())

    def read(values: Values) -> Values:
        if nullable and len(values) == len(needed) and all(values.get(names[path], "") is None for path in needed):
            return {name: None}
        made: Values = {}
        for shown, item in values.items():
            at = made
            for step in paths[shown][:-1]:
                at = at.setdefault(step, {})
            at[paths[shown][-1]] = item
        return {name: made}

    about = str(schema.get("description", "")).strip()
    new = {names[path]: _told(child, about, path, nullable and path in needed) for path, (child, _) in leaves.items()}
    whole = name in outer.get("required", ())
    prefix = {f"{name}.{'.'.join(path)}": (shown,) for path, shown in names.items()}
    told = {} if joint == "dotted" else {**prefix, name: (join((*split(name)[0], "*"), "snake"),)}
    return Group((name,), new, frozenset(names[path] for path in needed) if whole else frozenset(), show, read, told)


def _object(schema: Schema) -> tuple[Schema | None, bool]:
    """The object that a property is, and whether it may be null instead; `None` for what may be something else as well."""
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches is None:
        return (schema, False) if _declared(schema) else (None, False)
    objects = [branch for branch in branches if _declared(branch)]
    others = [branch for branch in branches if branch not in objects]
    return (objects[0], bool(others)) if len(objects) == 1 and all(one == {"type": "null"} for one in others) else (None, False)


def _declared(schema: Schema) -> bool:
    """Whether a schema is that of objects all of whose keys are declared, and bound by no condition."""
    return (
        schema.get("type") == "object"
        and bool(schema.get("properties"))
        and schema.get("additionalProperties") in (None, False)
        and not schemas.conditional(schema)
    )


def _leaves(schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[Schema, bool]]]:
    """The properties of an object by their paths, and whether each is needed where the object is; objects within it likewise,
    as far as they are seen to be there."""
    required = schema.get("required", ())
    for name, child in schema["properties"].items():
        within = dict(_leaves(child, (*path, name))) if _declared(child) else {}
        if any(needed for _, needed in within.values()):
            yield from ((at, (leaf, needed and name in required)) for at, (leaf, needed) in within.items())
        else:
            yield (*path, name), (child, name in required)


def _named(name: str, path: tuple[str, ...], joint: Joint, tool: Tool) -> str:
    if joint == "dotted":
        return ".".join((name, *path))
    words = [word for part in (name, *path) for word in split(part)[0]]
    return join(words, house_style(name, tool))


def _taken_apart(value: object, schema: Schema, names: Mapping[tuple[str, ...], str], path: tuple[str, ...]) -> Values | None:
    """The values of an object by their new names; `None` where it holds what is not declared, or nothing."""
    if not isinstance(value, dict) or not value or value.keys() - schema["properties"].keys():
        return None
    made: Values = {}
    for key, item in value.items():
        at = (*path, key)
        if at in names:
            made[names[at]] = item
            continue
        inner = _taken_apart(item, schema["properties"][key], names, at)
        if inner is None:
            return None
        made.update(inner)
    return made


def _told(schema: Schema, about: str, path: tuple[str, ...], nullable: bool) -> Schema:
    """The schema of a property with what was said of the object before what is said of it."""
    own = str(schema.get("description", "")).strip()
    if about and about[-1] not in ".!?":
        about += "."
    null = "Null where there is none." if nullable else ""
    made = {**schema, "description": " ".join(text for text in (about, own or f"The {_in_words(path)}.", null) if text)}
    if not nullable:
        return made
    if isinstance(schema.get("type"), str) and "enum" not in schema and "const" not in schema:
        return {**made, "type": [schema["type"], "null"]}
    outer = {key: value for key, value in made.items() if key == "description" or key.startswith("x-")}
    return {**outer, "anyOf": [{key: value for key, value in made.items() if key not in outer}, {"type": "null"}]}


def _in_words(path: tuple[str, ...]) -> str:
    return " of the ".join(" ".join(word.lower() for word in split(part)[0]) for part in reversed(path))
