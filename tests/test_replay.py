"""The proof of solvability: what it accepts, what it refuses and why, and what counts as readable."""

from __future__ import annotations

from typing import Any, ClassVar

import anyio
import pytest
from broken_operators import Cryptic, Faking, Hiding, Idle, Sound, Unexplained, Unnamed
from depot import DEPOT, Depot
from hypothesis import given
from hypothesis import strategies as st

from perturb.authoring import toolset
from perturb.errors import ToolsetError
from perturb.knowable import Visible
from perturb.operator import NotApplicable, SeededPick, Setup, Stack
from perturb.replay import Gold, first_difference, same_answer
from perturb.toolset import Task
from perturb.types import Failure, Kind, Result

EVERY = {tool.name: tool.name + "_x" for tool in DEPOT.tools}


def prove(operator: Any, task: Task = DEPOT.tasks[0]) -> Any:
    return anyio.run(Gold(DEPOT).prove, task, operator)


def test_a_sound_plan_is_solvable_and_felt() -> None:
    proof = prove(Sound(touched=EVERY))
    assert (proof.status, proof.felt) == ("solvable", True)


def test_nothing_at_all_is_solvable_and_not_felt() -> None:
    proof = prove(None)
    assert (proof.status, proof.felt) == ("solvable", False)


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (Faking(touched=EVERY), "state differs"),
        (Hiding(touched=EVERY), "value hidden"),
        (Unnamed(touched=EVERY), "value hidden"),
        (Unexplained(touched=EVERY), "value hidden"),
        (Cryptic(touched=EVERY), "value hidden"),
    ],
)
def test_what_is_not_solvable_says_why(operator: Any, reason: str) -> None:
    proof = prove(operator)
    assert (proof.status, proof.reason) == ("unsolvable", reason)
    assert proof.detail


class Withholding(Hiding, frozen=True, kw_only=True):
    """The same recoding, which does not promise that it can be known."""

    id: ClassVar[str] = "broken.withholding"
    promises: ClassVar[Kind] = "ablation"


def test_a_value_that_an_ablation_hides_is_what_it_withholds() -> None:
    hidden = prove(Stack(operators=(Sound(touched=EVERY), Hiding(touched=EVERY))))
    assert (hidden.status, hidden.reason) == ("unsolvable", "value hidden")
    withheld = prove(Stack(operators=(Sound(touched=EVERY), Withholding(touched=EVERY))))
    assert (withheld.status, withheld.felt) == ("solvable", True)


def test_a_change_that_nobody_meets_does_not_apply() -> None:
    proof = prove(Idle(touched=EVERY))
    assert (proof.status, proof.reason) == ("not_applicable", "not_met")


def test_a_plan_that_was_not_drawn_does_not_apply() -> None:
    proof = prove(NotApplicable("nothing_to_change", "no lists"))
    assert (proof.status, proof.reason, proof.detail) == ("not_applicable", "nothing_to_change", "no lists")


def test_a_task_without_gold_calls_is_not_proven() -> None:
    task = Task(id="free", prompt="Do something.", check=lambda *_: True)
    loose = toolset(Depot, name="loose", tasks=[task])
    plan = Sound.plan(Setup.of(loose), SeededPick(1), 1.0)
    assert anyio.run(Gold(loose).prove, task, plan).status == "not_proven"


def test_a_task_whose_gold_fails_its_own_check_is_not_proven() -> None:
    task = Task(id="wrong", prompt="Count.", gold=DEPOT.tasks[2].gold, check=lambda *_: False)
    loose = toolset(Depot, name="loose", tasks=[task])
    proof = anyio.run(Gold(loose).prove, task, Sound.plan(Setup.of(loose), SeededPick(1), 1.0))
    assert proof.status == "not_proven"
    assert "own check" in proof.reason


@pytest.mark.parametrize(
    ("mine", "theirs", "same"),
    [
        (Result({"a": 1}), Result({"a": 1}), True),
        (Result({"a": 1}), Result({"a": 1.0}), False),
        (Result({"a": 1}), Result({"a": True}), False),
        (Result({"a": [1, "x"]}), Result({"a": ["x", 1]}), False),
        (Result(None), Failure("unknown", "no"), False),
        (Failure("unknown", "no"), Failure("unknown", "no", tool="t"), True),
        (Failure("unknown", "no"), Failure("not_found", "no"), False),
    ],
)
def test_answers_are_equal_with_their_types(mine: Any, theirs: Any, same: bool) -> None:
    assert same_answer(mine, theirs) is same


@pytest.mark.parametrize(("mine", "theirs"), [(1, 1.0), (1, True), (0, False), ([2], [2.0])])
def test_types_tell_values_apart_in_states_and_beside_volatile_parts(mine: Any, theirs: Any) -> None:
    assert first_difference({"a": mine}, {"a": theirs}) is not None
    assert not same_answer(Result({"a": mine}), Result({"a": theirs}), ("/at",))
    assert same_answer(Result({"a": mine, "at": 1}), Result({"a": mine, "at": 2}), ("/at",))


