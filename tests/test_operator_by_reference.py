"""Large results as links: what is linked, how it is read, and for how long."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
from depot import DEPOT
from jsonschema import Draft202012Validator

from perturb.boundary import Boundary
from perturb.operator import Setup, lens_for
from perturb.operators import from_json
from perturb.types import Reply

PLAN: dict[str, Any] = {
    "op": "results.by_reference",
    "version": 1,
    "tools": ["find_parcels", "count_by_city", "rename_parcel"],
    "reads": "read_resource",
    "root": "resource://results/",
    "larger_than": 100,
}
FIND = ("find_parcels", {"owner": "Casimir Dunleavy"})


def live(*plans: dict[str, Any]) -> Boundary:
    plan = {"op": "stack", "operators": list(plans)}
    return Boundary(lens_for(from_json(plan), Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


def called(boundary: Boundary, name: str, arguments: dict[str, Any]) -> Reply:
    return anyio.run(boundary.call, name, arguments)


def test_a_large_result_is_a_link_and_what_it_points_to_the_result() -> None:
    boundary = live(PLAN)
    clean = called(live(), *FIND)
    link = called(boundary, *FIND)
    assert link.data["type"] == "resource_link"
    assert link.data["size"] == len(clean.text)
    assert link.data["mimeType"] == "application/json"
    assert called(boundary, "read_resource", {"uri": link.data["uri"]}).text == clean.text
    assert called(boundary, "read_resource", {"uri": link.data["uri"]}).text == clean.text, "it is still there"
    assert len(boundary.real_calls) == 1


def test_both_forms_are_declared_and_the_way_to_read_is_told() -> None:
    boundary = live(PLAN)
    tool = next(one for one in boundary.tools if one.name == "find_parcels")
    assert "call `read_resource` with its `uri`" in tool.description
    assert tool.returns is not None
    validator = Draft202012Validator(tool.returns)
    assert validator.is_valid(called(boundary, *FIND).data)
    assert validator.is_valid(called(live(), *FIND).data)


def test_small_results_other_tools_and_failures_come_as_they_are() -> None:
    boundary, clean = live(PLAN), live()
    for name, arguments in (
        ("count_by_city", {}),
        ("rename_parcel", {"parcel_id": "P999", "note": "x"}),
        ("tag_parcels", {"parcel_ids": [f"P{number:03d}" for number in range(1, 12)], "tag": "late"}),
    ):
        assert called(boundary, name, arguments) == called(clean, name, arguments)


def test_a_later_result_of_the_same_call_has_another_link() -> None:
    boundary = live(PLAN)
    before = called(boundary, *FIND).data["uri"]
    called(boundary, "rename_parcel", {"parcel_id": "P001", "note": "call first"})
    after = called(boundary, *FIND).data["uri"]
    assert before != after
    first, second = (called(boundary, "read_resource", {"uri": uri}).text for uri in (before, after))
    assert "call first" not in first
    assert "call first" in second


def test_a_link_of_another_episode_is_refused_and_the_refusal_says_what_to_give() -> None:
    uri = called(live(PLAN), *FIND).data["uri"]
    for value in (uri, "resource://results/", None, ["x"]):
        reply = called(live(PLAN), "read_resource", {"uri": value})
        assert reply.is_error
        assert "Give the `uri` of a link that a call was answered with." in reply.text


def test_each_page_may_be_a_link() -> None:
    pages = {
        "op": "results.paginate",
        "version": 1,
        "sizes": {"find_parcels": 2},
        "argument": "cursor",
        "next_key": "next_cursor",
        "rows_key": "items",
    }
    boundary = live(pages, PLAN)
    rows: list[Any] = []
    arguments = dict(FIND[1])
    while True:
        link = called(boundary, "find_parcels", arguments).data
        page = msgspec.json.decode(called(boundary, "read_resource", {"uri": link["uri"]}).text)
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        arguments["cursor"] = page["next_cursor"]
    assert rows == called(live(), *FIND).data
