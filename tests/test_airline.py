"""The shipped airline: its data, its tools, and what its checks accept and refuse."""

from __future__ import annotations

import copy
import hashlib
import importlib
import importlib.metadata
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from perturb import texts
from perturb.errors import ToolsetError
from perturb.knowable import Visible
from perturb.loading import load_toolset
from perturb.plugins import load_module
from perturb.toolset import Task
from perturb.types import Call, Failure, Result

FOLDER = Path(__file__).resolve().parents[1] / "toolsets" / "airline"
AIRLINE: Any = load_toolset(str(FOLDER))
TASKS = {task.id: task for task in AIRLINE.tasks}
EFFECT = {tool.name: tool.effect for tool in AIRLINE.tools}


def module(name: str) -> ModuleType:
    """A module of the airline, as the loaded toolset uses it."""
    environment = AIRLINE.environment(AIRLINE.tasks[0])
    package = type(environment.subject).__module__.rpartition(".")[0]
    environment.close()
    return importlib.import_module(f"{package}.{name}")


def run(task: Task, calls: Any, answer: str) -> bool:
    """Whether `task` counts as solved after `calls` and `answer`."""
    environment = AIRLINE.environment(task)
    try:
        for call in calls:
            environment.call(call)
        return bool(AIRLINE.check(task, environment, answer, tuple(calls)))
    finally:
        environment.close()


WRITES: dict[str, list[Call]] = {}
"""The gold calls of each task that change something."""


def replay(task: Task) -> list[tuple[Call, Any]]:
    environment = AIRLINE.environment(task)
    try:
        answered = []
        for call in task.gold or ():
            before = environment.dump()
            answered.append((call, environment.call(call)))
            if environment.dump() != before:
                WRITES.setdefault(task.id, []).append(call)
        return answered
    finally:
        environment.close()


REPLAYS = {task.id: replay(task) for task in AIRLINE.tasks}
QUESTIONS = {task.id for task in AIRLINE.tasks if task.id not in WRITES and task not in module("tasks_refusals").REFUSALS}
every_task = pytest.mark.parametrize("task", AIRLINE.tasks, ids=lambda task: task.id)


def share(holds: Any) -> float:
    return sum(bool(holds(task)) for task in AIRLINE.tasks) / len(AIRLINE.tasks)


# The tasks as a whole


def test_there_are_tasks_of_each_sort() -> None:
    assert len(AIRLINE.tasks) >= 80
    assert share(lambda task: task.id in WRITES) >= 2 / 3
    assert sum(any(isinstance(answer, Failure) for _, answer in answered) for answered in REPLAYS.values()) >= 18
    assert len(module("tasks_refusals").REFUSALS) >= 10
    assert sum(bool(task.follow_ups) for task in AIRLINE.tasks) >= 3


def test_most_tasks_need_what_operators_change() -> None:
    properties = {tool.name: tool.parameters["properties"] for tool in AIRLINE.tools}

    def given(task: Task, *kinds: str) -> bool:
        return any(
            properties[call.name][name].get("type") in kinds or (properties[call.name][name].keys() & set(kinds))
            for call in task.gold or ()
            for name in call.arguments
        )

    def rows(task: Task) -> int:
        return max(len(answer.data) for _, answer in REPLAYS[task.id] if isinstance(getattr(answer, "data", None), list))

    assert share(lambda task: given(task, "enum")) >= 0.75
    assert share(lambda task: given(task, "integer", "boolean", "array")) >= 0.75
    assert share(lambda task: rows(task) >= 4) >= 0.75
    assert share(lambda task: any(isinstance(getattr(a, "data", None), dict) for _, a in REPLAYS[task.id])) >= 0.75
    assert share(lambda task: any(word in task.prompt for name in AIRLINE.entities["person"] for word in name.split())) >= 0.75


def test_most_tasks_hand_a_value_from_a_result_to_a_later_call() -> None:
    def depends(task: Task) -> bool:
        known = Visible([AIRLINE.system, task.prompt, *task.follow_ups], AIRLINE.tools)
        return any(known.missing(call.arguments) for call in task.gold or ())

    assert share(depends) >= 0.9


def test_no_two_prompts_are_much_alike() -> None:
    def words(task: Task) -> set[str]:
        return set(re.findall(r"\w+", task.prompt.lower()))

    for index, one in enumerate(AIRLINE.tasks):
        for other in AIRLINE.tasks[index + 1 :]:
            alike = len(words(one) & words(other)) / len(words(one) | words(other))
            assert alike < 0.4, (one.id, other.id, alike)


# Each task


