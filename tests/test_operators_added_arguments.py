"""`arguments.constant`, `.optional_noise`, `.opaque` and `.drop_types`: what is demanded, dropped, hidden and withheld."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from real_toolsets import livemcp
from test_renaming_operators import Desk, a_call, order_desk, tools_only

from perturb import laws, schemas
from perturb.loading import load_toolset
from perturb.operator import Lens, NotApplicable, Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.arguments.constant import ConstantArgument
from perturb.operators.arguments.opaque import OpaqueArguments
from perturb.replay import Gold
from perturb.types import Call, Failure, Tool, to_json


def bound(plan: dict[str, Any], toolset: Desk) -> Lens:
    return lens_for(from_json({"version": 1, **plan}), Setup.of(toolset))


def one_tool(**properties: Any) -> Desk:
    return Desk(Tool(name="get_orders", description="Get orders.", parameters={"type": "object", "properties": properties}))


VERSION = {"op": "arguments.constant", "constants": {"get_orders": {"name": "api_version", "value": "2.0"}}}


@pytest.mark.parametrize("given", [{}, {"api_version": "2"}, {"api_version": 2.0}, {"api_version": None}, {"user": 1}])
def test_a_call_without_the_constant_is_refused(given: dict[str, Any]) -> None:
    refused = bound(VERSION, one_tool(user={"type": "integer"})).read_call(Call("get_orders", given))
    assert isinstance(refused, Failure)
    assert (refused.field, refused.stale) == ("api_version", True)


def test_the_value_is_told_by_the_description_alone() -> None:
    lens = bound(VERSION, one_tool())
    made = lens.setup.public_tools[0].parameters
    assert made["required"] == ["api_version"]
    assert made["properties"]["api_version"] == {
        "type": "string",
        "description": 'The version of this API, always "2.0". A call without it is refused.',
    }


def test_a_constant_that_is_not_told_is_noticed() -> None:
    gold = Gold(DEPOT)
    plan = ConstantArgument.plan(gold.setup, SeededPick(1), 1.0)
    assert isinstance(plan, ConstantArgument)
    assert anyio.run(gold.prove, DEPOT.task("count"), plan).status == "solvable"
    lens = lens_for(plan, gold.setup)
    for tool in lens.setup.tools:
        tool.parameters["properties"][plan.constants["count_by_city"].name].pop("description")
    assert anyio.run(gold.prove, DEPOT.task("count"), plan, lens).reason == "value hidden"


def test_an_api_has_one_constant() -> None:
    plan = ConstantArgument.plan(Setup.of(load_toolset("airline")), SeededPick(3), 1.0)
    assert isinstance(plan, ConstantArgument)
    assert len(set(map(str, plan.constants.values()))) == 1


NOISE = {"op": "arguments.optional_noise", "added": {"get_orders": ["trace_id", "telemetry"]}}
ANY = st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
NAMES = st.sampled_from(["user", "trace_id", "trace_id_", "telemetry", "telemetry__", "api_version", "api_version_"])


@given(real=st.dictionaries(NAMES, ANY), sent=ANY)
@pytest.mark.parametrize("plan", [NOISE, VERSION])
def test_arguments_that_happen_to_be_called_so_are_told_apart(plan: dict[str, Any], real: Any, sent: Any) -> None:
    lens = bound(plan, one_tool(user={"type": "integer"}))
    shown = lens.show_call(Call("get_orders", real))
    assert to_json(lens.read_call(shown)) == to_json(Call("get_orders", real))
    if plan is NOISE:
        noisy = Call("get_orders", {**shown.arguments, "trace_id": sent, "telemetry": sent})
        assert to_json(lens.read_call(noisy)) == to_json(Call("get_orders", real))


def test_noise_is_declared_and_never_demanded() -> None:
    setup = Setup.of(load_toolset("airline"))
    for seed in range(8):
        plan = by_id("arguments.optional_noise").plan(setup, SeededPick(seed), 1.0)
        assert isinstance(plan, Operator)
        for old, new in zip(setup.public_tools, lens_for(plan, setup).setup.public_tools, strict=True):
            added = new.parameters["properties"].keys() - old.parameters["properties"].keys()
            assert 1 <= len(added) <= 3
            assert new.parameters.get("required") == old.parameters.get("required")
            assert all(new.parameters["properties"][name]["description"].endswith(".") for name in added)


def opaque(properties: dict[str, Any], description: str = "Get orders.") -> OpaqueArguments:
    tool = Tool(name="get_orders", description=description, parameters={"type": "object", "properties": properties})
    plan = OpaqueArguments.plan(Setup.of(Desk(tool)), SeededPick(1), 1.0)
    assert isinstance(plan, OpaqueArguments)
    return plan


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"description": "Number of the user."}, "equivalent"),
        ({"description": "用户编号"}, "equivalent"),
        ({"items": {"description": "One user each."}, "type": "array"}, "equivalent"),
        ({"anyOf": [{"type": "string", "description": "Number of the user."}, {"type": "null"}]}, "equivalent"),
        ({"description": "User"}, "ablation"),
        ({"description": "7"}, "ablation"),
        ({}, "ablation"),
    ],
)
def test_it_is_an_ablation_where_nothing_says_what_an_argument_is(said: dict[str, Any], kind: str) -> None:
    plan = opaque({"user": {"type": "string", **said}})
    assert plan.kind == kind
    assert plan.untold == (() if kind == "equivalent" else ("get_orders.user",))


def test_two_of_one_description_are_not_told_apart_and_a_docstring_tells() -> None:
    same = {"type": "string", "description": "A code of three letters."}
    assert opaque({"from": same, "to": same}).untold == ("get_orders.from", "get_orders.to")
    text = {"type": "string"}
    told = "Get orders.\n\nArgs:\n    user: Number of the user.\n    page: Which page to get."
    assert opaque({"user": text, "page": text}, told).untold == ()


def test_one_name_has_one_number_everywhere_and_prompts_follow() -> None:
    toolset = order_desk()
    toolset.tools = tuple(msgspec.structs.replace(tool, returns=None) for tool in toolset.tools)
    plan = OpaqueArguments.plan(Setup.of(toolset), SeededPick(1), 1.0)
    assert isinstance(plan, OpaqueArguments)
    number = plan.names["get_order.order_id"]
    assert plan.names["cancel_order.order_id"] == number
    assert plan.names["cancel_order.refunds[].amount"] != number
    lens = lens_for(plan, Setup.of(toolset))
    assert lens.setup.system == f"Never call cancel_order without an `{number}` from get_order."
    assert "order_id" not in str(lens.setup.public_tools[0].parameters)
    refused = lens.read_call(Call("get_order", {"order_id": "A1"}))
    assert isinstance(refused, Failure)
    assert refused.stale


def test_two_names_that_were_one_have_two_numbers() -> None:
    """Another operator may have given them names of their own, in which failures speak of them."""
    inner = {"type": "object", "properties": {"amount": {"type": "number", "x-unit": "USD"}}}
    setup = Setup.of(one_tool(amount=inner))
    units = by_id("arguments.units").plan(setup, SeededPick(1), 1.0)
    assert isinstance(units, Operator)
    plan = OpaqueArguments.plan(lens_for(units, setup).setup, SeededPick(1), 1.0)
    assert isinstance(plan, OpaqueArguments)
    assert len(set(plan.names.values())) == 2


def test_airlines_arguments_are_all_told() -> None:
    """Passengers' names and all the others can be known by their descriptions."""
    plan = OpaqueArguments.plan(Setup.of(load_toolset("airline")), SeededPick(1), 1.0)
    assert isinstance(plan, OpaqueArguments)
    assert plan.kind == "equivalent"


