"""`errors.style` with a shape that the plan brings along: told in full, read back from the text, refused where it cannot be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.errors import PlanError
from perturb.operator import Setup
from perturb.operators import from_json
from perturb.operators.errors.shapes import ErrorShape
from perturb.operators.errors.style import STYLES, ErrorStyle
from perturb.operators.errors.told import Told, guarded
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool

VENDOR = ErrorShape(
    {
        "ok": False,
        "error": {"code": "$code", "message": "$message", "param": "$field"},
        "details": [{"source": "$field"}, {"wait": "$retry_after"}],
        "request": {"operation": "$tool"},
    },
    {"not_found": {"code": 404}, "invalid_argument": {"code": 400}, "rate_limited": {"code": 429}},
)
BY_FIELD = ErrorShape(
    {"code": 50035, "errors": {"$field": {"_errors": [{"message": "$message"}]}}, "wait_ms": "$retry_after_ms"},
    {"invalid_argument": {}},
)
TEXT = st.text(max_size=8) | st.sampled_from(["", "$message", "$field", "{}", "ok"])
WAIT = st.none() | st.integers(0, 10**6).map(float) | st.sampled_from([0.5, 64.57, 0.001])
TOLD = st.builds(Told, st.sampled_from(sorted(VENDOR.codes)), TEXT, st.none() | TEXT, WAIT)


@examples(500)
@given(TOLD, st.sampled_from([VENDOR, BY_FIELD]))
def test_everything_is_read_back_from_the_text(told: Told, shape: ErrorShape) -> None:
    if shape.fits(told):
        assert guarded(shape.style("vendor")).read(shape.write(told, "get_user")) == told


@examples(300)
@given(TOLD, st.integers(0, 200), st.sampled_from(["", "x", "1", '"', "{", "null"]))
def test_a_text_that_is_almost_in_the_shape_never_raises(told: Told, at: int, piece: str) -> None:
    written = VENDOR.write(told, "get_user")
    guarded(VENDOR.style("vendor")).read(written[:at] + piece + written[at + 1 :])


def test_what_a_failure_does_not_have_is_left_out() -> None:
    bare = json.loads(VENDOR.write(Told("not_found", "No."), "get_user"))
    assert bare == {"ok": False, "error": {"code": 404, "message": "No."}, "request": {"operation": "get_user"}}
    full = json.loads(VENDOR.write(Told("rate_limited", "Slow.", "id", 2.0), "get_user"))
    assert full["error"]["param"] == "id"
    assert full["details"] == [{"source": "id"}, {"wait": 2}]


def test_kinds_and_failures_that_have_no_place_stay_as_they_are() -> None:
    lens = bound(BY_FIELD)
    call = Call("get_user", {"id": "bo"})
    for failure in (Failure("not_found", "No.", field="id"), Failure("invalid_argument", "No.", tool="get_user")):
        assert lens.show_failure(call, failure) is failure
    told = Failure("invalid_argument", "No.", tool="get_user", field="id", value="bo", retry_after=1.5)
    shown = lens.show_failure(call, told)
    assert json.loads(shown.message) == {"code": 50035, "errors": {"id": {"_errors": [{"message": "No."}]}}, "wait_ms": 1500}
    assert lens.read_failure(call, Failure("unknown", shown.message)) == told


def test_a_shape_with_less_room_is_an_ablation_and_keeps_what_the_record_knows() -> None:
    less = ErrorShape({"message": "$message"}, {"not_found": {}})
    assert ErrorStyle(tools={"get_user": "less"}, shapes={"less": less}).kind == "ablation"
    assert ErrorStyle(tools={"get_user": "vendor"}, shapes={"vendor": VENDOR}).kind == "equivalent"
    assert ErrorStyle(tools={"get_user": "google"}, shapes={"less": less}).kind == "equivalent"
    call, failure = Call("get_user", {"id": "bo"}), Failure("not_found", "No.", "get_user", "id", "bo")
    assert bound(less).read_failure(call, bound(less).show_failure(call, failure)) == failure


@pytest.mark.parametrize(
    ("body", "codes", "said"),
    [
        ({"code": "$code"}, {"not_found": {"code": 1}}, "no place for '$message'"),
        ({"m": "$message", "code": "$code"}, {"not_found": {}}, "no '$code' for 'not_found'"),
        (
            {"m": "$message", "c": "$c"},
            {"not_found": {"c": 1}, "conflict": {"c": 1}},
            "'not_found' and 'conflict' have the same",
        ),
    ],
)
def test_a_shape_that_could_not_be_read_back_is_refused(body: Any, codes: Any, said: str) -> None:
    with pytest.raises(PlanError, match=r".") as refused:
        bound(ErrorShape(body, codes))
    assert said in str(refused.value)


def test_an_unknown_style_is_named_with_those_there_are() -> None:
    plan = from_json({"op": "errors.style", "version": 1, "tools": {"get_user": "gogle"}})
    with pytest.raises(PlanError, match="no error style 'gogle'; did you mean 'google'"):
        plan.lens(Setup.of(Desk()))


class Desk(Toolset):
    name = "desk"
    tools = (Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}),)


def bound(shape: ErrorShape) -> Any:
    return ErrorStyle(tools={"get_user": "vendor"}, shapes={"vendor": shape}).lens(Setup.of(Desk()))


def test_a_delay_of_google_has_nine_digits_at_most_and_comes_back_whole() -> None:
    for seconds in (0.1, 1e-9, 1e-12, 0.1234567891, 30.0):
        told = Told("rate_limited", "Too many requests.", None, seconds)
        text = STYLES["google"].write(told, "get_user")
        delay = next(one for one in json.loads(text)["error"]["details"] if one["@type"].endswith("RetryInfo"))["retryDelay"]
        assert re.fullmatch(r"\d+(\.\d{1,9})?s", delay), delay
        assert STYLES["google"].read(text) == told
