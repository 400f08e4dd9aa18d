"""`environment.scale`: ten times the rows, in which everything that a task needs stays where it was."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb.authoring import Growth
from perturb.knowable import leaves
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators.environment.entities import Entities
from perturb.operators.environment.identified import own_identifiers, with_identifiers
from perturb.operators.environment.scale import Scale
from perturb.replay import Gold, run_gold
from perturb.toolset import Toolset
from perturb.types import Call, Result, to_json

SPECS = ["airline", "agentdojo:workspace"]


def loaded(spec: str) -> Toolset:
    if spec.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    return load_toolset(spec)


def plan(toolset: Toolset, intensity: float = 1.0, seed: int = 1) -> Scale:
    made = Scale.plan(Setup.of(toolset), SeededPick(seed), intensity)
    assert isinstance(made, Scale)
    return made


def grown(toolset: Toolset, lens: StackLens, task_id: str | None = None) -> Any:
    """An environment of a task in the larger world."""
    environment: Any = toolset.environment(toolset.task(task_id) if task_id else toolset.tasks[0])
    environment.load(lens.load_state(environment.dump()))
    return environment


def table(state: Any, path: str) -> Any:
    for step in path.split("/")[1:]:
        state = state[step]
    return state


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.slow
def test_there_is_ten_times_as_much_and_it_comes_back(spec: str, seed: int) -> None:
    toolset = loaded(spec)
    lens = lens_for(plan(toolset, seed=seed), Setup.of(toolset))
    environment: Any = toolset.environment(toolset.tasks[0])
    before = environment.dump()
    state = lens.load_state(before)
    for growth in toolset.growth.values():
        old, new = table(before, growth.counts), table(state, growth.counts)
        assert len(new) >= 10 * len(old)
        assert {key: new[key] for key in old} == old
        assert list(new)[: len(old)] != list(old), "further rows stand among the others"
    environment.load(state)
    assert to_json(lens.read_state(environment.dump())) == to_json(before)
    environment.close()


@pytest.mark.parametrize("spec", SPECS)
def test_rows_are_made_the_same_again_and_of_what_the_state_is_made_of(spec: str) -> None:
    toolset = loaded(spec)
    environment: Any = toolset.environment(toolset.tasks[0])
    state = environment.dump()
    environment.close()
    for growth in toolset.growth.values():
        first, second = growth.rows(state, 40, 5), growth.rows(state, 40, 5)
        assert to_json(first) == to_json(second)
        assert to_json(growth.rows(state, 40, 6)) != to_json(first)
        assert len(first[growth.counts]) == 40
        for path, rows in first.items():
            like = next(iter(table(state, path).values()))
            assert not rows.keys() & table(state, path).keys()
            for row in rows.values():
                assert row.keys() == like.keys()
                assert all(value is None or like[key] is None or type(value) is type(like[key]) for key, value in row.items())


def test_the_further_rows_of_the_airline_work() -> None:
    airline = load_toolset("airline")
    lens = lens_for(plan(airline), Setup.of(airline))
    environment = grown(airline, lens)
    state = environment.dump()
    new = [
        row
        for key, row in state["reservations"].items()
        if key not in airline.environment(airline.tasks[0]).dump()["reservations"]
    ]
    assert len(new) > 1500
    for row in new[::200]:
        found = environment.call(Call("get_reservation", {"reservation_id": row["reservation_id"]}))
        assert isinstance(found, Result)
        assert found.data["legs"][0]["departure"].startswith(found.data["legs"][0]["date"])
    upcoming = next(row for row in new if row["status"] == "confirmed" and row["fare"] == "flex")
    cancelled = environment.call(
        Call("cancel_reservation", {"reservation_id": upcoming["reservation_id"], "reason": "change_of_plans"})
    )
    assert cancelled.data["refund"] > 0
    environment.close()


def test_results_grow_and_read_as_they_were() -> None:
    airline = load_toolset("airline")
    gold = Gold(airline)
    task = airline.task("later-flight-home")
    lens = lens_for(plan(airline), gold.setup)

    async def both() -> tuple[Any, Any]:
        return await gold.clean(task), await run_gold(airline, task, lens)

    clean, run = anyio.run(both)
    sizes = [
        (len(one.reply.data), len(other.reply.data))
        for one, other in zip(clean.steps, run.steps, strict=True)
        if isinstance(one.reply.data, list)
    ]
    assert any(larger >= 3 * smaller for smaller, larger in sizes), sizes
    assert [answer.data for answer in run.answers] == [answer.data for answer in clean.answers]
    assert run.felt


def test_what_is_done_to_a_further_row_fails_the_task() -> None:
    airline = load_toolset("airline")
    task = airline.task("new-phone")
    lens = lens_for(plan(airline), Setup.of(airline))
    environment = grown(airline, lens, task.id)
    for call in task.gold or ():
        environment.call(call)
    fresh: Any = airline.environment(task)

    def passes() -> bool:
        fresh.load(lens.read_state(environment.dump()))
        return airline.check(task, fresh, task.answer, task.gold or ())

    assert passes()
    stranger = next(key for key in environment.dump()["customers"] if key.startswith("C-5"))
    environment.call(Call("update_contact", {"customer_id": stranger, "phone": "+47 555 0000"}))
    assert not passes()


def test_a_further_row_that_is_gone_is_seen() -> None:
    workspace = loaded("agentdojo:workspace")
    task = workspace.task("user_task_35")
    lens = lens_for(plan(workspace), Setup.of(workspace))
    for also, passes in ((None, True), ("100", False)):
        environment = grown(workspace, lens, task.id)
        for call in [*(task.gold or ()), *([Call("delete_file", {"file_id": also})] if also else [])]:
            assert isinstance(environment.call(call), Result)
        fresh: Any = workspace.environment(task)
        fresh.load(lens.read_state(environment.dump()))
        assert workspace.check(task, fresh, "", ()) is passes


def test_what_is_new_in_a_larger_world_has_a_higher_number() -> None:
    workspace = loaded("agentdojo:workspace")
    gold = Gold(workspace)
    task = workspace.task("user_task_32")
    made = plan(workspace)
    run = anyio.run(run_gold, workspace, task, lens_for(made, gold.setup))
    assert run.steps[1].reply.data["id_"] == "260"
    assert run.steps[2].call.arguments["file_id"] == "260"
    assert run.real[2] is not None
    assert run.real[2].arguments["file_id"] == "26"
    assert "26" in run.state["cloud_drive"]["files"]
    assert run.passed


def test_numbers_go_round_so_that_no_two_are_told_alike() -> None:
    lens = lens_for(plan(DEPOT), Setup.of(DEPOT)).layers[0]
    numbers = [*range(40), 999_999_990, 1_000_000_002, 1_000_000_021]
    told = [lens._show_id("driver", str(number)) for number in numbers]  # type: ignore[attr-defined]
    assert len(set(told)) == len(numbers)
    assert [lens._read_id("driver", one) for one in told] == [str(number) for number in numbers]  # type: ignore[attr-defined]
    assert lens._show_id("driver", "007") == "007"  # type: ignore[attr-defined]
    assert lens._show_id("parcel", "5") == "5"  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", SPECS)
def test_names_that_are_brought_in_are_not_given_to_others(spec: str) -> None:
    toolset = loaded(spec)
    setup = Setup.of(toolset)
    stack, left_out = Stack.of([Scale, Entities], setup, lambda name: SeededPick(4, name), 1.0)
    assert not left_out
    scale, entities = stack.operators
    assert isinstance(entities, Entities)
    brought = lens_for(scale, setup).layers[0].words
    given = {word.lower() for name in entities.names.values() for word in re.findall(r"[^\W\d_]+", name)}
    old = {word.lower() for name in entities.names for word in re.findall(r"[^\W\d_]+", name.split(":")[1])}
    assert brought
    assert not (given - old) & brought


ROWS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "x-identifier": "file"},
            "of": {"type": "object", "properties": {"owner": {"x-identifier": "person"}}},
            "parts": {"type": "array", "items": {"type": "string", "x-identifier": "file"}},
            "also": {"anyOf": [{"type": "null"}, {"type": "string", "x-identifier": "file"}]},
        },
    },
}


def test_rows_are_known_by_their_own_identifiers_alone() -> None:
    row = {"id": "a", "of": {"owner": "p"}, "parts": ["b"], "also": "c", "free": "d"}
    assert set(own_identifiers(ROWS["items"], row)) == {("file", "a"), ("person", "p"), ("file", "c")}
    kept = with_identifiers(
        ROWS,
        [row, {"id": "x", "parts": ["a"]}, {"id": "y", "parts": ["b", "x"]}],
        lambda kind, value: f"{kind}:{value}",
        lambda schema, item: not any(value == "x" for _, value in own_identifiers(schema, item)),
    )
    assert kept == [
        {"id": "file:a", "of": {"owner": "person:p"}, "parts": ["file:b"], "also": "file:c", "free": "d"},
        {"id": "file:y", "parts": ["file:b"]},
    ]
    assert with_identifiers(ROWS, [row], lambda kind, value: value)[0] is row


def test_intensity_is_how_much_there_is_of_how_many_things() -> None:
    airline = load_toolset("airline")
    assert plan(airline, 0.0).times == {}
    assert list(plan(airline, 0.3).times.values()) == [4]
    assert sorted(plan(airline).times) == ["customers", "flights", "reservations"]
    assert set(plan(airline).times.values()) == {10}


def test_where_nothing_may_grow_it_does_not_apply() -> None:
    class Bare(Toolset):
        name = "bare"

    class Sealed(Toolset):
        name = "sealed"
        growth = {"things": Growth(rows=lambda state, count, seed: {}, counts="/things", kind="thing")}  # noqa: RUF012
        dumps_state = False

    for toolset in (Bare(), Sealed()):
        made = Scale.plan(Setup.of(toolset), SeededPick(1), 1.0)
        assert isinstance(made, NotApplicable)
        assert made.reason == "not_declared"


def test_no_further_name_is_one_that_a_task_knows() -> None:
    airline = load_toolset("airline")
    environment: Any = airline.environment(airline.tasks[0])
    state = environment.dump()
    environment.close()
    people = airline.growth["customers"].rows(state, 288, 3)["/customers"]
    known = {word for name in airline.entities["person"] for word in name.split()}
    assert not known & {
        str(leaf) for row in people.values() for leaf in leaves({key: row[key] for key in ("first_name", "last_name")})
    }
    assert len({(row["first_name"], row["last_name"]) for row in people.values()}) == 288
