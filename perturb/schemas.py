"""JSON Schema at work: inlining, the places that operators name, and rewriting a schema together with its values.

A *place* is the toolset's own name of a property: `book_flight.passenger.name` for an argument, `search_flights>[].price`
for a key of a result (`[]` steps into the rows of a list, `{}` into the values of a map with free keys). It is kept in
the schema under `x-place` and moves with the property, whatever operators do to the schema around it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from perturb.kept import Kept
from perturb.types import JSON, Schema, Tool

Convert = Callable[[JSON], JSON]


class StaleName(Exception):
    """A property was given under a name that has been retired."""

    def __init__(self, name: str, value: JSON) -> None:
        super().__init__(name)
        self.name = name
        self.value = value


class Unreadable(Exception):
    """A value cannot be read back: it is not in the shown form."""

    def __init__(self, name: str, value: JSON, reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.value = value
        self.reason = reason


_DATA = ("const", "default", "enum", "examples")
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def inline(schema: Schema) -> Schema:
    """The schema with each local `$ref` replaced by what it points to, wherever in the schema that is. A reference to a
    schema that is being expanded becomes an open schema, since a tree cannot hold a cycle."""

    def expand(node: Any, open_refs: tuple[str, ...], names: bool = False) -> Any:
        if isinstance(node, list):
            return [expand(item, open_refs) for item in node]
        if not isinstance(node, dict):
            return node
        if names:
            return {key: expand(value, open_refs) for key, value in node.items()}
        rest = {
            key: value if key in _DATA else expand(value, open_refs, key in _BY_NAME)
            for key, value in node.items()
            if key not in ("$ref", "$defs", "definitions")
        }
        reference = node.get("$ref")
        if not isinstance(reference, str) or reference in open_refs:
            return rest
        target = expand(_pointed(schema, reference), (*open_refs, reference))
        return {**target, **rest} if isinstance(target, dict) else rest

    expanded: Schema = expand(schema, ())
    return expanded


def _pointed(schema: Schema, reference: str) -> Any:
    """What a local reference points to (RFC 6901); `None` for one that leads out of the schema or nowhere."""
    path, *steps = reference.split("/")
    node: Any = schema if path == "#" else None
    for step in steps:
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node


def strip(schema: Schema) -> Schema:
    """The schema without our own `x-` keys, as an agent is shown it; parts that have none are shared."""
    return _stripped_once(schema)


def _stripped(node: Any, names: bool) -> Any:
    if isinstance(node, list):
        items = [_stripped(item, False) if isinstance(item, (dict, list)) else item for item in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    made: dict[str, Any] | None = None
    for key, value in node.items():
        if not names:
            if key.startswith("x-"):
                made = dict(node) if made is None else made
                del made[key]
                continue
            if key in _LITERAL:
                continue
        if isinstance(value, (dict, list)):
            new = _stripped(value, key == "properties" and not names)
            if new is not value:
                made = dict(node) if made is None else made
                made[key] = new
    return node if made is None else made


_stripped_once: Kept[Schema] = Kept(lambda schema: _stripped(schema, False), 16_384)
"""Most plans leave most schemas as they are, and the same schema is stripped for each of them."""

_LITERAL = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold data, not schemas."""


def annotate(tool: Tool) -> Tool:
    """The tool with its `$ref`s inlined and an `x-place` at each declared property of its arguments and results."""
    parameters = _annotated(inline(tool.parameters), tool.name, ".")
    returns = None if tool.returns is None else _annotated(inline(tool.returns), tool.name + ">", "")
    return msgspec.structs.replace(tool, parameters=parameters, returns=returns, stands_for=tool.stands_for or (tool.name,))


def _annotated(node: Any, path: str, separator: str) -> Any:
    if not isinstance(node, dict):
        return node
    made = dict(node)
    if isinstance(properties := node.get("properties"), dict):
        made["properties"] = {
            name: {**_annotated(_spelt_out(child), f"{path}{separator}{name}", "."), "x-place": f"{path}{separator}{name}"}
            for name, child in properties.items()
        }
    if isinstance(items := node.get("items"), dict):
        made["items"] = _annotated(items, path + "[]", ".")
    if isinstance(values := node.get("additionalProperties"), dict):
        made["additionalProperties"] = _annotated(values, path + "{}", ".")
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(branches := node.get(key), list):
            made[key] = [_annotated(branch, path, separator) for branch in branches]
    return made


