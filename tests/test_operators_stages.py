"""What changes in the middle of an episode: names that migrate, and a tool that comes late."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
import pytest
from depot import DEPOT

from perturb.boundary import Boundary
from perturb.operator import NotApplicable, SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.toolset.live_migration import LiveMigration
from perturb.operators.toolset.withhold import Withhold
from perturb.replay import Gold
from perturb.toolset import Task, Toolset
from perturb.types import Call, Reply, Tool

TASK = DEPOT.tasks[0]
MIGRATION = LiveMigration(
    names={"find_parcels": "locate_shipments"},
    arguments={"send_parcel": {"send_parcel.pieces": "parts"}},
    after=2,
)
SILENT = msgspec.structs.replace(MIGRATION, announced="error")
OWNER = {"owner": "Casimir Dunleavy"}
SEND = {"parcel_id": "P004", "carrier": "rail", "insured": True}
FIND = ("find_parcels", OWNER)
COUNT: tuple[str, dict[str, Any]] = ("count_by_city", {})


def live(*operators: Any, task: Task = TASK) -> Boundary:
    return Boundary(lens_for(Stack(operators=operators), Setup.of(DEPOT)), task, DEPOT.environment(task))


def names(boundary: Boundary) -> list[str]:
    return [tool.name for tool in boundary.tools]


def called(boundary: Boundary, *calls: tuple[str, dict[str, Any]]) -> list[Reply]:
    return anyio.run(boundary.calls, calls)


def test_the_notice_is_on_the_last_answer_before_the_change_and_names_all_of_it() -> None:
    boundary = live(MIGRATION)
    (first,) = called(boundary, COUNT)
    assert "Notice" not in first.text
    assert "find_parcels" in names(boundary)
    (second,) = called(boundary, FIND)
    assert second.text.endswith(
        "Notice: the list of tools has changed. `find_parcels` is now called `locate_shipments`. In `send_parcel`, `pieces` is "
        "now `parts`. Use the new names from the next call on; the old ones no longer work."
    )
    assert second.data == called(live(), FIND)[0].data, "structured content stays as it is"
    assert names(boundary)[0] == "locate_shipments"
    (third,) = called(boundary, ("locate_shipments", OWNER))
    assert third == called(live(), FIND)[0]


def test_a_failure_bears_the_notice_too() -> None:
    boundary = live(msgspec.structs.replace(MIGRATION, after=1))
    (failed,) = called(boundary, ("rename_parcel", {"parcel_id": "P999", "note": "x"}))
    assert failed.is_error
    assert msgspec.json.decode(failed.text)["error"]["message"].endswith("the old ones no longer work.")


def test_calls_made_at_once_are_served_in_the_form_that_they_were_made_in() -> None:
    for operator in (MIGRATION, SILENT):
        boundary = live(operator)
        assert [reply.is_error for reply in called(boundary, FIND, FIND, FIND, FIND)] == [False] * 4
        assert called(boundary, FIND)[0].is_error


@pytest.mark.parametrize("operator", [MIGRATION, SILENT], ids=["notice", "error"])
def test_an_old_form_is_refused_and_the_refusal_names_the_new_one(operator: LiveMigration) -> None:
    boundary = live(operator)
    called(boundary, COUNT, COUNT)
    (name,) = called(boundary, FIND)
    assert "`find_parcels` is gone. Nothing was done: use `locate_shipments` instead." in name.text
    (argument,) = called(boundary, ("send_parcel", {**SEND, "pieces": 4}))
    assert "The argument `pieces` of `send_parcel` is gone. Nothing was done: use `parts` instead." in argument.text
    assert [step.stale for step in boundary.steps[2:]] == [True, True]
    (sent,) = called(boundary, ("send_parcel", {**SEND, "parts": 4}))
    assert sent.data["status"] == "sent"
    assert len([call for call in boundary.real_calls if call.name == "send_parcel"]) == 1


def test_without_a_notice_the_list_changes_with_the_first_error_alone() -> None:
    boundary = live(SILENT)
    for call in (COUNT, COUNT, COUNT):
        (reply,) = called(boundary, call)
        assert "Notice" not in reply.text
    assert "find_parcels" in names(boundary)
    called(boundary, FIND, ("send_parcel", {**SEND, "pieces": 4}))
    assert "locate_shipments" in names(boundary)
    assert "find_parcels" not in names(boundary)


def test_each_way_of_telling_is_of_its_kind_and_both_are_drawn() -> None:
    drawn = [LiveMigration.plan(Setup.of(DEPOT), SeededPick(seed), 1.0) for seed in range(12)]
    assert {(one.announced, one.kind) for one in drawn if isinstance(one, LiveMigration)} == {
        ("notice", "equivalent"),
        ("error", "fault"),
    }
    assert any(one.names for one in drawn if isinstance(one, LiveMigration))
    assert any(one.arguments for one in drawn if isinstance(one, LiveMigration))


@pytest.mark.parametrize("others", [("results.paginate",), ("faults.slow",), ("toolset.merge",), ("results.by_reference",)])
def test_a_migration_in_the_middle_of_pages_jobs_and_links_is_solvable(others: tuple[str, ...]) -> None:
    gold = Gold(DEPOT)
    for seed in range(6):
        operators = [by_id(name) for name in (*others, "toolset.live_migration")]
        stack, _ = Stack.of(operators, gold.setup, lambda name, s=seed: SeededPick(s, name), 0.6)
        for task in DEPOT.tasks:
            assert anyio.run(gold.prove, task, stack).status in ("solvable", "not_applicable")


def test_a_withheld_tool_comes_with_a_second_message_that_names_it() -> None:
    boundary = live(Withhold(tools=("send_parcel",)))
    assert "send_parcel" not in names(boundary)
    assert boundary.prompt == TASK.prompt
    call = ("send_parcel", {**SEND, "pieces": 4})
    unknown = '{"error":{"code":"unknown_tool","message":"Unknown tool: send_parcel"}}'
    assert called(boundary, call) == [Reply(unknown, True)]
    assert boundary.real_calls == []
    assert anyio.run(boundary.next_user, "I cannot send it.") == (
        "You can use `send_parcel` now. Please go on with what I asked for."
    )
    assert names(boundary) == [tool.name for tool in DEPOT.tools]
    assert not called(boundary, call)[0].is_error
    assert anyio.run(boundary.next_user) is None


def test_where_the_user_says_more_the_second_message_opens_with_it() -> None:
    task = msgspec.structs.replace(TASK, follow_ups=("And call it a day.", "Thanks."))
    boundary = live(Withhold(tools=("send_parcel", "find_parcels")), task=task)
    assert boundary.turns == (
        TASK.prompt,
        "You can use `find_parcels` and `send_parcel` now.\n\nAnd call it a day.",
        "Thanks.",
    )


def test_the_name_is_the_one_that_is_shown() -> None:
    renamed = from_json({"op": "tools.synonym", "version": 1, "names": {"send_parcel": "ship_crate"}})
    boundary = live(renamed, Withhold(tools=("send_parcel",)))
    assert "`ship_crate`" in boundary.turns[1]


def test_what_is_withheld_is_what_the_task_needs_and_never_all() -> None:
    setup = Setup.of(DEPOT)
    for task in DEPOT.tasks:
        plan = Withhold.plan(setup.for_task(task), SeededPick(1), 1.0)
        assert isinstance(plan, Withhold)
        assert set(plan.tools) == {call.name for call in task.gold or ()}
    everything = Withhold.plan(setup, SeededPick(1), 1.0)
    assert isinstance(everything, Withhold)
    assert len(everything.tools) == len(DEPOT.tools) - 1

    class Single(Toolset):
        name = "single"
        dumps_state = False
        tools = (Tool(name="get_user"),)

    assert isinstance(Withhold.plan(Setup.of(Single()), SeededPick(1), 1.0), NotApplicable)


def test_answers_are_compared_whole_once_the_tool_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    gold = Gold(DEPOT)
    plan = Withhold(tools=("send_parcel",))
    assert anyio.run(gold.prove, TASK, plan).status == "solvable"
    clean = anyio.run(gold.clean, TASK)
    assert clean is not None
    gold._clean[TASK.id] = msgspec.structs.replace(
        clean,
        answers=(msgspec.structs.replace(clean.answers[0], data=[]), *clean.answers[1:]),  # type: ignore[type-var]
    )
    assert anyio.run(gold.prove, TASK, plan).reason == "result differs"
    assert Call("find_parcels", OWNER) == (TASK.gold or ())[0]