def types_left(node: Any) -> list[Any]:
    """The types below the root of a schema."""
    found = []
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("properties", "$defs"):
                found += [
                    one for child in value.values() for one in ([child["type"]] if "type" in child else []) + types_left(child)
                ]
            elif isinstance(value, (dict, list)) and key not in ("enum", "const", "default", "examples", "not"):
                if isinstance(value, dict) and "type" in value:
                    found.append(value["type"])
                found += types_left(value)
    elif isinstance(node, list):
        for item in node:
            found += ([item["type"]] if isinstance(item, dict) and "type" in item else []) + types_left(item)
    return found


def test_no_type_is_left_and_every_call_stays_valid() -> None:
    seen = 0
    for name, tools in livemcp().items():
        setup = Setup.of(tools_only(name, tools))
        plan = by_id("arguments.drop_types").plan(setup, SeededPick(1), 1.0)
        if isinstance(plan, NotApplicable):
            continue
        lens = lens_for(plan, setup)
        calls = [a_call(tool) for tool in setup.tools]
        assert [str(one) for one in laws.valid(lens, calls)] == []
        for old, new in zip(setup.public_tools, lens.setup.public_tools, strict=True):
            seen += 1
            assert types_left(new.parameters) == []
            assert new.parameters["type"] == "object"
            names = [list(one) for one in schemas.siblings(old.parameters)]
            assert [list(one) for one in schemas.siblings(new.parameters)] == names
    assert seen > 200


@pytest.mark.parametrize(
    ("schema", "bare", "valid"),
    [
        ({"type": ["string", "null"], "enum": ["a", None]}, {"enum": ["a", None]}, "a"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, {"default": None}, "a"),
        ({"oneOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}]}, {"anyOf": [{"maxLength": 1}, {}]}, "a"),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"oneOf": [{"const": "a"}, {"const": "b"}]}, "a"),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, {"allOf": [{"minLength": 1}]}, "a"),
        ({"type": "array", "items": {"type": "string", "description": "One."}}, {"items": {"description": "One."}}, ["a"]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"additionalProperties": {}}, {"a": "b"}),
        ({"type": "string", "not": {"type": "null"}}, {"not": {"type": "null"}}, "a"),
    ],
)
def test_what_a_schema_says_besides_stays(schema: dict[str, Any], bare: dict[str, Any], valid: Any) -> None:
    lens = bound({"op": "arguments.drop_types", "tools": ["get_orders"]}, one_tool(type=schema))
    made = lens.setup.public_tools[0].parameters
    assert made == {"type": "object", "properties": {"type": bare}}
    assert Draft202012Validator(made).is_valid({"type": valid})
