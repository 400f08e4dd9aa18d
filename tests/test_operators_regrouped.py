"""`results.nest` and `results.flatten`: keys move, and nothing is lost, taken for another, or hidden."""

from __future__ import annotations

from typing import Any

import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb import laws, strategies
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators import from_json
from perturb.operators.results.flatten import FlattenKeys
from perturb.operators.results.key_style import KeyStyle
from perturb.operators.results.nest import NestKeys
from perturb.operators.vocabulary.groups import groupings, rest_of
from perturb.toolset import Toolset
from perturb.types import Call, Result, Schema, Tool

T = Call("t")
ADDRESS = {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}, "required": ["city"]}


def one_tool(returns: Schema, description: str = "") -> Setup:
    class One(Toolset):
        name = "one"

    One.tools = (Tool(name="t", description=description, returns=returns, effect="read"),)
    return Setup.of(One())


def record(*names: str, required: tuple[str, ...] = (), **more: Any) -> Schema:
    properties = {name: {"type": "string"} for name in names} | {
        name: child for name, child in more.items() if name != "closed"
    }
    closed = {"additionalProperties": False} if more.get("closed") else {}
    return {"type": "object", "properties": properties, "required": list(required), **closed}


def lens(plan: dict[str, Any], setup: Setup) -> StackLens:
    return lens_for(from_json({"version": 1, **plan}), setup)


def nested(setup: Setup, seed: int = 1) -> NestKeys:
    plan = NestKeys.plan(setup, SeededPick(seed), 1.0)
    assert isinstance(plan, NestKeys), plan
    return plan


def names(plan: NestKeys) -> dict[str, list[str]]:
    return {group.name: list(group.keys.values()) for group in plan.groups.values()}


@pytest.mark.parametrize(
    ("keys", "groups"),
    [
        (["id", "email", "phone"], {"contact": ["email", "phone"]}),
        (["id", "first_name", "last_name", "city"], {"name": ["first_name", "last_name"]}),
        (["fare", "change_fee", "cancellation_fee", "bag_fee"], {"fees": ["change", "cancellation", "bag"]}),
        (["id", "card_brand", "card_last4"], {"card": ["brand", "last4"]}),
        (["id", "kind", "balance"], {"attributes": ["kind", "balance"]}),
        (["id", "startTime", "endTime", "x"], {"period": ["startTime", "endTime"]}),
        (["id", "changeFee", "bagFee", "x"], {"fees": ["change", "bag"]}),
    ],
)
def test_keys_that_belong_together_stand_under_a_name_that_says_so(keys: list[str], groups: dict[str, list[str]]) -> None:
    assert names(nested(one_tool(record(*keys)))) == groups


def test_a_group_never_takes_all_keys_of_a_record_nor_the_name_of_one() -> None:
    assert isinstance(NestKeys.plan(one_tool(record("email", "phone")), SeededPick(1), 1.0), NotApplicable)
    assert list(names(nested(one_tool(record("id", "email", "phone", "contact"))))) == ["contact_details"]


def test_names_are_written_as_the_record_writes_its_own() -> None:
    keys = ("userId", "firstName", "lastName", "name", "fullName", "shoeSize")
    assert list(names(nested(one_tool(record(*keys))))) == ["personName"]


def test_no_key_is_in_two_groups() -> None:
    keys = ["id", "origin", "destination", "departure", "arrival", "change_fee", "bag_fee", "change_reason", "status", "read"]
    taken = [key for group in groupings(keys) for key in group.keys]
    assert len(taken) == len(set(taken))
    rest = rest_of(["id", "a", "b", "other_id"], ["other_id"])
    assert rest is not None
    assert list(rest.keys) == ["a", "b"]


def test_lists_at_the_root_stay_where_pages_are_cut() -> None:
    setup = one_tool(record("id", "kind", "note", legs={"type": "array", "items": {"type": "string"}}))
    assert names(nested(setup)) == {"attributes": ["kind", "note"]}


