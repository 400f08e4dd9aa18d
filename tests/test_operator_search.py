"""Tools behind a catalogue: how they are found, how they are called, and what is refused."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb import laws
from perturb.boundary import Boundary
from perturb.operator import SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.toolset import search
from perturb.operators.toolset.ranking import Ranking
from perturb.replay import Gold
from perturb.types import Call, Reply, Tool

NAMES = ["find_parcels", "count_by_city", "send_parcel", "rename_parcel", "tag_parcels"]
PLAN: dict[str, Any] = {
    "op": "toolset.search",
    "version": 1,
    "tools": NAMES,
    "finds": "search_tools",
    "calls": "call_tool",
    "size": 2,
}
OWNER = {"owner": "Casimir Dunleavy"}


def live(*plans: dict[str, Any]) -> Boundary:
    plan = {"op": "stack", "operators": list(plans)}
    return Boundary(lens_for(from_json(plan), Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


def called(boundary: Boundary, name: str, /, **arguments: Any) -> Reply:
    return anyio.run(boundary.call, name, arguments)


def test_an_empty_query_pages_through_all_tools_each_once_and_as_they_would_be_shown() -> None:
    boundary = live(PLAN)
    assert [tool.name for tool in boundary.tools] == ["search_tools", "call_tool"]
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"query": ""}
    while True:
        page = called(boundary, "search_tools", **asked).data
        assert page["total"] == len(NAMES)
        assert len(page["tools"]) <= 2
        found += page["tools"]
        if page["nextCursor"] is None:
            break
        asked = {"query": "", "cursor": page["nextCursor"]}
    assert [one["name"] for one in found] == NAMES
    shown = {tool.name: tool for tool in Setup.of(DEPOT).public_tools}
    for one in found:
        tool = shown[one["name"]]
        assert one["description"] == tool.description
        assert one["inputSchema"] == tool.parameters
        assert one["outputSchema"] == tool.returns
    assert boundary.real_calls == []


def test_what_a_query_is_about_comes_first() -> None:
    boundary = live(PLAN)
    page = called(boundary, "search_tools", query="Tag some parcels").data
    assert page["tools"][0]["name"] == "tag_parcels"
    assert called(boundary, "search_tools", query="cities").data["tools"][0]["name"] == "count_by_city"
    nothing = called(boundary, "search_tools", query="submarine").data
    assert nothing == {"tools": [], "total": 0, "nextCursor": None}


def test_a_word_counts_more_in_a_name_and_the_rarer_it_is() -> None:
    tools = [
        Tool(name="get_user", description="Get a user, and their invoices too."),
        Tool(name="listInvoices", description="Get them all."),
        Tool(name="get_order", description="Get an order."),
        Tool(name="get-weibo-trending", description="获取微博热搜榜"),
    ]
    ranking = Ranking(tools)
    assert ranking.best("invoice") == [1, 0]
    assert ranking.best("get order")[0] == 2
    assert ranking.best("热搜") == [3]
    assert ranking.best("  ") == [0, 1, 2, 3]
    assert Ranking([]).best("get") == []


def test_a_tool_is_called_by_its_name_and_gives_what_it_gave() -> None:
    boundary = live(PLAN)
    reply = called(boundary, "call_tool", name="find_parcels", arguments=OWNER)
    assert reply.text == called(live(), "find_parcels", **OWNER).text
    assert boundary.real_calls == [Call("find_parcels", OWNER)]
    assert called(boundary, "call_tool", name="count_by_city").is_error is False, "no arguments are an empty object"


def test_what_is_behind_the_catalogue_is_called_in_no_other_way_and_the_rest_not_through_it() -> None:
    boundary = live({**PLAN, "tools": ["find_parcels"]})
    assert called(boundary, "find_parcels", **OWNER).text == DEPOT_UNKNOWN.format("find_parcels")
    assert boundary.steps[-1].stale
    assert called(boundary, "call_tool", name="count_by_city", arguments={}).text == DEPOT_UNKNOWN.format("count_by_city")
    assert not boundary.steps[-1].stale
    assert boundary.real_calls == []
    assert not called(boundary, "count_by_city").is_error


DEPOT_UNKNOWN = '{{"error":{{"code":"unknown_tool","message":"Unknown tool: {}"}}}}'


def test_an_unknown_name_is_refused_as_the_toolset_refuses_it() -> None:
    boundary = live(PLAN)
    through = called(boundary, "call_tool", name="open_parcel", arguments={})
    assert through == called(live(), "open_parcel")
    assert called(boundary, "call_tool", name="call_tool", arguments={}).text == DEPOT_UNKNOWN.format("call_tool")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("search_tools", {"query": ["tag"]}, "an empty one pages through all tools"),
        ("search_tools", {"query": "", "cursor": "0a1b"}, "leave it out for the first page"),
        ("search_tools", {"query": "tag", "cursor": "EMPTY"}, "of the same query"),
        ("call_tool", {"arguments": {}}, "Give the name of a tool that `search_tools` finds."),
        ("call_tool", {"name": "find_parcels", "arguments": "{}"}, "fits the `inputSchema`"),
    ],
)
def test_a_refusal_says_what_to_give(name: str, arguments: dict[str, Any], told: str) -> None:
    boundary = live(PLAN)
    if arguments.get("cursor") == "EMPTY":
        arguments = {**arguments, "cursor": called(boundary, "search_tools", query="").data["nextCursor"]}
    reply = called(boundary, name, **arguments)
    assert reply.is_error
    assert told in reply.text
    assert boundary.real_calls == []


def test_tools_that_other_operators_add_stand_behind_the_catalogue_too() -> None:
    login = {
        "op": "faults.expired_login",
        "version": 1,
        "tools": ["count_by_city"],
        "renews": "refresh_session",
        "first": 0,
        "lasts": 3,
    }
    boundary = live(login, {**PLAN, "tools": [*NAMES, "refresh_session"]})
    assert called(boundary, "search_tools", query="expired session").data["tools"][0]["name"] == "refresh_session"
    replies = [
        called(boundary, "call_tool", name=name, arguments={}) for name in ("count_by_city", "refresh_session", "count_by_city")
    ]
    assert [reply.is_error for reply in replies] == [True, False, False]


def test_a_catalogue_that_keeps_the_schemas_to_itself_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(tool: Tool) -> dict[str, Any]:
        return {"name": tool.name, "description": tool.description}

    monkeypatch.setattr(search, "_listed", named)
    proof = anyio.run(Gold(DEPOT).prove, DEPOT.task("send"), from_json(PLAN))
    assert proof.status == "unsolvable"
    assert proof.reason == "value hidden"
    assert "the argument 'carrier'" in proof.detail


def test_codes_behind_a_catalogue_are_told_by_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    recode = by_id("arguments.recode_enum").plan(Setup.of(DEPOT), SeededPick(1), 1.0)
    stack = Stack(operators=(recode, from_json(PLAN)))
    assert anyio.run(Gold(DEPOT).prove, DEPOT.task("send"), stack).status == "solvable"
    silent = search._listed

    def uncoded(tool: Tool) -> dict[str, Any]:
        told = silent(tool)
        properties = {name: {**child, "description": ""} for name, child in tool.parameters["properties"].items()}
        return {**told, "description": "", "inputSchema": {**tool.parameters, "properties": properties}}

    monkeypatch.setattr(search, "_listed", uncoded)
    proof = anyio.run(Gold(DEPOT).prove, DEPOT.task("send"), stack)
    assert "what stands for 'rail'" in proof.detail


def test_what_a_catalogue_tells_is_held_to_coherence() -> None:
    renames = {"op": "toolset.live_migration", "version": 1, "names": {"send_parcel": "ship_crate"}, "after": 1}
    over = Stack(operators=(from_json({**PLAN, "tools": ["find_parcels"]}), from_json(renames)))
    found = [violation for stage in lens_for(over, Setup.of(DEPOT)).stages() for violation in laws.coherent(stage)]
    assert {one.law for one in found} == {4}, "`find_parcels` speaks of `send_parcel`, which nobody has any longer"
    assert by_id("toolset.search").id in by_id("toolset.live_migration").conflicts