def test_differences_name_the_place_and_leave_volatile_ones_out() -> None:
    mine = {"rows": [{"id": 1, "at": "9:00"}, {"id": 2, "at": "9:01"}]}
    theirs = {"rows": [{"id": 1, "at": "8:00"}, {"id": 3, "at": "8:01"}]}
    assert first_difference(mine, mine) is None
    assert str(first_difference(mine, theirs)).startswith("/rows/0/at")
    assert str(first_difference(mine, theirs, (r"/rows/\d+/at",))).startswith("/rows/1/id")
    assert first_difference(mine, theirs, (r"/rows/\d+",)) is None
    assert first_difference({"a": 1}, {"a": 1, "b": 2}) == "/b: only in the clean run"


def test_a_value_is_readable_by_its_words() -> None:
    visible = Visible(["Fly on 2026-05-01 from OSL, 3 bags."], DEPOT.tools)
    assert visible.missing({"date": "2026-05-01", "day": "01.05.2026", "bags": 3, "ok": True, "none": None, "empty": ""}) == []
    assert visible.missing({"to": "LHR", "nested": [{"flight": "BA 762"}]}) == ["LHR", "BA 762"]
    visible.add("Flights: BA 762 to LHR")
    assert visible.missing({"to": "LHR", "nested": [{"flight": "BA 762"}]}) == []


def test_a_character_that_is_written_by_its_number_is_read() -> None:
    visible = Visible([r'- amount: "\xA31,200.50"', r'{"name": "J\u00fcrgen", "fee": "\u20ac7.10"}'], ())
    assert visible.missing({"amount": 200.5, "name": "Jürgen", "fee": 7.1, "other": "rgen", "none": 3}) == ["rgen", 3]


def test_a_day_begins_at_midnight_without_saying_so() -> None:
    visible = Visible(["See you on 2025-01-02."], ())
    assert visible.missing(["2025-01-02 00:00", "2025-01-02T00:00:00", "2025-01-02 00:30", "00:00"]) == [
        "2025-01-02 00:30",
        "00:00",
    ]


def test_a_day_is_readable_as_people_write_it() -> None:
    visible = Visible(["Remind me on January 2nd 2025, and again on the 14th of Nov. You may add 3."], ())
    assert visible.missing(["2025-01-02", "2025-11-14", "2025-05-03"]) == ["2025-05-03"]


def test_a_small_number_is_readable_in_letters() -> None:
    visible = Visible(["Two seats for the twelve of us, one of them by the window."], ())
    assert visible.missing({"seats": 2, "party": "12", "bags": 3, "windows": 1}) == [3, 1]


def test_an_amount_is_readable_where_it_stands_with_its_cents() -> None:
    visible = Visible(["Dinner was 52.80, the taxi 31.50."], ())
    assert visible.missing({"dinner": 52.8, "taxi": "31.5"}) == []
    assert visible.missing({"room": 52.9, "tip": 5.28, "all": 31.05}) == [52.9, 5.28, 31.05]


def test_values_of_enums_and_defaults_are_readable_in_the_schema() -> None:
    assert Visible([], DEPOT.tools).missing({"carrier": "rail", "speed": "express"}) == []


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_a_value_never_differs_from_itself(value: Any) -> None:
    assert first_difference(value, value) is None
    assert same_answer(Result(value), Result(value))


def test_a_check_that_raises_on_its_own_gold_is_told_by_its_task() -> None:
    def check(*_: Any) -> bool:
        raise ZeroDivisionError("division by zero")

    task = Task(id="broken", prompt="Count.", gold=DEPOT.tasks[2].gold, check=check)
    with pytest.raises(ToolsetError, match=r"'broken' of toolset 'loose'.*ZeroDivisionError"):
        anyio.run(Gold(toolset(Depot, name="loose", tasks=[task])).clean, task)


def test_a_text_within_json_is_read_through_its_escapes() -> None:
    visible = Visible(["Dear all, see below."], ())
    assert visible.has('{"see":"all\\nbelow"}')
    assert not visible.has('{"see":"all\\nabove"}')


def test_the_codes_of_a_list_in_one_text_are_explained_one_by_one() -> None:
    from perturb.knowable import unexplained
    from perturb.types import Tool

    channels = {"type": "array", "items": {"type": "string", "enum": ["email", "sms", "app"]}}
    real = Tool(name="alert", parameters={"type": "object", "properties": {"channels": channels}})
    legend = {"type": "string", "description": "Codes: E = email; S = sms; A = app. Separated by vertical bars."}
    told = Tool(name="alert", parameters={"type": "object", "properties": {"channels": legend}})
    given = {"channels": ["email", "sms"]}
    assert list(unexplained(real, given, told, {"channels": "E|S"})) == []
    assert list(unexplained(real, given, told, {"channels": "E|X"})) == ["sms"]
    assert list(unexplained(real, given, real, {"channels": "E|S"})) == ["email", "sms"]