@every_task
def test_gold_passes_and_says_what_it_found(task: Task) -> None:
    assert run(task, task.gold, task.answer)
    assert 3 <= len(task.gold or ()) <= 8 or task.id in QUESTIONS
    told = " ".join([task.prompt, *task.follow_ups, *(str(getattr(answer, "data", answer)) for _, answer in REPLAYS[task.id])])
    for code in re.findall(r"\b(?:[A-Z]{1,2}-?\d[\dA-Z-]*|[A-Z\d]{6}|[a-z]+_\d{4,5})\b", task.answer):
        assert code in told, f"{code} is told by no result"


@every_task
def test_what_gold_calls_need_can_be_read_before(task: Task) -> None:
    known = Visible([AIRLINE.system, task.prompt, *task.follow_ups], AIRLINE.tools)
    for call, answer in REPLAYS[task.id]:
        words = [value for value in known.missing(call.arguments) if isinstance(value, str)]
        assert not words, f"{call.name} needs {words}"
        known.add(texts.failure_text(answer) if isinstance(answer, Failure) else texts.result_text(answer))


@every_task
def test_only_declared_failures_occur_in_gold(task: Task) -> None:
    failed = [answer.kind for _, answer in REPLAYS[task.id] if isinstance(answer, Failure)]
    assert not set(failed) & {"internal", "unknown_tool", "invalid_argument", "unknown"}
    assert failed or task not in module("tasks_errors").ERRORS


@pytest.mark.parametrize("task", [task for task in AIRLINE.tasks if task.id in WRITES], ids=lambda task: task.id)
def test_each_missing_or_repeated_write_is_found(task: Task) -> None:
    calls = list(task.gold or ())
    for write in WRITES[task.id]:
        assert not run(task, [call for call in calls if call is not write], task.answer), f"without {write.name}"


@every_task
def test_a_wrong_answer_is_refused(task: Task) -> None:
    for answer in ("", "All done, as you asked.", "Booked 1234.56 on NV999, seat 99Z, code ZZZZZZ."):
        assert not run(task, task.gold, answer)


@every_task
def test_reading_more_changes_nothing_and_writing_more_does(task: Task) -> None:
    customer = "C-49856" if "Puhakka" not in task.prompt else "C-41863"
    more = [
        Call("get_customer", {"customer_id": customer}),
        Call("get_flight", {"flight_number": "NV110", "date": "2026-05-12"}),
        Call("get_reservation", {"reservation_id": "NONE00"}),
    ]
    assert run(task, [*more, *(task.gold or ()), *more], f"Certainly! {task.answer.upper()}")
    address = {"customer_id": customer, "street": "1 Elm", "city": "Oslo", "postal_code": "1", "country": "Norway"}
    assert not run(task, [*(task.gold or ()), Call("update_address", address)], task.answer)


def test_a_silent_agent_passes_nothing() -> None:
    assert [task.id for task in AIRLINE.tasks if run(task, (), "")] == []


def test_an_agent_that_only_answers_passes_only_questions() -> None:
    passed = [task.id for task in AIRLINE.tasks if run(task, (), task.answer)]
    assert set(passed) <= QUESTIONS
    assert {task.id for task in module("tasks_information").INFORMATION} <= QUESTIONS


@pytest.mark.parametrize("task", module("tasks_refusals").REFUSALS, ids=lambda task: task.id)
def test_a_refusal_needs_a_look_and_words(task: Task) -> None:
    said = "I'm sorry, but I’m unable to do that: the rules of your fare do not permit it."
    assert run(task, task.gold, said)
    assert run(task, (task.gold or ())[-2:], "Unfortunately that isn't possible.")
    assert not run(task, (), said)
    assert not run(task, [Call("find_customer", {"last_name": "Puhakka"})], said)


