"""Results that mislead, exactly as their docstrings say: stale, contradicted, wrong; the environment stays right."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb import laws, strategies
from perturb.boundary import Boundary
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, lens_for
from perturb.operators.results.contradict import Contradict
from perturb.operators.results.other_values import another, keys_of
from perturb.operators.results.stale import Stale
from perturb.operators.results.wrong_value import Chosen, WrongValue
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Result, Schema, Tool

FIND = Call("find_parcels", {"owner": "Philippa Esterhaus", "speed": "express"})
OTHER = Call("find_parcels", {"owner": "Philippa Esterhaus", "speed": "any"})
NOTE = Call("rename_parcel", {"parcel_id": "P008", "note": "ring twice"})
BAD = Call("rename_parcel", {"parcel_id": "P999", "note": "x"})


def notes(operator: Operator, *calls: Call) -> list[str | None]:
    """What each read in a row of calls says is written on P008."""

    async def drive() -> list[str | None]:
        environment = DEPOT.environment(DEPOT.tasks[0])
        boundary = Boundary(lens_for(operator, Setup.of(DEPOT)), DEPOT.tasks[0], environment)
        found = []
        for call in calls:
            reply = await boundary.call(call.name, call.arguments)
            if call.name == "find_parcels":
                found.append(next(row["note"] for row in reply.data if row["parcel_id"] == "P008"))
        assert environment.subject.parcels["P008"]["note"] == ("ring twice" if NOTE in calls else "fragile: glass")
        assert len(boundary.real_calls) == len(calls), "the environment is asked all the same"
        return found

    return anyio.run(drive)


OLD, NEW = "fragile: glass", "ring twice"


@pytest.mark.parametrize(
    ("times", "calls", "told"),
    [
        (1, [FIND, NOTE, FIND, FIND], [OLD, OLD, NEW]),
        (2, [FIND, NOTE, FIND, FIND, FIND], [OLD, OLD, OLD, NEW]),
        (1, [FIND, FIND], [OLD, OLD]),
        (1, [NOTE, FIND], [NEW]),
        (1, [FIND, NOTE, OTHER], [OLD, NEW]),
        (1, [FIND, BAD, FIND, NOTE, FIND], [OLD, OLD, OLD]),
        (1, [FIND, NOTE, FIND, FIND, NOTE, FIND], [OLD, OLD, NEW, NEW]),
    ],
    ids=["once", "twice", "no write", "first read", "other arguments", "a write that fails", "again after another write"],
)
def test_an_earlier_result_is_given_again_after_a_write(times: int, calls: list[Call], told: list[str]) -> None:
    assert notes(Stale(reads={"find_parcels": times}), *calls) == told


def test_two_episodes_share_nothing() -> None:
    plan = Stale(reads={"find_parcels": 1})
    assert notes(plan, FIND) == [OLD]
    assert notes(plan, NOTE, FIND) == [NEW]


def test_a_result_with_a_new_identifier_is_not_held_back() -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string", "x-identifier": "parcel"}}}}

    class Shelf(Toolset):
        name = "shelf"
        tools = (Tool(name="list", returns=schema, effect="read"), Tool(name="put", effect="write"))

    lens = lens_for(Stale(reads={"list": 1}), Setup.of(Shelf()))
    memory = lens.start()

    def call(name: str, data: Any) -> Any:
        generator = lens.handle(Call(name), memory)
        next(generator)
        with pytest.raises(StopIteration) as stop:
            generator.send(Result(data))
        return stop.value.value.data

    assert call("list", [{"id": "P1"}]) == [{"id": "P1"}]
    call("put", None)
    assert call("list", [{"id": "P1"}, {"id": "P2"}]) == [{"id": "P1"}, {"id": "P2"}]
    call("put", None)
    assert call("list", [{"id": "P1"}]) == [{"id": "P1"}, {"id": "P2"}], "nothing is missing in the earlier one"


def test_reads_and_writes_are_needed() -> None:
    class Reads(Toolset):
        name = "reads"
        tools = (Tool(name="list", effect="read"),)

    assert isinstance(Stale.plan(Setup.of(Reads()), SeededPick(1), 1.0), NotApplicable)


@pytest.mark.parametrize("operator", [Stale, Contradict, WrongValue])
@pytest.mark.parametrize("toolset", ["depot", "airline"])
def test_they_are_adversarial_and_felt_and_gold_survives(operator: type[Operator], toolset: str) -> None:
    gold = Gold(DEPOT if toolset == "depot" else load_toolset(toolset))
    plan = operator.plan(gold.setup, SeededPick(1), 1.0)
    assert isinstance(plan, Operator)
    assert plan.kind == "adversarial"
    assert anyio.run(laws.felt, gold, plan) == []
    for task in gold.toolset.tasks[::5]:
        assert anyio.run(gold.prove, task, plan).status in ("solvable", "not_applicable")


ROWS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "x-identifier": "row"},
            "who": {"type": "string", "x-entity": "person"},
            "city": {"type": "string"},
            "open": {"type": "boolean"},
            "count": {"type": "integer", "minimum": 0, "maximum": 10},
            "price": {"type": ["number", "null"]},
            "day": {"type": "string", "x-date": {"format": "date", "zone": "none"}},
            "state": {"type": "string", "enum": ["new", "old"]},
            "fixed": {"const": 1},
            "place": {"type": "object", "properties": {"floor": {"type": "integer"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["id"],
    },
}


def one_tool(schema: Schema) -> Setup:
    class One(Toolset):
        name = "one"

    One.tools = (Tool(name="t", returns=schema, effect="read"),)
    return Setup.of(One())


SETUP = one_tool(ROWS)
DATA = [
    {"id": "A", "who": "Ada", "city": "Oslo", "open": True, "count": 10, "price": 80.0, "day": "2026-03-01", "state": "new",
     "place": {"floor": 0}},
    {"id": "B", "who": "Bo", "city": "Rome", "open": False, "count": 8, "price": None, "day": "x", "state": "old", "place": {}},
]  # fmt: skip


def keys(schema: Schema = ROWS) -> dict[str, Any]:
    return {".".join(key.path): key for key in keys_of(one_tool(schema).tools[0].returns)}


def test_what_identifies_is_never_touched() -> None:
    assert set(keys()) == {"city", "open", "count", "price", "day", "state", "place.floor"}
    assert set(keys(ROWS["items"])) == {"open", "count", "price", "day", "state", "place.floor"}, "in one record texts stay too"


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("open", {False, True}),
        ("count", {9, 7}),
        ("price", {90.0, 70.0}),
        ("day", {"2026-02-28", "2026-03-02"}),
        ("state", {"old", "new"}),
        ("city", {"Rome", "Oslo"}),
        ("place.floor", {1, -1}),
    ],
)
def test_the_other_value_could_have_stood_there(key: str, values: set[Any]) -> None:
    returns = SETUP.tools[0].returns
    found = [another(returns, DATA, keys()[key], seed) for seed in range(40)]
    assert {one.other for one in found if one is not None} == values
    assert None not in found


def test_the_same_record_is_wrong_in_the_same_way_whatever_else_is_listed() -> None:
    returns = SETUP.tools[0].returns
    first = another(returns, DATA, keys()["count"], 5)
    assert first is not None
    again = another(returns, DATA[::-1], keys()["count"], 5)
    assert again is not None
    assert (first.other, first.row) == (again.other, 1 - (again.row or 0))


@pytest.mark.parametrize("operator", [WrongValue, Contradict])
@given(data=st.data())
def test_one_value_is_wrong_or_one_note_is_and_all_else_is_right(operator: type[Operator], data: st.DataObject) -> None:
    plan = operator.plan(SETUP, SeededPick(data.draw(st.integers(0, 30))), 1.0)
    assert isinstance(plan, WrongValue | Contradict)
    lens = lens_for(plan, SETUP)
    real = data.draw(strategies.values(ROWS))
    shown = lens.show_result(Call("t"), Result(real)).data
    returns = lens.setup.by_name["t"].returns
    assert returns is not None
    if Draft202012Validator(ROWS).is_valid(real):
        Draft202012Validator(returns).validate(shown)
    differing = [(old, new) for old, new in zip(real, shown, strict=True) if old != new]
    assert len(differing) <= 1
    for old, new in differing:
        changed = [name for name in new if name not in old or new[name] != old[name]]
        assert len(changed) == 1
        if isinstance(plan, Contradict):
            assert changed == [plan.name]
            assert lens.read_result(Call("t"), Result(shown)).data == real


def test_a_note_stands_apart_from_what_a_record_holds_already() -> None:
    plan = Contradict(about={"t": Chosen("t>[].count", 1)}, name="note", wording=0)
    lens = lens_for(plan, SETUP)
    real = Result([{"id": "A", "count": 8, "note": "mine", "note_": "too"}])
    shown = lens.show_result(Call("t"), real)
    assert shown.data == [
        {"id": "A", "count": 8, "note_": "mine", "note__": "too", "note": "Correction pending: count is 9, not as shown."}
    ]
    assert lens.read_result(Call("t"), shown) == real


def test_the_name_of_the_note_is_free_and_written_as_the_toolset_writes_its_own() -> None:
    taken = {"type": "object", "properties": {"note": {"type": "integer"}, "seatCount": {"type": "integer"}}}
    plan = Contradict.plan(one_tool(taken), SeededPick(1), 1.0)
    assert isinstance(plan, Contradict)
    assert plan.name == "remark"
