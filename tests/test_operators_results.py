"""Results in other clothes: what is added stays apart from what was there, and what is left out is left out."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb import texts
from perturb.errors import PlanError
from perturb.operator import NotApplicable, SeededPick, Setup, StackLens, lens_for
from perturb.operators import from_json
from perturb.operators.results.drop_fields import DropFields
from perturb.operators.results.extra_fields import ExtraFields
from perturb.operators.results.key_style import KeyStyle
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Result, Tool

SETUP = Setup.of(DEPOT)
FIND = Call("find_parcels", {"owner": "Casimir Dunleavy"})


def lens(plan: dict[str, Any], setup: Setup = SETUP) -> StackLens:
    return lens_for(from_json({"version": 1, **plan}), setup)


def one_tool(tool: Tool) -> Setup:
    class One(Toolset):
        name = "one"

    One.tools = (tool,)
    return Setup.of(One())


def record(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def test_keys_that_would_become_one_stay_as_they_are() -> None:
    setup = one_tool(Tool(name="t", returns=record("user_id", "userId", "first_name")))
    shown = lens({"op": "results.key_style", "styles": {"t": "camel"}}, setup).setup.by_name["t"]
    assert shown.returns is not None
    assert list(shown.returns["properties"]) == ["user_id", "userId", "firstName"]


def test_a_style_is_another_one_than_the_toolsets_own() -> None:
    setup = one_tool(Tool(name="t", returns=record("userId", "firstName")))
    plans = [KeyStyle.plan(setup, SeededPick(seed), 1.0) for seed in range(30)]
    styles = {plan.styles["t"] for plan in plans if isinstance(plan, KeyStyle)}
    assert styles == {"snake", "pascal", "kebab", "screaming"}


def test_a_graphql_field_is_a_name_that_graphql_allows() -> None:
    setup = one_tool(Tool(name="get-user", returns=record("name")))
    shown = lens({"op": "results.envelope", "wrappers": {"get-user": "graphql"}}, setup)
    assert shown.show_result(Call("get-user"), Result({"name": "Ada"})).data == {"data": {"get_user": {"name": "Ada"}}}


def test_a_plan_may_bring_an_envelope_of_its_own() -> None:
    setup = one_tool(Tool(name="get_user", returns=record("name")))
    house = {"beside": {"ok": True, "meta": {"version": 2}}, "path": ["response", "user"]}
    shown = lens({"op": "results.envelope", "wrappers": {"get_user": "own"}, "houses": {"own": house}}, setup)
    result = Result({"name": "Ada"})
    data = {"ok": True, "meta": {"version": 2}, "response": {"user": {"name": "Ada"}}}
    assert shown.show_result(Call("get_user"), result).data == data
    assert shown.read_result(Call("get_user"), Result(data)) == result
    returns = shown.setup.public_tools[0].returns
    assert returns is not None
    assert returns["required"] == ["ok", "meta", "response"]
    assert returns["properties"]["response"]["properties"]["user"] == record("name")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"wrappers": {"get_user": "statsu"}}, "no envelope 'statsu'; did you mean 'status'"),
        ({"wrappers": {"get_user": "own"}, "houses": {"own": {"beside": {}, "path": []}}}, "needs a path to the data"),
        ({"wrappers": {"get_user": "own"}, "houses": {"own": {"beside": {"a": 1}, "path": ["a"]}}}, "needs a path to the data"),
    ],
)
def test_an_envelope_that_cannot_be_made_is_refused(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        lens({"op": "results.envelope", **plan}, one_tool(Tool(name="get_user", returns=record("name"))))


def test_an_envelope_is_outside_of_pages() -> None:
    page = {"op": "results.paginate", "sizes": {"find_parcels": 2}, "argument": "cursor", "next_key": "next_cursor",
            "rows_key": "items", "version": 1}  # fmt: skip
    wrap = {"op": "results.envelope", "wrappers": {"find_parcels": "status"}, "version": 1}
    shown = lens({"op": "stack", "operators": [wrap, page]})
    data = shown.show_result(FIND, Result([{"parcel_id": "P1"}])).data
    assert data == {"status": "ok", "data": {"items": [{"parcel_id": "P1"}], "next_cursor": None}}


def test_further_fields_never_hide_what_a_record_holds() -> None:
    setup = one_tool(Tool(name="t", returns=record("name")))
    shown = lens({"op": "results.extra_fields", "fields": {"t": {"etag": "etag"}}, "seed": 1}, setup)
    real = Result({"name": "Ada", "etag": "mine", "etag_": "too"})
    made = shown.show_result(Call("t"), real)
    assert made.data["etag_"] == "mine"
    assert shown.read_result(Call("t"), made) == real


def test_a_record_has_the_same_further_fields_whenever_it_is_shown() -> None:
    plan = ExtraFields.plan(SETUP, SeededPick(3), 1.0)
    assert isinstance(plan, ExtraFields)
    row = {"parcel_id": "P1"}
    first, second = (lens_for(plan, SETUP).show_result(FIND, Result([row, {"parcel_id": "P2"}])).data for _ in range(2))
    assert first == second
    assert lens_for(plan, SETUP).show_result(FIND, Result([row])).data[0] == first[0]
    assert first[0] != {**first[1], "parcel_id": "P1"}


def test_names_of_further_fields_are_written_as_the_toolset_writes_its_own() -> None:
    setup = one_tool(Tool(name="t", returns=record("firstName", "lastName")))
    plan = ExtraFields.plan(setup, SeededPick(3), 1.0)
    assert isinstance(plan, ExtraFields)
    assert plan.fields["t"]
    assert not any("_" in name for name in plan.fields["t"])


def test_a_map_with_free_keys_gets_no_further_fields() -> None:
    setup = one_tool(Tool(name="t", returns={"type": "object", "additionalProperties": {"type": "integer"}}))
    planned = ExtraFields.plan(setup, SeededPick(3), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "not_declared"


def test_a_log_stands_around_the_text_and_not_in_the_data() -> None:
    plan = {"op": "results.log_noise", "before": {"find_parcels": ["[INFO] up"]}, "after": {"find_parcels": ["[INFO] done"]}}
    made = lens(plan).show_result(FIND, Result([1]))
    assert texts.result_text(made) == "[INFO] up\n[1]\n[INFO] done"
    assert made.data == [1]


def test_rows_keep_their_order_where_it_may_say_something() -> None:
    rows = [{"parcel_id": f"P{number}", "pieces": number} for number in range(9)]
    made = lens({"op": "results.reorder", "orders": {"find_parcels": 5}}).show_result(FIND, Result(rows))
    assert made.data == rows
    assert [list(row) for row in made.data] != [list(row) for row in rows]


def test_what_is_truncated_is_silent_and_still_valid() -> None:
    made = lens({"op": "results.truncate", "percent": {"find_parcels": 30}}).show_result(
        FIND, Result([{"note": "x" * 90}] * 10)
    )
    assert made.data == [{"note": "x" * 90}] * 3, "the note may be null, and is no plain text"


def test_a_dropped_field_is_gone_from_data_and_schema_and_its_loss_is_an_ablation() -> None:
    plan = DropFields(dropped={"find_parcels>[].pieces": True})
    shown = lens_for(plan, SETUP)
    returns = shown.setup.by_name["find_parcels"].returns
    assert returns is not None
    assert "pieces" not in returns["items"]["properties"]
    assert "pieces" not in returns["items"]["required"]
    assert "pieces" not in shown.show_result(FIND, Result([{"parcel_id": "P004", "pieces": 4}])).data[0]


def test_an_ablation_may_hide_what_the_gold_calls_need_and_an_equivalent_operator_may_not() -> None:
    class Claiming(DropFields, frozen=True, kw_only=True):
        promises = "equivalent"

    everything = dict.fromkeys([f"find_parcels>[].{key}" for key in ("weight", "pieces", "address", "tags")], True)
    hidden = DEPOT.task("send")
    proof = anyio.run(Gold(DEPOT).prove, hidden, DropFields(dropped=everything))
    assert proof.status == "solvable"
    assert proof.felt
    assert anyio.run(Gold(DEPOT).prove, hidden, Claiming(dropped=everything)).reason == "value hidden"