FORBIDDEN = {
    "cancel-uninsured-saver": Call("cancel_reservation", {"reservation_id": "WFBJ22", "reason": "other"}),
    "change-saver": Call(
        "change_flight",
        {
            "reservation_id": "KR2PR3",
            "leg": 2,
            "flight_number": "NV311",
            "date": "2026-06-09",
            "payment_id": "card_8698",
        },
    ),
    "upgrade-saver": Call("change_cabin", {"reservation_id": "FTT34C", "cabin": "business", "payment_id": "card_4754"}),
    "reservation-of-a-relative": Call("cancel_reservation", {"reservation_id": "GW3V3R", "reason": "change_of_plans"}),
    "half-flown": Call("cancel_reservation", {"reservation_id": "J79WML", "reason": "other"}),
    "not-late-enough": Call(
        "issue_voucher", {"customer_id": "C-46498", "reservation_id": "QSL73V", "reason": "delay", "amount": 150}
    ),
    "one-more-passenger": Call(
        "book_flight",
        {
            "customer_id": "C-46425",
            "flight_number": "NV212",
            "date": "2026-05-26",
            "cabin": "business",
            "fare": "standard",
            "passengers": [{"first_name": "Henrik", "last_name": "Maderno"}],
            "payment_id": "card_5512",
        },
    ),
    "refund-elsewhere": Call("cancel_reservation", {"reservation_id": "WR3T9C", "reason": "change_of_plans"}),
    "documents-for-a-cousin": Call(
        "add_travel_documents",
        {
            "reservation_id": "LDB5J3",
            "documents": [
                {
                    "first_name": "Gioele",
                    "last_name": "Vianello",
                    "kind": "passport",
                    "number": "X7712045",
                    "country": "Italy",
                    "expires_on": "2030-02-28",
                }
            ],
        },
    ),
    "saver-to-another-week": Call(
        "change_flight",
        {
            "reservation_id": "6KP7J3",
            "leg": 1,
            "flight_number": "NV412",
            "date": "2026-06-02",
            "payment_id": "card_6071",
        },
    ),
}


@pytest.mark.parametrize("task", module("tasks_refusals").REFUSALS, ids=lambda task: task.id)
def test_the_tools_would_do_what_the_rules_forbid_and_the_check_finds_it(task: Task) -> None:
    environment = AIRLINE.environment(task)
    assert isinstance(environment.call(FORBIDDEN[task.id]), Result)
    environment.close()
    assert not run(task, [*(task.gold or ()), FORBIDDEN[task.id]], task.answer)


# Equivalent ways


def swapped(task_id: str) -> list[Call]:
    """The gold calls with the last two the other way round."""
    calls = list(TASKS[task_id].gold or ())
    return [*calls[:-2], calls[-1], calls[-2]]


@pytest.mark.parametrize(
    "task_id",
    ["cancel-two", "a-bag-each", "two-diets", "seat-at-the-back-and-a-meal", "airline-cancelled", "rebook-after-cancellation"],
)
def test_the_order_of_independent_writes_is_free(task_id: str) -> None:
    assert run(TASKS[task_id], swapped(task_id), TASKS[task_id].answer)


def changed(call: Call, **arguments: Any) -> Call:
    return Call(call.name, {**call.arguments, **arguments})


def test_bags_may_be_added_one_by_one() -> None:
    task = TASKS["bags-for-niklas"]
    *reads, add = list(task.gold or ())
    assert run(task, [*reads, changed(add, bags=1), changed(add, bags=1)], task.answer)
    assert not run(task, [*reads, changed(add, bags=1)], task.answer)
    assert not run(task, [*reads, changed(add, payment_id="card_7176")], task.answer)


def test_passengers_may_be_named_in_any_order_and_case() -> None:
    task = TASKS["book-for-two"]
    *reads, book = list(task.gold or ())
    people = list(reversed(book.arguments["passengers"]))
    assert run(task, [*reads, changed(book, passengers=people)], task.answer)
    people[0] = {"first_name": people[0]["first_name"].upper(), "last_name": people[0]["last_name"].lower()}
    assert run(task, [*reads, changed(book, passengers=people)], task.answer)
    assert not run(task, [*reads, changed(book, passengers=people[:1])], task.answer)
    assert not run(task, [*reads, changed(book, insurance=False)], task.answer)


def test_a_wrong_seat_may_be_put_right() -> None:
    task = TASKS["window-to-edinburgh"]
    *reads, assign = list(task.gold or ())
    assert run(task, [*reads, changed(assign, seat="4C"), assign], task.answer)
    assert run(task, [*reads, changed(assign, seat=" 6f ")], task.answer)


def test_an_error_need_not_be_met() -> None:
    task = TASKS["card-declined-for-bags"]
    assert run(task, [call for call, answer in REPLAYS[task.id] if isinstance(answer, Result)], task.answer)


@pytest.mark.parametrize(
    ("task_id", "answer"),
    [
        ("what-if-i-cancel", "You would get back $1,903.00."),
        ("what-if-i-cancel", "1903 dollars"),
        ("before-noon-in-london", "Flight nv110, USD 439.5"),
        ("free-aisle-seats", "There are two; the first is 11c"),
        ("cancel-two", "You get **157** and **$692**"),
        ("flexible-day", "You leave with NV111 on May 22."),
        ("picked-up-at-the-airport", "At 3:55 pm"),
    ],
)
def test_an_answer_may_be_written_in_many_ways(task_id: str, answer: str) -> None:
    assert run(TASKS[task_id], TASKS[task_id].gold, answer)