def _spelt_out(schema: Any) -> Any:
    """A boolean schema as an object, which can bear a mark."""
    return {True: {}, False: {"not": {}}}.get(schema, schema) if isinstance(schema, bool) else schema


class Place(NamedTuple):
    """A declared property: its place, its name as it is now, its schema, and whether its object requires it."""

    place: str
    name: str
    schema: Schema
    required: bool


def places(schema: Schema | None) -> tuple[Place, ...]:
    """Each declared property of a schema that has a place, parents before children, in the order of the schema."""
    return _places_once(schema) if isinstance(schema, dict) else ()


def _places(schema: Schema | None) -> Iterator[Place]:
    if not isinstance(schema, dict):
        return
    required = schema.get("required", ())
    for name, child in (schema.get("properties") or {}).items():
        if "x-place" in child:
            yield Place(child["x-place"], name, child, name in required)
        yield from _places(child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _places(schema[key])
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key) or ():
            yield from _places(branch)


_places_once: Kept[tuple[Place, ...]] = Kept(lambda schema: tuple(_places(schema)), 16_384)
"""Most plans leave most schemas as they are, and each asks for the places of all."""


def siblings(schema: Schema | None) -> tuple[dict[str, Schema], ...]:
    """The `properties` of each object in a schema: the sets of names within which names must stay apart."""
    return _siblings_once(schema) if isinstance(schema, dict) else ()


def _siblings(schema: Schema | None) -> Iterator[dict[str, Schema]]:
    if not isinstance(schema, dict):
        return
    if schema.get("properties"):
        yield schema["properties"]
        for child in schema["properties"].values():
            yield from _siblings(child)
    for key in ("items", "additionalProperties", "contentSchema"):
        if isinstance(schema.get(key), dict):
            yield from _siblings(schema[key])
    for child in (schema.get("$defs") or {}).values():
        yield from _siblings(child)
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key) or ():
            yield from _siblings(branch)


_siblings_once: Kept[tuple[dict[str, Schema], ...]] = Kept(lambda schema: tuple(_siblings(schema)), 16_384)


class Edit(NamedTuple):
    """What becomes of a property: another name, another schema, and the two directions of its value.

    `schema` gets the property's schema and returns the new one. `show` is total: what it does not know it returns as it
    is. `read` raises `ValueError`, with the reason, for a value that is not in the shown form.
    """

    name: str | None = None
    schema: Callable[[Schema], Schema] | None = None
    show: Convert | None = None
    read: Convert | None = None


class Rewritten(NamedTuple):
    """A schema after edits, and the two directions for its values. `show` is total: what does not fit passes unchanged.

    `read` raises `StaleName` or `Unreadable`. Both are `None` where values stay as they are.
    """

    schema: Schema
    show: Convert | None
    read: Convert | None


Regroup = Callable[[Schema], "Rewritten | None"]
"""What becomes of the keys of one object as a whole, from its schema after the edits; `None` where nothing does."""


def rewrite(schema: Schema, edits: Mapping[str, Edit], regroup: Regroup | None = None) -> Rewritten:
    """Apply `edits`, keyed by place, to a schema, and `regroup` to each object in it, innermost first; compile what they do to
    values. Untouched parts are shared."""
    new, show, read = _rewrite(schema, edits, regroup)
    return Rewritten(new, show, read)


