"""Batches that are done in part: the state in between, the rest, and how both results make one."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb.boundary import Boundary
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import from_json
from perturb.operators.faults.joining import joinable, joined
from perturb.operators.faults.partial import Partial
from perturb.toolset import Toolset
from perturb.types import Reply, Schema, Tool

PLAN: dict[str, Any] = {
    "op": "faults.partial",
    "version": 1,
    "cuts": {"tag_parcels": 1},
    "percent": {"tag_parcels": 70},
    "done_key": "results",
    "rest_key": "unprocessed",
}
MERGE: dict[str, Any] = {
    "op": "toolset.merge",
    "version": 1,
    "tools": {"parcels": {"selector": "action", "actions": {"tag": "tag_parcels", "find": "find_parcels"}}},
}
LISTED: Schema = {"type": "array", "items": {"type": "string"}}


def live(*plans: dict[str, Any]) -> Boundary:
    plan = {"op": "stack", "operators": list(plans)}
    return Boundary(lens_for(from_json(plan), Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


def tagged(boundary: Boundary) -> list[str]:
    state: Any = boundary.environment.dump()
    return [number for number, one in state["parcels"].items() if "urgent" in one["tags"]]


def tag(boundary: Boundary, ids: Any, name: str = "tag_parcels", **others: Any) -> Reply:
    return anyio.run(boundary.call, name, {"parcel_ids": ids, "tag": "urgent", **others})


def test_some_are_done_the_rest_is_named_and_the_next_call_with_it_does_it() -> None:
    boundary = live(PLAN)
    first = tag(boundary, ["P001", "P002", "P003"])
    assert not first.is_error
    assert [one["parcel_id"] for one in first.data["results"]] == ["P001", "P002"]
    assert first.data["unprocessed"] == ["P003"]
    assert first.data["message"].startswith("2 of 3 items were done.")
    assert "call again with `unprocessed`" in first.data["message"]
    assert tagged(boundary) == ["P001", "P002"], "the state in between is truly partial"
    second = tag(boundary, first.data["unprocessed"])
    assert second.data == {"results": [{"parcel_id": "P003", "status": "tagged"}], "unprocessed": None}
    assert tagged(boundary) == ["P001", "P002", "P003"]


def test_a_rest_of_several_is_done_whole_and_other_batches_are_cut_meanwhile() -> None:
    boundary = live({**PLAN, "cuts": {"tag_parcels": 2}, "percent": {"tag_parcels": 40}})
    first = tag(boundary, ["P001", "P002", "P003", "P004"])
    other = tag(boundary, ["P006", "P007"])
    assert (first.data["unprocessed"], other.data["unprocessed"]) == (["P002", "P003", "P004"], ["P007"])
    assert tag(boundary, first.data["unprocessed"]).data["unprocessed"] is None
    assert tag(boundary, other.data["unprocessed"]).data["unprocessed"] is None
    assert tag(boundary, ["P008", "P009"]).data["unprocessed"] is None, "two batches were to be cut"


def test_who_sends_the_whole_batch_again_does_the_first_items_twice() -> None:
    boundary = live(PLAN)
    tag(boundary, ["P001", "P002", "P003"])
    tag(boundary, ["P001", "P002", "P003"])
    state: Any = boundary.environment.dump()
    assert [state["parcels"][number]["tags"].count("urgent") for number in ("P001", "P002", "P003")] == [2, 2, 1]


@pytest.mark.parametrize("ids", [["P001"], [], "P001"])
def test_what_cannot_be_cut_goes_through_as_it_is(ids: Any) -> None:
    boundary = live(PLAN)
    reply = tag(boundary, ids)
    clean = tag(live(), ids)
    assert reply.is_error == clean.is_error
    if not reply.is_error:
        assert reply.data == {"results": clean.data, "unprocessed": None}


def test_the_rest_comes_in_the_form_that_the_call_takes_it_in() -> None:
    text = {
        "op": "arguments.retype",
        "version": 1,
        "forms": {"tag_parcels.parcel_ids": {"change": "list_to_text", "separator": "|"}},
    }
    boundary = live(text, PLAN)
    first = tag(boundary, "P001|P002|P003|P004")
    assert first.data["unprocessed"] == "P003|P004"
    assert tag(boundary, first.data["unprocessed"]).data["unprocessed"] is None
    assert tagged(boundary) == ["P001", "P002", "P003", "P004"]


def test_a_batch_in_a_merged_tool_is_cut_and_its_schema_says_so() -> None:
    boundary = live(MERGE, PLAN)
    first = tag(boundary, ["P001", "P002"], name="parcels", action="tag")
    assert '"unprocessed":["P002"]' in first.text
    assert tagged(boundary) == ["P001"]
    found = anyio.run(boundary.call, "parcels", {"action": "find", "owner": "Casimir Dunleavy"})
    assert "unprocessed" not in found.text


def test_a_batch_is_declared_and_never_guessed() -> None:
    class Undeclared(Toolset):
        name = "undeclared"
        dumps_state = False
        tools = tuple(
            Tool(
                name=f"do_{number}",
                parameters={"type": "object", "properties": {"ids": LISTED}},
                returns=returns,
                batch=batch,
            )
            for number, (batch, returns) in enumerate([(None, LISTED), ("ids", None), ("ids", {"type": "string"})])
        )

    planned = Partial.plan(Setup.of(Undeclared()), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "not_declared"


@pytest.mark.parametrize(
    ("schema", "first", "rest", "both"),
    [
        (LISTED, ["a"], ["b"], ["a", "b"]),
        ({"type": "object", "additionalProperties": LISTED}, {"a": ["x"]}, {"a": ["x"], "b": []}, {"a": ["x"], "b": []}),
        (
            {"type": "object", "properties": {"done": LISTED, "gone": LISTED}},
            {"done": ["a"], "gone": []},
            {"done": [], "gone": ["b"]},
            {"done": ["a"], "gone": ["b"]},
        ),
    ],
)
def test_two_results_make_one(schema: Schema, first: Any, rest: Any, both: Any) -> None:
    assert joinable(schema)
    assert joined(schema, first, rest) == both


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "string"},
        {"type": "object"},
        {"type": "object", "properties": {"rows": LISTED, "total": {"type": "integer"}}},
    ],
)
def test_other_results_are_not_told_by_their_parts(schema: Schema | None) -> None:
    assert not joinable(schema)