# Tools


def test_each_tool_and_argument_is_described_and_each_result_declared() -> None:
    assert len(AIRLINE.tools) >= 12
    for tool in AIRLINE.tools:
        assert tool.description, tool.name
        assert tool.returns, tool.name
        for name, schema in tool.parameters["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"
    assert len({tool.description for tool in AIRLINE.tools}) == len(AIRLINE.tools)


@every_task
def test_results_are_as_declared(task: Task) -> None:
    schemas = {tool.name: tool.returns for tool in AIRLINE.tools}
    for call, answer in REPLAYS[task.id]:
        if isinstance(answer, Result):
            Draft202012Validator(schemas[call.name]).validate(answer.data)


def test_gold_reaches_every_tool() -> None:
    assert {call.name for answered in REPLAYS.values() for call, answer in answered if isinstance(answer, Result)} == set(
        EFFECT
    )


def test_reads_change_nothing() -> None:
    for task in AIRLINE.tasks:
        environment = AIRLINE.environment(task)
        first = environment.dump()
        for call in task.gold or ():
            if EFFECT[call.name] == "read":
                environment.call(call)
        assert environment.dump() == first
        environment.close()


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "field"),
    [
        ("get_customer", {"customer_id": "C-1"}, "not_found", "customer_id"),
        ("get_reservation", {"reservation_id": "NONE00"}, "not_found", "reservation_id"),
        ("get_flight", {"flight_number": "NV1", "date": "2026-05-12"}, "not_found", "flight_number"),
        ("get_flight", {"flight_number": "NV110", "date": "2026-05-11"}, "not_found", "date"),
        (
            "search_flights",
            {"origin": "XXX", "destination": "LHR", "date": "2026-05-12", "cabin": "economy", "fare": "flex"},
            "invalid_argument",
            "origin",
        ),
        ("cancel_reservation", {"reservation_id": "3HPS7N", "reason": "other"}, "precondition_failed", "reservation_id"),
        ("set_alerts", {"customer_id": "C-41371", "channels": [], "delay_alerts": True}, "invalid_argument", "channels"),
        ("set_alerts", {"customer_id": "C-41371", "channels": ["fax"], "delay_alerts": True}, "invalid_argument", "channels.0"),
        ("update_contact", {"customer_id": "C-41371", "email": "x"}, "invalid_argument", "email"),
        ("list_reservations", {"customer_id": "C-41371", "status": "lost"}, "invalid_argument", "status"),
        (
            "issue_voucher",
            {"customer_id": "C-44046", "reservation_id": "PVSK29", "reason": "delay", "amount": 10**30},
            "invalid_argument",
            "amount",
        ),
        (
            "book_flight",
            {
                "customer_id": "C-41371",
                "flight_number": "NV210",
                "date": "2026-05-13",
                "cabin": "economy",
                "fare": "standard",
                "passengers": [{"first_name": " ", "last_name": "Moore"}],
                "payment_id": "card_0000",
            },
            "invalid_argument",
            "first_name",
        ),
        ("no_such_tool", {}, "unknown_tool", None),
    ],
)
def test_failures_are_read_as_json_with_code_message_and_field(
    name: str, arguments: dict[str, Any], kind: str, field: str | None
) -> None:
    environment = AIRLINE.environment(AIRLINE.tasks[0])
    failure = environment.call(Call(name, arguments))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.field, failure.tool) == (kind, field, name)
    error = json.loads(texts.failure_text(failure))["error"]
    assert (error["code"], error.get("field"), error["message"]) == (kind, field, failure.message)
    assert environment.dump() == AIRLINE.environment(AIRLINE.tasks[0]).dump()
    environment.close()


def test_a_failed_write_changes_nothing() -> None:
    for task_id, answered in REPLAYS.items():
        environment = AIRLINE.environment(TASKS[task_id])
        for call, answer in answered:
            before = environment.dump()
            environment.call(call)
            if isinstance(answer, Failure):
                assert environment.dump() == before, (task_id, call.name)
        environment.close()


# State


def test_a_dump_comes_back_and_episodes_do_not_meet() -> None:
    task = TASKS["book-for-two"]
    first, second = AIRLINE.environment(task), AIRLINE.environment(task)
    start = copy.deepcopy(first.dump())
    for call in task.gold or ():
        first.call(call)
    end = json.loads(json.dumps(first.dump()))
    assert end != start
    assert second.dump() == start
    second.load(end)
    assert second.dump() == end
    assert AIRLINE.check(task, second, task.answer, task.gold or ())
    second.load(start)
    assert second.dump() == start
    first.close()
    second.close()
    third = AIRLINE.environment(task)
    assert third.dump() == start
    third.close()


