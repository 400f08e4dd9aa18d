"""Schemas at work: what inlining and marking keep, and how edits follow keywords that name properties."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from perturb import schemas
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for, public
from perturb.operators import from_json
from perturb.operators.arguments.nest import Group, Nest
from perturb.schemas import Edit
from perturb.toolset import Toolset
from perturb.types import Call, Result, Schema, Tool


def shown(parameters: Schema) -> Schema:
    """What an agent is shown of a tool's parameters in the clean setup."""
    return public(schemas.annotate(Tool(name="t", parameters=parameters))).parameters


@pytest.mark.parametrize("name", ["definitions", "$defs", "$ref", "enum", "default", "properties", "x-place", "required"])
def test_an_argument_may_be_called_like_a_keyword(name: str) -> None:
    parameters = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    assert shown(parameters) == parameters


def test_listed_values_are_data_even_where_they_look_like_schemas() -> None:
    value = {"$ref": "#/$defs/A", "definitions": 1, "x-note": 2}
    parameters = {"type": "object", "properties": {"a": {"const": value, "default": value, "enum": [value]}}}
    assert shown(parameters) == parameters


@pytest.mark.parametrize(("boolean", "schema"), [(True, {}), (False, {"not": {}})])
def test_an_argument_with_a_boolean_schema_is_kept(boolean: bool, schema: Schema) -> None:
    parameters = {"type": "object", "properties": {"data": boolean}, "required": ["data"]}
    assert shown(parameters) == {**parameters, "properties": {"data": schema}}


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("#/properties/from", {"type": "object", "properties": {"city": {"type": "string"}}}),
        ("#/properties/from/properties/city", {"type": "string"}),
        ("#/$defs/a~1b", {"type": "integer"}),
        ("#/definitions/Stop/properties/at", {"type": "number"}),
    ],
)
def test_a_reference_may_point_anywhere_in_the_schema(reference: str, target: Schema) -> None:
    parameters = {
        "type": "object",
        "properties": {
            "from": {"type": "object", "properties": {"city": {"type": "string"}}},
            "to": {"$ref": reference, "description": "There."},
        },
        "$defs": {"a/b": {"type": "integer"}},
        "definitions": {"Stop": {"type": "object", "properties": {"at": {"type": "number"}}}},
    }
    assert shown(parameters)["properties"]["to"] == {**target, "description": "There."}


def test_a_schema_within_itself_is_open_where_it_comes_again() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    parameters = {"type": "object", "properties": {"first": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}}
    assert shown(parameters)["properties"]["first"] == {"type": "object", "properties": {"next": {}}}


@pytest.mark.parametrize(
    ("keywords", "call"),
    [
        ({"anyOf": [{"required": ["email"]}, {"required": ["phone"]}]}, {"email": "a"}),
        ({"oneOf": [{"required": ["email"]}, {"required": ["phone"]}]}, {"phone": "1"}),
        ({"allOf": [{"anyOf": [{"required": ["email"]}, {"required": ["phone"]}]}]}, {"email": "a"}),
        ({"not": {"required": ["email", "phone"]}}, {"email": "a"}),
        ({"dependentRequired": {"email": ["phone"]}}, {"email": "a", "phone": "1"}),
        ({"if": {"required": ["email"]}, "then": {"required": ["phone"]}}, {"email": "a", "phone": "1"}),
    ],
)
def test_a_rename_follows_where_properties_are_required_under_a_condition(keywords: Schema, call: dict[str, Any]) -> None:
    place = {"x-place": "t.email", "type": "string"}
    schema = {"type": "object", "properties": {"email": place, "phone": {"type": "string"}}, **keywords}
    made = schemas.rewrite(schema, {"t.email": Edit(name="mail")})
    assert made.show is not None
    assert made.read is not None
    for value in (call, {}, {"email": "a"}, {"email": "a", "phone": "1"}):
        assert Draft202012Validator(schema).is_valid(value) == Draft202012Validator(made.schema).is_valid(made.show(value))
        assert made.read(made.show(value)) == value
    assert "email" not in str([made.schema[key] for key in keywords])


def test_every_part_of_an_intersection_is_rewritten() -> None:
    def part(name: str) -> Schema:
        return {"properties": {name: {"x-place": f"t.{name}", "type": "string"}}, "required": [name]}

    schema = {"type": "object", "allOf": [part("email"), part("phone")]}
    made = schemas.rewrite(schema, {"t.email": Edit(name="mail"), "t.phone": Edit(name="call")})
    assert made.show is not None
    assert made.read is not None
    value = {"email": "a", "phone": "1", "mail": "b", "note": "c"}
    assert made.read(made.show(value)) == value
    assert made.show({"email": "a", "phone": "1"}) == {"mail": "a", "call": "1"}


def test_a_tool_with_conditions_over_its_arguments_is_not_nested() -> None:
    either = [{"required": ["email"]}, {"required": ["phone"]}]
    parameters = {"type": "object", "properties": {"email": {"type": "string"}, "phone": {"type": "string"}}, "anyOf": either}
    assert schemas.conditional(parameters)
    assert not schemas.conditional({key: value for key, value in parameters.items() if key != "anyOf"})
    tool = schemas.annotate(Tool(name="find_user", parameters=parameters))
    setup = Setup("", (tool,), Toolset())
    assert Nest.plan(setup, SeededPick(1), 1.0) == NotApplicable("nothing_to_change", "no tool has arguments")
    plan = Nest(groups={"find_user": Group("query", "The query.", ("email",))})
    assert lens_for(plan, setup).setup is setup


def test_a_free_key_called_like_a_new_name_is_kept_apart_from_declared_ones() -> None:
    schema = {"type": "object", "properties": {"mail": {"x-place": "t>mail"}, "from_": {}}, "additionalProperties": True}
    made = schemas.rewrite(schema, {"t>mail": Edit(name="from")})
    assert made.show is not None
    assert made.read is not None
    for value in ({"from_": 1, "from": 2, "mail": 3}, {"from": 2}, {"from__": 1, "from": 2}, {"from_": 1, "from___": 2}):
        shown = made.show(value)
        assert len(shown) == len(value)
        assert made.read(shown) == value


def test_a_page_keeps_an_undeclared_key_called_like_its_cursor() -> None:
    class One(Toolset):
        name = "one"
        dumps_state = False
        tools = (Tool(name="rows", returns={"type": "object", "properties": {"rows": {"type": "array"}}}),)

    plan = {"op": "results.paginate", "version": 1, "sizes": {"rows": 2}}
    names = {"argument": "cursor", "next_key": "next_cursor", "rows_key": "items"}
    lens = lens_for(from_json({**plan, **names}), Setup.of(One()))
    real = Result({"rows": [1, 2, 3], "next_cursor": "mine", "next_cursor_": "too"})
    performing, memory = lens.perform(Call("rows")), lens.start()
    call = next(performing)
    while True:
        handling = lens.handle(call, memory)
        try:
            next(handling)
            handling.send(real)
        except StopIteration as stop:
            shown = stop.value
        try:
            call = performing.send(shown)
        except StopIteration as stop:
            ended = stop.value
            break
    assert ended == real