def _rewrite(
    schema: Any, edits: Mapping[str, Edit], regroup: Regroup | None = None
) -> tuple[Any, Convert | None, Convert | None]:
    if not isinstance(schema, dict):
        return schema, None, None
    new = dict(schema)
    changed = False
    steps: list[tuple[Convert | None, Convert | None]] = []
    if schema.get("properties") or isinstance(schema.get("additionalProperties"), dict):
        part, show, read = _rewrite_object(schema, edits, regroup)
        if part is not None:
            new.update(part)
            changed = True
            steps.append((show, read))
    if isinstance(schema.get("items"), dict):
        items, show, read = _rewrite(schema["items"], edits, regroup)
        if items is not schema["items"]:
            new["items"] = items
            changed = True
            steps.append((show and _each(show), read and _each(read)))
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(branches := schema.get(key), list):
            made = [_rewrite(branch, edits, regroup) for branch in branches]
            if any(branch is not old for (branch, _, _), old in zip(made, branches, strict=True)):
                new[key] = [branch for branch, _, _ in made]
                changed = True
                steps.append(_choose(branches, new[key], made) if key != "allOf" else _through_all(made))
    if changed and edits:
        new = _with_conditions(schema, new, edits)
    if regroup is not None and schema.get("properties") and (moved := regroup(new)) is not None:
        # What it makes of an object it makes of the one that the edits have made, and undoes first.
        new = moved.schema
        changed = True
        steps.insert(0, (moved.show, moved.read))
    if not changed:
        return schema, None, None
    # Unions judge real values: on the way out they come before the names of the object change, on the way back after.
    shows = [show for show, _ in reversed(steps) if show]
    reads = [read for _, read in steps if read]
    return new, _chain(shows), _chain(reads)


def _with_conditions(schema: Schema, new: Schema, edits: Mapping[str, Edit]) -> Schema:
    """The changed schema of an object with its names changed in the conditions that it sets over its properties."""
    names = {
        name: edits[child["x-place"]].name or name
        for name, child in (schema.get("properties") or {}).items()
        if child.get("x-place") in edits
    }
    conditions = _CONDITIONS.intersection(new) if names else frozenset()
    return {**new, **{key: _requiring(new[key], names, key == "dependentRequired") for key in conditions}}


_CONDITIONS = frozenset(("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependentRequired"))


def conditional(schema: Schema) -> bool:
    """Whether an object's schema sets conditions over several of its properties."""
    return not _CONDITIONS.isdisjoint(schema)


