"""What an agent has been told when it makes a call: of tools behind others, of free keys, and of the way out of a failure."""

from __future__ import annotations

from typing import Any

import pytest
from depot import DEPOT

from perturb.knowable import free_keys
from perturb.knowing import Knowing, tools_told
from perturb.operator import Setup, lens_for
from perturb.types import Call, Reply, Schema

PERSON: Schema = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "value", "free"),
    [
        ({"type": "object"}, {"a": 1, "b": {"c": 2}}, ["a", "b", "c"]),
        (PERSON, {"name": "Ada", "age": 7}, []),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "x"}, []),
        ({"type": "object", "properties": {"by": {"type": "object"}}}, {"by": {"city": "Oslo"}}, ["city"]),
        ({"type": "array", "items": {"type": "object"}}, [{"a": 1}], ["a"]),
        ({"anyOf": [{"type": "integer"}, {"type": "array", "items": PERSON}]}, [{"name": "Ada"}], []),
        ({"anyOf": [{"items": {"type": "object"}}, {"items": PERSON}]}, [{"name": "Ada"}], []),
    ],
)
def test_a_key_is_free_where_the_schema_says_nothing_of_keys(schema: Schema, value: Any, free: list[str]) -> None:
    assert list(free_keys(schema, value)) == free


@pytest.mark.parametrize("key", ["inputSchema", "input_schema", "parameters"])
def test_tools_are_read_off_a_reply_in_any_of_the_usual_shapes(key: str) -> None:
    told = tools_told(f'{{"found": [{{"name": "get_user", "description": "Get one.", "{key}": {{"type": "object"}}}}]}}')
    assert [(tool.name, tool.description) for tool in told.values()] == [("get_user", "Get one.")]
    assert tools_told('{"name": "get_user"}') == {}
    assert tools_told(f"no JSON with {key}") == {}


CALL = Call("find_parcels", {"owner": "Casimir Dunleavy"})


def hidden(*exchanges: tuple[Call, str, bool]) -> list[str]:
    """What was not told when a gold call is made by these shown calls, each with its reply and whether it failed."""
    lens = lens_for(None, Setup.of(DEPOT))
    tools = lens.setup.public_tools
    knowing = Knowing([DEPOT.tasks[0].prompt], tools)
    knowing.begin(CALL, ())
    for number, (call, text, failed) in enumerate(exchanges):
        knowing.send(call, lens, number == 0)
        knowing.hear(call, Reply(text, failed), failed)
    knowing.end()
    return [one for one in knowing.hidden if "nothing in" in one]


DONE = (CALL, "[]", False)
OTHER = Call("renew", {})


@pytest.mark.parametrize(
    ("exchanges", "told"),
    [
        ([DONE], True),
        ([(CALL, "No such owner.", True)], True),
        ([(CALL, "Busy, try again later.", True), DONE], True),
        ([(CALL, "Busy.", True), DONE], False),
        ([(CALL, "Call `renew`, then go on.", True), (OTHER, "ok", False), DONE], True),
        ([(CALL, "Please sign in again.", True), (OTHER, "ok", False), DONE], False),
        ([(CALL, "Busy.", True), (OTHER, "ok", False)], False),
        ([(CALL, "Gone: use `locate` instead.", True), (Call("locate", CALL.arguments), "[]", False)], True),
        ([(CALL, "Gone: use `belongs_to`.", True), (Call(CALL.name, {"belongs_to": "x"}), "[]", False)], True),
        ([(CALL, "Busy.", True), (CALL, "Busy, try again.", True), DONE], False),
    ],
)
def test_a_failure_that_is_gone_on_from_names_the_way(exchanges: list[tuple[Call, str, bool]], told: bool) -> None:
    assert (hidden(*exchanges) == []) == told


def test_only_a_search_may_lie_between_a_failure_and_the_same_call_again() -> None:
    busy = (CALL, "Busy, try again.", True)
    listed = '{"tools": [{"name": "find_parcels", "description": "", "inputSchema": {"type": "object"}}]}'
    assert hidden(busy, (Call("seek", {"query": ""}), listed, False), DONE) == []
    assert hidden(busy, (Call("seek", {"query": ""}), "[]", False), DONE) != []
