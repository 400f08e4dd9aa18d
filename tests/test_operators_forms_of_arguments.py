"""The operators that spell, order and wrap arguments, and those over how schemas are written."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
import pytest
from depot import DEPOT
from jsonschema import Draft202012Validator
from test_renaming_operators import Desk, bound, order_desk

from perturb import schemas
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.replay import Gold
from perturb.types import Call, Failure, Tool, to_json


def with_plan(plan: dict[str, Any], toolset: Desk) -> Any:
    return lens_for(from_json({"version": 1, **plan}), Setup.of(toolset))


def one_tool(**properties: Any) -> Desk:
    required = [name for name, schema in properties.items() if "default" not in schema]
    schema = {"type": "object", "properties": properties, "required": required}
    return Desk(Tool(name="get_orders", description="Get orders.", parameters=schema))


@pytest.mark.parametrize("operator_id", ["arguments.reorder", "toolset.shuffle"])
def test_an_order_is_felt_and_survives_json(operator_id: str) -> None:
    plan, lens = bound(operator_id, DEPOT)
    proof = anyio.run(Gold(DEPOT).prove, DEPOT.tasks[0], plan)
    assert (proof.status, proof.felt) == ("solvable", True)
    back = lens_for(from_json(msgspec.json.decode(to_json(plan.to_json()))), Setup.of(DEPOT))
    assert msgspec.json.encode(back.setup.public_tools) == msgspec.json.encode(lens.setup.public_tools)
    assert msgspec.json.encode(lens.setup.public_tools) != msgspec.json.encode(Setup.of(DEPOT).public_tools)


def test_an_order_alone_is_felt_without_required_arguments() -> None:
    toolset = one_tool(a={"type": "string", "default": ""}, b={"type": "string", "default": ""})
    _, lens = bound("arguments.reorder", toolset)
    assert list(lens.setup.tools[0].parameters["properties"]) == ["b", "a"]
    assert lens_for(bound("arguments.reorder", toolset)[0], Setup.of(toolset)).changes_tools


def test_mentions_follow_the_case_style() -> None:
    toolset = order_desk()
    names = {"get_order.order_id": "orderId", "cancel_order.order_id": "orderId"}
    lens = with_plan({"op": "arguments.case_style", "names": names}, toolset)
    assert lens.setup.by_name["get_order"].description.startswith("Get the order with this `orderId`.")
    assert lens.show_call(Call("get_order", {"order_id": "A1"})) == Call("get_order", {"orderId": "A1"})
    refused = lens.read_call(Call("get_order", {"order_id": "A1"}))
    assert isinstance(refused, Failure)
    assert refused.stale


def test_siblings_that_would_be_spelt_alike_keep_their_names() -> None:
    toolset = one_tool(user_id={"type": "string"}, userId={"type": "string"}, open_only={"type": "boolean"})
    for seed in range(8):
        plan, lens = bound("arguments.case_style", toolset, seed=seed)
        assert len(lens.setup.tools[0].parameters["properties"]) == 3
        assert len({name.lower() for name in plan.names.values()}) == len(plan.names)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "arguments",
    [
        {"payload": {"id": 7}},
        {"payload": "not JSON"},
        {"payload": "[7]"},
        {"payload": '{"id": NaN}'},
        {"id": 7},
        {"payload": '{"id": 7}', "id": 7},
    ],
)
def test_a_text_that_holds_no_object_is_refused(arguments: dict[str, Any]) -> None:
    plan = {"op": "arguments.wrap", "wrappings": {"get_orders": {"name": "payload", "form": "text"}}}
    answer = with_plan(plan, one_tool(id={"type": "integer"})).read_call(Call("get_orders", arguments))
    assert isinstance(answer, Failure)
    assert answer.stale


def test_a_text_is_described_by_its_schema() -> None:
    plan = {"op": "arguments.wrap", "wrappings": {"get_orders": {"name": "payload", "form": "text"}}}
    lens = with_plan(plan, one_tool(id={"type": "integer", "description": "The buyer."}))
    told = lens.setup.public_tools[0].parameters["properties"]["payload"]["description"]
    assert '"description": "The buyer."' in told
    assert "x-place" not in told
    assert lens.read_call(Call("get_orders", {"payload": ' {"id": 7} '})) == Call("get_orders", {"id": 7})


def test_a_failure_names_the_argument_where_it_stands_now() -> None:
    plan = {"op": "arguments.wrap", "wrappings": {"get_orders": {"name": "request", "form": "object"}}}
    lens = with_plan(plan, one_tool(id={"type": "integer"}))
    failure = Failure("invalid_argument", "The argument 'id' is wrong.", tool="get_orders", field="id")
    shown = lens.show_failure(Call("get_orders"), failure)
    assert (shown.message, shown.field) == ("The argument 'request.id' is wrong.", "request.id")
    assert lens.read_failure(Call("get_orders"), shown) == failure


def test_strict_reads_null_as_left_out() -> None:
    row = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": ["x"]}
    toolset = one_tool(id={"type": "integer"}, rows={"type": "array", "items": row}, open={"type": "boolean", "default": False})
    _, lens = bound("schema.strict", toolset)
    shown = lens.show_call(Call("get_orders", {"id": 7, "rows": [{"x": 1}]}))
    assert shown.arguments == {"id": 7, "rows": [{"x": 1, "y": None}], "open": None}
    assert Draft202012Validator(lens.setup.public_tools[0].parameters).is_valid(shown.arguments)
    assert lens.read_call(shown) == Call("get_orders", {"id": 7, "rows": [{"x": 1}]})
    told = lens.setup.tools[0].parameters
    assert told["required"] == ["id", "rows", "open"]
    assert told["additionalProperties"] is False
    assert told["properties"]["rows"]["items"]["required"] == ["x", "y"]
    assert told["properties"]["open"]["description"] == "Null for the default, false."


@pytest.mark.parametrize(
    "meant",
    [
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        {"default": ""},
        {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
    ],
)
def test_strict_leaves_tools_alone_where_null_or_a_free_key_means_something(meant: dict[str, Any]) -> None:
    setup = Setup.of(one_tool(id={"type": "integer"}, note=meant))
    planned = by_id("schema.strict").plan(setup, SeededPick(1, "x"), 1.0)
    assert isinstance(planned, NotApplicable)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "oneOf": [{"const": "a"}, {"const": "b"}]}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}),
        ({"type": ["integer", "null"], "minimum": 1}, {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, {"type": ["number", "null"]}),
    ],
)
def test_a_dialect_allows_the_same_values(before: dict[str, Any], after: dict[str, Any]) -> None:
    _, lens = bound("schema.dialect", one_tool(it=before))
    shown = lens.setup.public_tools[0].parameters["properties"]["it"]
    assert shown == after
    for value in ("a", "b", "c", 1, 0, 2.5, None, True):
        assert Draft202012Validator(before).is_valid(value) == Draft202012Validator(after).is_valid(value)


def test_references_lead_back_to_the_schema_that_was() -> None:
    _, lens = bound("schema.references", DEPOT)
    for tool in Setup.of(DEPOT).public_tools:
        shown = lens.setup.by_name[tool.name]
        assert schemas.inline(schemas.strip(shown.parameters)) == tool.parameters
    assert set(lens.setup.by_name["send_parcel"].parameters["$defs"]) == {"Address", "Carrier"}


def test_two_definitions_never_share_a_name() -> None:
    toolset = one_tool(
        home={"type": "object", "properties": {"kind": {"enum": ["a"]}}},
        work={"type": "object", "properties": {"kind": {"enum": ["b"]}}},
        other={"type": "object", "properties": {"kind": {"enum": ["a"]}}},
    )
    _, lens = bound("schema.references", toolset)
    parameters = lens.setup.public_tools[0].parameters
    assert schemas.inline(parameters) == Setup.of(toolset).public_tools[0].parameters
    assert set(parameters["$defs"]) == {"Kind", "Kind2", "Home", "Work"}
