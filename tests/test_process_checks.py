"""What an episode's process gives away: each check finds what was planted, and nothing in episodes that are sound."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec
import pytest
import recorded_files as files

from perturb.importing import Wanted, import_files, read_files
from perturb.process_checks import CHECKS, Finding, findings, writes
from perturb.recorded import Recorded, RecordedCall, RecordedMessage, pair
from perturb.types import Call, Tool

USER = RecordedMessage("user", "Please cancel order 7712345 of jo@x.org and refund it.")


def turn(name: str, result: str, failed: bool = False, **arguments: Any) -> tuple[RecordedMessage, RecordedMessage]:
    call = RecordedCall(name, arguments, id=name)
    return RecordedMessage("assistant", calls=(call,)), RecordedMessage("tool", result, answers=name, is_error=failed)


def says(text: str) -> RecordedMessage:
    return RecordedMessage("assistant", text)


def episode(*messages: RecordedMessage, **more: Any) -> Recorded:
    return Recorded(format="x", task="t", source="s", place="p", messages=(USER, *messages), **more)


def found(*messages: RecordedMessage, **more: Any) -> list[tuple[str, int]]:
    return [(one.check, one.message) for one in findings(episode(*messages, **more))]


FAILED = turn("cancel_order", "Error: too late", True, id="7712345")
DONE = says("Your order has been cancelled. Is there anything else?")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((*FAILED, DONE), [("claimed_success", 3)]),
        ((*FAILED, says("I have successfully cancelled it.")), [("claimed_success", 3)]),
        ((*FAILED, RecordedMessage("user", "And?"), DONE), [("claimed_success", 4)]),
        ((*FAILED, says("Unfortunately it could not be cancelled.")), []),
        ((*FAILED, says("Unfortunately your order has been cancelled too late to be stopped.")), []),
        ((*FAILED, says("Shall I try again?")), []),
        ((*FAILED, *turn("cancel_order", "ok", id="7712345"), DONE), []),  # repaired
        ((*FAILED, *turn("refund_order", "ok", id="7712345"), DONE), []),  # it may speak of what worked
        ((*turn("cancel_order", "ok", id="7712345"), DONE), []),
        ((*turn("get_order", "Error: none", True, id="7712345"), DONE), []),  # nothing was to be changed
    ],
)
def test_success_that_is_claimed_after_a_failed_write(
    messages: tuple[RecordedMessage, ...], expected: list[tuple[str, int]]
) -> None:
    assert found(*messages) == expected


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (turn("get_order", "{}", id="7799999"), [("invented_value", 1)]),
        (turn("get_order", "{}", id="7712345"), []),
        (turn("get_order", "{}", id="#W7712345"), []),  # the customer left out the letter
        (turn("get_user", "{}", mail="al@x.org"), [("invented_value", 1)]),
        (turn("get_user", "{}", mail="JO@x.org"), []),
        (turn("get_order", "{}", id="7712345", day="2024-05-20", seats=3, airport="JFK"), []),
        ((says("It is on flight HAT123."),), [("invented_value", 1)]),
        ((*turn("get_order", '{"flight": "HAT123"}', id="7712345"), says("It is on flight HAT123.")), []),
        ((says("It leaves at 5pm on the 20th, within 24-hour notice, by 2024-05-20T10:00."),), []),
        ((says("Order ZZ99881."), says("Yes, ZZ99881.")), [("invented_value", 1)]),  # each value once
    ],
)
def test_values_that_nothing_before_has_told(messages: tuple[RecordedMessage, ...], expected: list[tuple[str, int]]) -> None:
    assert found(*messages) == expected


def test_what_a_picture_or_a_missing_beginning_may_have_told_is_in_doubt() -> None:
    told = says("It is flight HAT123.")
    picture = RecordedMessage("user", "See.", rest=({"type": "image_url"},))
    assert found(picture, told) == []
    assert findings(Recorded(format="x", task="t", source="s", place="p", messages=(told,))) == []


GOLD = (Call("get_order", {"id": "7712345"}), Call("cancel_order", {"id": "7712345"}))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((*turn("cancel_order", "ok", id="7712345"), *turn("refund_order", "ok", id="7712345")), [("late_write", 3)]),
        ((*turn("refund_order", "ok", id="7712345"), *turn("cancel_order", "ok", id="7712345")), []),  # not yet done
        ((*turn("cancel_order", "ok", id="7712345"), *turn("refund_order", "Error", True, id="7712345")), []),
        ((*turn("cancel_order", "ok", id="7712345"), *turn("get_order", "ok", id="7712345")), []),
        ((*turn("cancel_order", "ok", id="7712345"), *turn("cancel_order", "ok", id="7712345")), []),
    ],
)
def test_writes_after_the_task_was_done(messages: tuple[RecordedMessage, ...], expected: list[tuple[str, int]]) -> None:
    assert found(*messages, gold=GOLD) == expected
    assert found(*messages) == []  # without a gold nothing is known to be done


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((says("The total is 1,327 dollars."),), [("answer_without_calls", 1)]),
        ((*turn("get_order", "{}", id="7712345"), says("The total is 1327.")), []),
        ((says("The total is 13270."),), []),
        ((RecordedMessage("user", "Is it 1327?"), says("Yes, 1327.")), []),
    ],
)
def test_a_gold_answer_that_was_not_worked_for(messages: tuple[RecordedMessage, ...], expected: list[tuple[str, int]]) -> None:
    assert found(*messages, gold=GOLD[:1], gold_answers=("1327",)) == expected


def test_what_a_tool_changes_is_declared_or_told_by_its_name() -> None:
    assert [writes(name, ()) for name in ("book_flight", "get_flight", "listOrders", "fs.mv", "think")] == [1, 0, 0, 1, 0]
    assert not writes("book_flight", (Tool(name="book_flight", effect="read"),))


# Real episodes


def recorded(*relative: str) -> list[Recorded]:
    paths = tuple(map(files.real, relative))
    return [one for _, _, one in read_files(Wanted(paths)) if isinstance(one, Recorded)]


def real() -> list[Recorded]:
    return recorded("tau-bench/gpt-4o-airline.json", "tau2-bench/gpt-4.1_airline.json", "tau2-bench/gpt-4.1_retail.json")


def test_what_is_found_in_real_episodes_is_little() -> None:
    """None of 28 failed writes that were never repaired has a claim behind it. Of the 7 late writes five were read: each
    changes something that the gold leaves alone, in an episode that failed."""
    by_check = Counter(one.check for each in real() for one in findings(each))
    assert by_check == {"late_write": 7}
    assert all(each.passed is False for each in real() if findings(each))


def test_failures_planted_before_real_claims_are_found() -> None:
    planted = caught = 0
    for each in real():
        calls = [one for one in pair(each.messages).calls if one.by != "user" and writes(one.call.name, ())]
        if not calls or calls[-1].answered is None or each.messages[calls[-1].answered].is_error:
            continue
        last = calls[-1]
        after = next((one for one in each.messages[last.at + 1 :] if one.role == "assistant" and not one.calls), None)
        if after is None or "success" not in after.text or sum(one.call.name == last.call.name for one in calls) > 1:
            continue
        assert last.answered is not None
        messages = list(each.messages)
        messages[last.answered] = msgspec.structs.replace(messages[last.answered], text="Error: refused", is_error=True)
        planted += 1
        caught += any(
            one.check == "claimed_success" for one in findings(msgspec.structs.replace(each, messages=tuple(messages)))
        )
    assert planted >= 40
    assert caught / planted >= 0.9, (caught, planted)


def test_identifiers_planted_in_real_calls_are_found() -> None:
    planted = caught = 0
    for each in real():
        for at, message in enumerate(each.messages):
            held = [(call, key) for call in message.calls for key in call.arguments if re.fullmatch(r"\w+_id", key)]
            if message.role != "assistant" or not held or not isinstance(held[0][0].arguments[held[0][1]], str):
                continue
            call, key = held[0]
            changed = msgspec.structs.replace(call, arguments=call.arguments | {key: "ZQX481"})
            others = tuple(changed if one is call else one for one in message.calls)
            messages = list(each.messages)
            messages[at] = msgspec.structs.replace(message, calls=others)
            new = findings(msgspec.structs.replace(each, messages=tuple(messages)))
            planted += 1
            caught += Finding("invented_value", at, f"ZQX481 in an argument of {call.name}") in new
            break
    assert planted >= 200
    assert caught == planted


def test_an_import_tells_what_the_checks_find(tmp_path: Any) -> None:
    told = files.tau(1, 0, 0.0)
    told["traj"][-2]["content"] = "It is lamp XK9921."
    counted = import_files(Wanted((files.write(tmp_path / "t.json", [told, files.tau(2, 0, 1.0)]),)), None).total
    assert counted.process == dict.fromkeys(CHECKS, 0) | {"invented_value": 1}
    [suspect] = counted.findings
    assert (suspect.check, suspect.what) == ("invented_value", "XK9921 in what it says")
    assert suspect.where.endswith("t.json [0] message 5")
