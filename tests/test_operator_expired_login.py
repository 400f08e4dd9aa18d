"""A session that expires: what it turns away, what renews it, and what is told of that."""

from __future__ import annotations

from typing import Any

import anyio
from depot import DEPOT

from perturb.boundary import Boundary
from perturb.operator import SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.faults import expired_login
from perturb.operators.faults.expired_login import ExpiredLogin
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Reply, Tool

COUNT = ("count_by_city", {})
RENEW = ("refresh_session", {})
SEND = ("send_parcel", {"parcel_id": "P004", "carrier": "rail", "insured": True, "pieces": 4})


def live(first: int, lasts: int, tools: tuple[str, ...] = ("count_by_city", "send_parcel")) -> Boundary:
    plan = ExpiredLogin(tools=tools, renews="refresh_session", first=first, lasts=lasts)
    return Boundary(lens_for(plan, Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


def refused(boundary: Boundary, *calls: tuple[str, dict[str, Any]]) -> list[bool]:
    return [reply.is_error for reply in anyio.run(boundary.calls, calls)]


def test_a_call_that_is_turned_away_does_nothing_and_says_what_to_do() -> None:
    boundary = live(first=0, lasts=2)
    reply: Reply = anyio.run(boundary.call, *SEND)
    assert reply.is_error
    assert "call `refresh_session`, then make the same call again" in reply.text
    assert "401" in reply.text
    assert "Nothing was changed" in reply.text
    assert boundary.real_calls == []


def test_the_session_lasts_for_some_calls_and_then_again_for_some() -> None:
    boundary = live(first=1, lasts=2)
    calls = [COUNT, COUNT, RENEW, COUNT, COUNT, COUNT, RENEW, COUNT]
    assert [refused(boundary, call)[0] for call in calls] == [False, True, False, False, False, True, False, False]


def test_a_session_may_be_renewed_for_good() -> None:
    boundary = live(first=0, lasts=0)
    assert refused(boundary, COUNT) == [True]
    assert refused(boundary, RENEW, *[COUNT] * 9) == [False] * 10


def test_of_calls_made_at_once_those_that_are_too_many_are_turned_away_in_their_order() -> None:
    boundary = live(first=0, lasts=2)
    assert refused(boundary, COUNT, RENEW, SEND, COUNT, COUNT) == [True, False, False, False, True]
    assert [call.name for call in boundary.real_calls] == ["send_parcel", "count_by_city"]


def test_tools_without_need_of_the_session_go_on_and_use_none_of_it_up() -> None:
    boundary = live(first=1, lasts=1, tools=("count_by_city",))
    owner = ("find_parcels", {"owner": "Casimir Dunleavy"})
    assert refused(boundary, owner, owner, COUNT, COUNT, owner) == [False, False, False, True, False]


def test_the_tool_that_renews_is_listed_and_named_by_those_that_need_it() -> None:
    tools = {tool.name: tool for tool in live(first=1, lasts=1).tools}
    assert "refresh_session" in tools["count_by_city"].description
    assert "refresh_session" not in tools["find_parcels"].description
    assert "401" in tools["refresh_session"].description


def test_its_name_is_written_as_the_toolset_writes_its_own() -> None:
    class Camel(Toolset):
        name = "camel"
        dumps_state = False
        tools = (Tool(name="getUser"), Tool(name="listOrders"))

    planned = ExpiredLogin.plan(Setup.of(Camel()), SeededPick(1), 1.0)
    assert isinstance(planned, ExpiredLogin)
    assert planned.renews in {"refreshSession", "renewSession", "refreshLogin", "renewAccessToken", "signInAgain"}


def test_a_way_out_that_is_not_told_is_found_out(monkeypatch: Any) -> None:
    plan = ExpiredLogin(tools=("find_parcels",), renews="refresh_session", first=0, lasts=0)
    gold = Gold(DEPOT)
    assert anyio.run(gold.prove, DEPOT.task("send"), plan).status == "solvable"

    def terse(self: Any, call: Call) -> Any:
        return self.real.source.refusal("unauthenticated", tool=call.name)

    monkeypatch.setattr(expired_login.ExpiredLoginLens, "_expired", terse)
    proof = anyio.run(gold.prove, DEPOT.task("send"), plan)
    assert proof.reason == "value hidden"
    assert "says what to do next" in proof.detail


def test_a_merged_tool_needs_the_session_where_what_it_stands_for_does() -> None:
    merge = {
        "op": "toolset.merge",
        "version": 1,
        "tools": {"parcels": {"selector": "action", "actions": {"count": "count_by_city", "find": "find_parcels"}}},
    }
    plan = {
        "op": "faults.expired_login",
        "version": 1,
        "tools": ["count_by_city"],
        "renews": "refresh_session",
        "first": 0,
        "lasts": 0,
    }
    lens = lens_for(from_json({"op": "stack", "operators": [merge, plan]}), Setup.of(DEPOT))
    boundary = Boundary(lens, DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))
    find = ("parcels", {"action": "find", "owner": "Casimir Dunleavy"})
    assert refused(boundary, find, ("parcels", {"action": "count"})) == [False, True]
    assert by_id("faults.expired_login") is ExpiredLogin
