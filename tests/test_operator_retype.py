"""`arguments.retype`: every value apart, the old type refused, the schema saying what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.operator import Lens, NotApplicable, SeededPick, Setup
from perturb.operators.arguments.retype import Form, Retype
from perturb.operators.arguments.retyped_values import form_of
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["", ",", "\\", "\\\\", "\\,", "\\e", "\\N", "1", "1.0", "-0", "yes", "no", "yes\\", "7\\", "7\\\\\\", "a,b", "1,2"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
ANY = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(TEXT, SCALARS, max_size=2)
FORMS = [
    form_of("number_to_text", ("", ""), "", ""),
    form_of("flag_to_text", ("yes", "no"), "", ""),
    *(form_of("list_to_text", ("", ""), separator, item) for separator in ",;|" for item in ("string", "number", "boolean")),
    form_of("one_to_list", ("", ""), "", ""),
    form_of("text_to_integer", ("", ""), "", ""),
    form_of("text_to_flag", ("yes", "no"), "", ""),
]


def bound(properties: dict[str, Any], forms: dict[str, Form]) -> Lens:
    class One(Toolset):
        name = "one"
        tools = (Tool(name="send", parameters={"type": "object", "properties": properties}),)

    return Retype(forms={f"send.{place}": form for place, form in forms.items()}).lens(Setup.of(One()))


@examples(600)
@given(ANY, ANY, st.sampled_from(FORMS))
def test_any_two_values_stay_apart_and_read_back(one: Any, other: Any, form: Any) -> None:
    assert to_json(form.read(form.show(one))) == to_json(one)
    if to_json(one) != to_json(other):
        assert to_json(form.show(one)) != to_json(form.show(other))


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        (FORMS[0], 1, "1"),
        (FORMS[0], 1.0, "1.0"),
        (FORMS[0], None, None),
        (FORMS[1], True, "yes"),
        (form_of("list_to_text", ("", ""), ",", "string"), [], ""),
        (form_of("list_to_text", ("", ""), ",", "string"), [""], "\\e"),
        (form_of("list_to_text", ("", ""), ",", "string"), ["a,b", None, "c\\"], "a\\,b,\\N,c\\\\"),
        (form_of("list_to_text", ("", ""), ";", "number"), [1, 2.0], "1;2.0"),
        (form_of("text_to_integer", ("", ""), "", ""), "-12", -12),
        (form_of("text_to_integer", ("", ""), "", ""), "007", "007"),
    ],
)
def test_forms_are_as_documented(form: Any, value: Any, shown: Any) -> None:
    assert to_json(form.show(value)) == to_json(shown)


@pytest.mark.parametrize(
    ("form", "value"), [(FORMS[0], 1), (FORMS[0], 2.5), (FORMS[1], False), (FORMS[2], ["a"]), (FORMS[-2], "7")]
)
def test_the_old_type_is_refused(form: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="old type"):
        form.read(value)


def test_an_old_call_is_refused_as_stale_and_what_never_fitted_goes_on_to_the_environment() -> None:
    lens = bound({"n": {"type": "integer"}}, {"n": Form("number_to_text")})
    refused = lens.read_call(Call("send", {"n": 3}))
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.field, refused.value, refused.stale) == ("invalid_argument", "n", 3, True)
    assert lens.read_call(Call("send", {"n": "three"})) == Call("send", {"n": "three"})


def test_keywords_of_the_old_type_become_words_or_new_values() -> None:
    properties: dict[str, Any] = {
        "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 9, "default": 2, "description": "How many."},
        "on": {"type": "boolean", "default": False},
        "to": {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1, "default": ["a"]},
                {"type": "null"},
            ],
            "default": None,
        },
    }
    forms = {
        "n": Form("number_to_text"),
        "on": Form("flag_to_text", words=("yes", "no")),
        "to": Form("list_to_text", separator=";"),
    }
    made = bound(properties, forms).setup.public_tools[0].parameters["properties"]
    assert made["n"]["type"] == ["string", "null"]
    assert made["n"]["default"] == "2"
    assert not made["n"].keys() & {"minimum", "maximum"}
    assert made["n"]["description"].startswith("How many. A whole number (at least 1; at most 9), written as text")
    assert (made["on"]["type"], made["on"]["enum"], made["on"]["default"]) == ("string", ["yes", "no"], "no")
    branch = made["to"]["anyOf"][0]
    assert (branch["type"], branch["default"]) == ("string", "a")
    assert not branch.keys() & {"items", "minItems"}
    assert "at least 1 items; each one of a, b" in made["to"]["description"]
    assert made["to"]["default"] is None


def test_an_argument_of_several_types_is_left_alone() -> None:
    class One(Toolset):
        name = "one"
        tools = (Tool(name="send", parameters={"type": "object", "properties": {"x": {"type": ["integer", "string"]}}}),)

    planned = Retype.plan(Setup.of(One()), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "nothing_to_change"


def test_one_value_becomes_a_list_of_one() -> None:
    schema = {"type": ["string", "null"], "enum": ["a", "b", None], "description": "Which.", "default": "a"}
    lens = bound({"kind": schema}, {"kind": Form("one_to_list")})
    assert lens.setup.public_tools[0].parameters["properties"]["kind"] == {
        "description": "Which. A list with this one item.",
        "type": ["array", "null"],
        "items": {"type": "string", "enum": ["a", "b"]},
        "minItems": 1,
        "maxItems": 1,
        "default": ["a"],
    }
    for value in ("a", None):
        assert lens.read_call(lens.show_call(Call("send", {"kind": value}))) == Call("send", {"kind": value})
    for value in ("a", [], ["a", "b"], [None]):
        refused = lens.read_call(Call("send", {"kind": value}))
        assert isinstance(refused, Failure)
        assert refused.stale


def test_an_object_in_a_list_of_one_keeps_its_own_places() -> None:
    embed = {"type": "object", "properties": {"title": {"type": "string"}}}
    lens = bound({"embed": embed}, {"embed": Form("one_to_list"), "embed.title": Form("one_to_list")})
    assert lens.show_call(Call("send", {"embed": {"title": "x"}})).arguments == {"embed": [{"title": ["x"]}]}


def test_an_enum_of_digits_may_become_one_of_numbers() -> None:
    lens = bound({"type": {"type": "string", "enum": ["0", "1"]}}, {"type": Form("text_to_integer")})
    assert lens.setup.public_tools[0].parameters["properties"]["type"]["enum"] == [0, 1]
    assert lens.show_call(Call("send", {"type": "1"})).arguments == {"type": 1}
    words = bound({"type": {"type": "string", "enum": ["0", "one"]}}, {"type": Form("text_to_integer")})
    assert words.setup is words.real