def test_what_is_required_and_closed_stays_so() -> None:
    setup = one_tool(record("id", "email", "phone", required=("id", "email"), closed=True))
    returns = lens_for(nested(setup), setup).setup.by_name["t"].returns
    assert returns is not None
    assert returns["required"] == ["id", "contact"]
    assert returns["properties"]["contact"]["required"] == ["email"]
    assert returns["properties"]["contact"]["additionalProperties"] is False


@pytest.mark.parametrize("data", [{"id": "1"}, {"id": "1", "email": "a", "contact": "mine", "contact_": "too"}, {}, "x", [1]])
def test_what_is_not_as_declared_is_told_from_what_has_moved(data: Any) -> None:
    setup = one_tool(record("id", "email", "phone"))
    shown = lens_for(nested(setup), setup)
    made = shown.show_result(T, Result(data))
    assert shown.read_result(T, made).data == data
    if isinstance(data, dict) and "contact" in data:
        assert made.data == {"id": "1", "contact": {"email": "a"}, "contact_": "mine", "contact__": "too"}


def test_a_mention_of_a_key_that_has_another_name_is_carried_along() -> None:
    setup = one_tool(record("id", "change_fee", "bag_fee"), "Gives the `change_fee` of a fare.")
    shown = lens_for(nested(setup), setup)
    assert shown.setup.by_name["t"].description == "Gives the `fees.change` of a fare."
    assert list(laws.coherent(shown)) == []


def test_groups_follow_keys_that_have_another_style() -> None:
    setup = one_tool(record("id", "change_fee", "bag_fee"))
    styled = KeyStyle(styles={"t": "camel"})
    inner = lens_for(styled, setup).setup
    plan = nested(inner)
    stack = lens_for(Stack(operators=(styled, plan)), setup)
    assert stack.show_result(T, Result({"id": "1", "change_fee": "2", "bag_fee": "3"})).data == {
        "id": "1", "fees": {"change": "2", "bag": "3"},
    }  # fmt: skip


def test_rows_in_unions_and_maps_are_records_too() -> None:
    inner = record("id", "email", "phone")
    setup = one_tool({"type": "object", "properties": {"found": {"anyOf": [inner, {"type": "null"}]}}, "required": ["found"]})
    shown = lens_for(nested(setup), setup)
    data = {"found": {"id": "1", "email": "a", "phone": "b"}}
    made = shown.show_result(T, Result(data)).data
    assert made == {"found": {"id": "1", "contact": {"email": "a", "phone": "b"}}}
    assert shown.read_result(T, Result(made)).data == data
    assert shown.show_result(T, Result({"found": None})).data == {"found": None}


def flat(schema: Schema, joint: str = "dot") -> tuple[StackLens, Schema]:
    setup = one_tool(schema)
    made = lens({"op": "results.flatten", "joints": {"t>address": joint, "t>labels": joint}}, setup)
    returns = made.setup.by_name["t"].returns
    assert returns is not None
    return made, returns


@pytest.mark.parametrize(("joint", "key"), [("dot", "address.city"), ("word", "address_city")])
def test_keys_of_an_object_move_up(joint: str, key: str) -> None:
    shown, returns = flat(record("id", required=("id", "address"), address=ADDRESS), joint)
    assert returns["required"] == ["id", key]
    assert shown.show_result(T, Result({"id": "1", "address": {"city": "Turku"}})).data == {"id": "1", key: "Turku"}


def test_joined_names_are_written_as_the_record_writes_its_own() -> None:
    inner = {"type": "object", "properties": {"postalCode": {"type": "string"}}, "required": ["postalCode"]}
    shown, _ = flat(record("userId", required=("address",), address=inner), "word")
    assert shown.show_result(T, Result({"address": {"postalCode": "5"}})).data == {"addressPostalCode": "5"}


