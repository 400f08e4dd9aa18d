"""`schema.dialect`: the same values are allowed by other keywords of JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, RewritingLens, Setup
from perturb.schemas import Edit
from perturb.types import Axis, Schema, Tool

Form = Literal["constants", "enum", "union", "types"]


class Dialect(Operator, frozen=True, kw_only=True):
    """The same values are allowed by other keywords: `enum` ↔ `oneOf` of `const`, a list of types ↔ `anyOf` with null.

    Before: `"cabin": {"type": "string", "enum": ["economy", "business"]}`
    After: `"cabin": {"type": "string", "oneOf": [{"const": "economy"}, {"const": "business"}]}`

    Calls stay as they are. Places are arguments with an enum or that may be null; intensity is their share. Does not apply
    where there is none.
    """

    id: ClassVar[str] = "schema.dialect"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "rendering"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={
                "op": "schema.dialect",
                "version": 1,
                "forms": {"list_seats.cabin": "constants", "list_seats.row": "union"},
            },
            tool=Tool(
                name="list_seats",
                description="List the free seats.",
                parameters={
                    "type": "object",
                    "properties": {
                        "cabin": {"type": "string", "enum": ["economy", "business"], "description": "The cabin."},
                        "row": {"type": ["integer", "null"], "minimum": 1},
                    },
                    "required": ["cabin"],
                },
                effect="read",
            ),
            before={"name": "list_seats"},
            after={
                "name": "list_seats",
                "description": "List the free seats.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "cabin": {
                            "type": "string",
                            "oneOf": [{"const": "economy"}, {"const": "business"}],
                            "description": "The cabin.",
                        },
                        "row": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
                    },
                    "required": ["cabin"],
                },
                "returns": None,
                "effect": "read",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    forms: dict[str, Form] = msgspec.field(default_factory=dict)
    """What each argument's schema becomes."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Dialect | NotApplicable:
        forms: dict[str, Form] = {}
        for tool in setup.tools:
            for place in schemas.places(tool.parameters):
                form = _form(place.schema)
                if form is not None:
                    forms[place.place] = form
        if not forms:
            return NotApplicable("nothing_to_change", "no argument has an enum or may be null")
        return cls(forms={place: forms[place] for place in pick.chosen(forms, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return DialectLens(setup, self.forms)


class DialectLens(RewritingLens):
    """Shows arguments' schemas in other keywords; their values stay."""

    part = "arguments"

    def __init__(self, real: Setup, forms: Mapping[str, Form]) -> None:
        super().__init__(real, {place: Edit(schema=_REWRITE[form]) for place, form in forms.items()})


def _form(schema: Schema) -> Form | None:
    """What a schema can become; `None` where none of its keywords has another way."""
    if "enum" in schema and None not in schema["enum"] and not _unions(schema) and "const" not in schema:
        return "constants"
    if _constants(schema):
        return "enum"
    declared = schema.get("type")
    if isinstance(declared, list) and len(declared) == 2 and "null" in declared and not _unions(schema):
        return "union" if "enum" not in schema and "const" not in schema else None
    return "types" if _nullable_branch(schema) is not None else None


def _unions(schema: Schema) -> list[str]:
    return [key for key in ("anyOf", "oneOf", "allOf", "not", "if") if key in schema]


def _constants(schema: Schema) -> bool:
    """Whether a schema is a `oneOf` of different constants and no more."""
    branches = schema.get("oneOf")
    return bool(branches) and _unions(schema) == ["oneOf"] and all(set(branch) == {"const"} for branch in branches or ())


_OUTER = ("description", "default", "title", "examples")


def _nullable_branch(schema: Schema) -> Schema | None:
    """The schema that a union with null adds null to, where a list of two types can say the same."""
    branches = schema.get("anyOf")
    if not isinstance(branches, list) or len(branches) != 2 or _unions(schema) != ["anyOf"] or "type" in schema:
        return None
    others = [branch for branch in branches if branch != {"type": "null"}]
    if len(others) != 1 or not isinstance(others[0].get("type"), str) or _unions(others[0]):
        return None
    if "enum" in others[0] or "const" in others[0] or any(key in schema for key in others[0]):
        return None
    return dict(others[0])


def _to_constants(schema: Schema) -> Schema:
    if _form(schema) != "constants":
        return schema
    made = {key: value for key, value in schema.items() if key != "enum"}
    return {**made, "oneOf": [{"const": value} for value in schema["enum"]]}


def _to_enum(schema: Schema) -> Schema:
    if not _constants(schema):
        return schema
    made = {key: value for key, value in schema.items() if key != "oneOf"}
    return {**made, "enum": [branch["const"] for branch in schema["oneOf"]]}


def _to_union(schema: Schema) -> Schema:
    if _form(schema) != "union":
        return schema
    outer = {key: value for key, value in schema.items() if key in _OUTER or key.startswith("x-")}
    inner = {key: value for key, value in schema.items() if key not in outer and key != "type"}
    kind = next(one for one in schema["type"] if one != "null")
    return {**outer, "anyOf": [{"type": kind, **inner}, {"type": "null"}]}


def _to_types(schema: Schema) -> Schema:
    branch = _nullable_branch(schema)
    if branch is None:
        return schema
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**outer, **branch, "type": [branch["type"], "null"]}


_REWRITE = {"constants": _to_constants, "enum": _to_enum, "union": _to_union, "types": _to_types}
"""Each change leaves a schema alone that another plan has changed already."""