def _requiring(node: Any, names: Mapping[str, str], lists: bool = False) -> Any:
    """A condition on an object with the names in its lists of required properties changed, and in those below them."""
    if isinstance(node, list):
        return [_requiring(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    if lists:
        return {names.get(name, name): [names.get(one, one) for one in needed] for name, needed in node.items()}
    # A condition that describes properties itself has had its names changed with them.
    if "required" in node and "properties" not in node:
        node = {**node, "required": [names.get(name, name) for name in node["required"]]}
    return {
        key: _requiring(value, names, key == "dependentRequired") if key in _CONDITIONS else value
        for key, value in node.items()
    }


def _chain(steps: list[Convert]) -> Convert | None:
    if len(steps) < 2:
        return steps[0] if steps else None

    def run(value: JSON) -> JSON:
        for step in steps:
            value = step(value)
        return value

    return run


def _each(convert: Convert) -> Convert:
    def run(value: JSON) -> JSON:
        return [convert(item) for item in value] if isinstance(value, list) else value

    return run


def _through_all(made: list[tuple[Any, Convert | None, Convert | None]]) -> tuple[Convert | None, Convert | None]:
    """Values of an intersection go through each of its parts, and back in the other order."""
    return _chain([show for _, show, _ in made if show]), _chain([read for _, _, read in reversed(made) if read])


def _choose(
    old: list[Schema], new: list[Schema], made: list[tuple[Any, Convert | None, Convert | None]]
) -> tuple[Convert | None, Convert | None]:
    """Values of a union go through the branch they are valid under; with one branch that does anything, through that."""
    active = [index for index, (_, show, read) in enumerate(made) if show or read]
    if not active:
        return None, None
    if len(active) == 1:
        _, show, read = made[active[0]]
        return show, read
    from jsonschema import Draft202012Validator

    def pick(schemas: list[Schema], converts: list[Convert | None]) -> Convert:
        checks = [Draft202012Validator(schema) for schema in schemas]

        def run(value: JSON) -> JSON:
            for check, convert in zip(checks, converts, strict=True):
                if check.is_valid(value):
                    return convert(value) if convert else value
            return value

        return run

    return pick(old, [show for _, show, _ in made]), pick(new, [read for _, _, read in made])


def _rewrite_object(
    schema: Schema, edits: Mapping[str, Edit], regroup: Regroup | None
) -> tuple[Schema | None, Convert | None, Convert | None]:
    properties: dict[str, Schema] = schema.get("properties") or {}
    new_properties: dict[str, Schema] = {}
    forward: dict[str, tuple[str, Convert | None]] = {}
    backward: dict[str, tuple[str, Convert | None]] = {}
    changed = False
    for name, child in properties.items():
        made, show, read = _rewrite(child, edits, regroup)
        edit = edits.get(child.get("x-place", "")) if isinstance(child, dict) else None
        shown_name = name
        if edit is not None:
            shown_name = edit.name or name
            if edit.schema is not None:
                made = edit.schema(made)
            show = _chain([step for step in (show, edit.show) if step])
            read = _chain([step for step in (edit.read, read) if step])
        if shown_name in new_properties:
            raise ValueError(f"two properties would be shown as {shown_name!r}")
        changed = changed or made is not child or shown_name != name
        new_properties[shown_name] = made
        if shown_name != name or show or read:
            forward[name] = (shown_name, show)
            backward[shown_name] = (name, read)
    values = schema.get("additionalProperties")
    free_schema, free_show, free_read = _rewrite(values, edits, regroup) if isinstance(values, dict) else (values, None, None)
    changed = changed or free_schema is not values
    if not changed:
        return None, None, None
    part: Schema = {}
    if properties:
        part["properties"] = new_properties
    if "required" in schema:
        part["required"] = [forward.get(name, (name, None))[0] for name in schema["required"]]
    if isinstance(values, dict):
        part["additionalProperties"] = free_schema
    if not forward and not free_show and not free_read:
        return part, None, None
    retired = {name for name, (shown, _) in forward.items() if shown != name and name not in new_properties}
    fresh = {shown for shown, (name, _) in backward.items() if shown != name and shown not in properties}
    declared = frozenset(properties)
    new_declared = frozenset(new_properties)

    def show_object(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        shown: dict[str, JSON] = {}
        for key, item in value.items():
            if key in forward:
                name, convert = forward[key]
                shown[name] = convert(item) if convert else item
            elif key in declared:
                shown[key] = item
            else:
                # A free key that looks like a new name is set apart, so that no two keys are ever shown alike.
                name = apart(key, new_declared) if key.rstrip("_") in fresh else key
                shown[name] = free_show(item) if free_show else item
        return shown

    def read_object(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        real: dict[str, JSON] = {}
        for key, item in value.items():
            if key in backward:
                name, convert = backward[key]
                try:
                    real[name] = convert(item) if convert else item
                except ValueError as error:
                    raise Unreadable(key, item, str(error)) from None
            elif key in new_declared:
                real[key] = item
            elif key in retired:
                raise StaleName(key, item)
            else:
                name = joined(key, new_declared) if key.rstrip("_") in fresh else key
                real[name] = free_read(item) if free_read else item
        return real

    return part, show_object, read_object


def apart(name: str, taken: Container[str] = ()) -> str:
    """A free name set apart from one that is in use: with underscores behind it, past those in `taken`."""
    name += "_"
    while name in taken:
        name += "_"
    return name


def joined(name: str, taken: Container[str] = ()) -> str:
    """The name that `apart` was given; a name without an underscore behind it is its own."""
    if not name.endswith("_"):
        return name
    name = name[:-1]
    while name in taken and name.endswith("_"):
        name = name[:-1]
    return name


def kinds_of(schema: Schema) -> frozenset[str]:
    """The JSON types a schema allows, as far as it says so itself; empty where it does not."""
    found: set[str] = set()
    declared = schema.get("type")
    if isinstance(declared, str):
        found.add(declared)
    elif isinstance(declared, list):
        found.update(declared)
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            found |= kinds_of(branch)
    if not found and "enum" in schema:
        names = {
            str: "string",
            bool: "boolean",
            int: "integer",
            float: "number",
            type(None): "null",
            list: "array",
            dict: "object",
        }
        found.update(names[type(value)] for value in schema["enum"])
    return frozenset(found)