def test_an_object_that_may_be_empty_and_left_out_stays() -> None:
    loose = {"type": "object", "properties": {"city": {"type": "string"}}}
    assert isinstance(FlattenKeys.plan(one_tool(record("id", address=loose)), SeededPick(1), 1.0), NotApplicable)
    assert isinstance(
        FlattenKeys.plan(one_tool(record("id", required=("address",), address=loose)), SeededPick(1), 1.0), FlattenKeys
    )
    assert isinstance(FlattenKeys.plan(one_tool(record("id", address=ADDRESS)), SeededPick(1), 1.0), FlattenKeys)


def test_a_name_that_is_taken_keeps_an_object_down() -> None:
    taken = record("id", "address_city", address=ADDRESS)
    joints = [FlattenKeys.plan(one_tool(taken), SeededPick(seed), 1.0) for seed in range(20)]
    assert {one.joints["t>address"] for one in joints if isinstance(one, FlattenKeys)} == {"dot"}


def test_a_map_moves_up_as_a_pattern() -> None:
    labels = {"type": "object", "additionalProperties": {"type": "string"}, "description": "By name."}
    shown, returns = flat(record("id", labels=labels))
    assert returns["patternProperties"] == {r"^labels\.": {"type": "string", "description": "By name."}}
    data = {"id": "1", "labels": {"a.b": "x", "": "y"}}
    made = shown.show_result(T, Result(data)).data
    assert made == {"id": "1", "labels.a.b": "x", "labels.": "y"}
    assert shown.read_result(T, Result(made)).data == data
    Draft202012Validator(returns).validate(made)
    assert shown.show_result(T, Result({"labels": {}})).data == {"labels": {}}


LOOSE = st.dictionaries(
    st.sampled_from(["id", "address", "labels", "address.city", "_address.city", "labels.x", "city", "", "_"]),
    st.sampled_from([None, {}, "x", 5, {"city": "T"}, {"street": "S", "other": 1}, {"other": {}}, [], {"": "x"}]),
)


@pytest.mark.parametrize("always", [True, False])
@given(one=LOOSE, other=LOOSE)
def test_whatever_a_record_holds_reads_back_and_stays_apart(always: bool, one: Any, other: Any) -> None:
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    required = ("address", "labels") if always else ()
    shown, _ = flat(record("id", required=required, address=ADDRESS, labels=labels))
    made, second = (shown.show_result(T, Result(data)) for data in (one, other))
    assert shown.read_result(T, made).data == one
    assert (made.data == second.data) == (one == other)


@pytest.mark.parametrize("operator", [NestKeys, FlattenKeys])
@given(data=st.data())
def test_every_declared_result_of_the_depot_reads_back(operator: type[NestKeys | FlattenKeys], data: st.DataObject) -> None:
    setup = Setup.of(DEPOT)
    plan = operator.plan(setup, SeededPick(data.draw(st.integers(0, 5))), 1.0)
    assert not isinstance(plan, NotApplicable)
    shown = lens_for(plan, setup)
    tool = data.draw(st.sampled_from([one for one in setup.tools if one.returns is not None]))
    real = Result(data.draw(strategies.values(tool.returns or {})))
    call = Call(tool.name)
    assert shown.read_result(call, shown.show_result(call, real)).data == real.data


def test_they_are_two_directions_and_not_for_one_stack() -> None:
    stack, left = Stack.of([NestKeys, FlattenKeys], Setup.of(DEPOT), SeededPick, 1.0)  # type: ignore[arg-type]
    assert [one.id for one in stack.operators] == ["results.nest"]
    assert left["results.flatten"].reason == "conflict"


def test_both_bite_on_real_toolsets() -> None:
    for toolset in ("airline", "agentdojo:workspace"):
        if toolset.startswith("agentdojo"):
            pytest.importorskip("agentdojo")
        setup = Setup.of(load_toolset(toolset))
        for operator in (NestKeys, FlattenKeys):
            assert not isinstance(operator.plan(setup, SeededPick(1), 1.0), NotApplicable), (toolset, operator.id)