def test_a_loaded_state_is_worked_on() -> None:
    task = TASKS["seat-taken"]
    environment = AIRLINE.environment(task)
    state = json.loads(json.dumps(environment.dump()).replace("Helenius", "Jensen").replace("helenius", "jensen"))
    environment.load(state)
    found = environment.call(Call("find_customer", {"last_name": "Jensen", "first_name": "Marja"}))
    assert found.data[0]["email"] == "marja.jensen@mailbox.example"
    assert environment.call(Call("find_customer", {"last_name": "Helenius"})).data == []
    environment.close()


def test_a_foreign_state_is_refused() -> None:
    environment = AIRLINE.environment(AIRLINE.tasks[0])
    with pytest.raises(ValueError, match="other tables"):
        environment.load({"planes": {}})
    state = copy.deepcopy(environment.dump())
    del next(iter(state["customers"].values()))["city"]
    with pytest.raises(ValueError, match="'customers'"):
        environment.load(state)
    environment.close()


def test_a_closed_episode_is_over() -> None:
    environment = AIRLINE.environment(AIRLINE.tasks[0])
    environment.close()
    environment.close()
    assert environment.call(Call("get_customer", {"customer_id": "C-41371"})).kind == "internal"


# Names


def test_every_name_can_be_replaced_by_another() -> None:
    """Replacing the words of names one-to-one must not touch a word that means something else."""
    people = AIRLINE.entities["person"]
    firsts, lasts = {name.split()[0] for name in people}, {name.split()[1] for name in people}
    assert all(re.fullmatch(r"[A-Z][a-z]{4,}", word) for word in firsts | lasts)
    assert not firsts & lasts
    words = {word.lower() for word in firsts | lasts}
    prose = [AIRLINE.system, *(tool.description for tool in AIRLINE.tools), json.dumps([t.parameters for t in AIRLINE.tools])]
    for text in prose:
        assert not words & set(re.findall(r"[a-z]+", text.lower()))
    for task in AIRLINE.tasks:
        for text in (task.prompt, task.answer):
            assert not words & set(re.findall(r"[a-z]+", re.sub("|".join(firsts | lasts), "", text).lower()))
    environment = AIRLINE.environment(AIRLINE.tasks[0])
    state = environment.dump()
    environment.close()
    for table, rows in state.items():
        for row in rows.values():
            for column, value in row.items():
                if isinstance(value, str) and column not in ("first_name", "last_name", "email"):
                    assert not words & set(re.findall(r"[a-z]+", value.lower())), (table, column, value)
    names = {(row["first_name"], row["last_name"]) for t in ("customers", "passengers") for row in state[t].values()}
    assert names == {tuple(name.split()) for name in people}


# Data


def test_the_shipped_file_is_small_and_has_its_digest() -> None:
    data, digests = FOLDER / "airline.sqlite", FOLDER / "airline.sha256"
    assert data.stat().st_size < 180_000
    assert module("database").checked(data, digests) == data.read_bytes()


def test_changed_data_is_refused_with_the_remedy(tmp_path: Path) -> None:
    checked = module("database").checked
    data, digests = tmp_path / "airline.sqlite", tmp_path / "airline.sha256"
    with pytest.raises(ToolsetError, match=r"airline\.sqlite is missing; restore both files"):
        checked(data, digests)
    data.write_bytes((FOLDER / "airline.sqlite").read_bytes() + b"\0")
    digests.write_text((FOLDER / "airline.sha256").read_text())
    with pytest.raises(ToolsetError, match=r"has the digest .* says .*make_data\.py"):
        checked(data, digests)


@pytest.mark.slow
def test_the_data_are_made_again_the_same(tmp_path: Path) -> None:
    make_data = load_module(FOLDER / "make_data.py")
    first, second = make_data.make(tmp_path / "first.sqlite"), make_data.make(tmp_path / "second.sqlite")
    assert first == second
    assert (tmp_path / "first.sqlite").read_bytes() == (tmp_path / "second.sqlite").read_bytes()
    if importlib.metadata.version("faker") != make_data.FAKER:
        pytest.skip(f"the shipped names were drawn from Faker {make_data.FAKER}")
    told = f"{hashlib.sha256(first.encode()).hexdigest()}  airline.jsonl"
    assert told in (FOLDER / "airline.sha256").read_text().splitlines()


def test_loading_leaves_the_folder_off_the_path() -> None:
    assert str(FOLDER) not in sys.path
    assert not {"desk", "judging", "make_data"} & set(sys.modules)
