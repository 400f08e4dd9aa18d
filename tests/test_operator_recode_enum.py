"""`arguments.recode_enum`: codes that can be read off the description, and values that no longer go through."""

from __future__ import annotations

import re
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.operator import NotApplicable, SeededPick, Setup
from perturb.operators.arguments.recode_enum import RecodeEnum
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool

CABINS = ["economy", "premium_economy", "business"]


def setup(**properties: Any) -> Setup:
    class One(Toolset):
        name = "one"
        tools = (
            Tool(name="book", parameters={"type": "object", "properties": properties}),
            Tool(name="search", parameters={"type": "object", "properties": {"class": {"enum": CABINS}}}),
        )

    return Setup.of(One())


def read_codes(description: str) -> dict[str, str]:
    """Meaning to code, as anyone would read `Codes: E = economy; B = business.`"""
    told = re.search(r"Codes: (.*)\.$", description)
    assert told is not None, description
    found = {}
    for entry in told[1].split("; "):
        code, _, meaning = entry.partition(" = ")
        found[meaning.strip('"')] = code
    return found


def words(value: str) -> str:
    return re.sub(r"[_\s]+", " ", value).strip()


@pytest.mark.parametrize("seed", range(12))
def test_the_codes_are_read_off_the_description(seed: int) -> None:
    within = setup(cabin={"type": "string", "enum": CABINS, "description": "The cabin."})
    plan = RecodeEnum.plan(within, SeededPick(seed), 1.0)
    assert isinstance(plan, RecodeEnum)
    lens = plan.lens(within)
    shown = lens.setup.public_tools[0].parameters["properties"]["cabin"]
    told = read_codes(shown["description"])
    assert {told[words(value)] for value in CABINS} == set(shown["enum"])
    for value in CABINS:
        assert lens.show_call(Call("book", {"cabin": value})) == Call("book", {"cabin": told[words(value)]})
    assert plan.codes["book.cabin"] == plan.codes["search.class"], "one set of values has one set of codes"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"], "enum": [*CABINS, None]},
        {"anyOf": [{"type": "string", "enum": CABINS}, {"type": "null"}], "default": "economy"},
        {"type": "array", "items": {"type": "string", "enum": CABINS}, "default": ["economy"]},
        {"anyOf": [{"const": "economy"}, {"const": "premium_economy"}, {"const": "business"}, {"type": "null"}]},
    ],
)
def test_nullable_enums_lists_and_constants(schema: dict[str, Any]) -> None:
    within = setup(cabin=schema)
    plan = RecodeEnum.plan(within, SeededPick(3), 1.0)
    assert isinstance(plan, RecodeEnum)
    lens = plan.lens(within)
    codes = plan.codes["book.cabin"]
    assert set(codes) == set(CABINS)
    values: list[Any] = [["economy", "business"], []] if schema.get("type") == "array" else ["business", None]
    for value in values:
        shown = lens.show_call(Call("book", {"cabin": value}))
        assert shown.arguments["cabin"] == ([codes[one] for one in value] if isinstance(value, list) else codes.get(value))
        assert lens.read_call(shown) == Call("book", {"cabin": value})
    made = lens.setup.public_tools[0].parameters["properties"]["cabin"]
    text = str({key: value for key, value in made.items() if key != "description"})
    assert not any(f"'{value}'" in text for value in CABINS)


def test_old_values_are_refused_and_unknown_ones_go_on() -> None:
    within = setup(cabin={"type": "string", "enum": CABINS})
    plan = RecodeEnum.plan(within, SeededPick(3), 1.0)
    assert isinstance(plan, RecodeEnum)
    lens = plan.lens(within)
    refused = lens.read_call(Call("book", {"cabin": "economy"}))
    assert isinstance(refused, Failure)
    assert refused.stale
    assert lens.read_call(Call("book", {"cabin": "hold"})) == Call("book", {"cabin": "hold"})


def test_quoted_values_in_descriptions_follow_and_live_ones_stay() -> None:
    within = setup(
        cabin={"type": "string", "enum": CABINS, "description": 'Leave at "economy" unless asked; business people sit apart.'},
        meal={"type": "string", "enum": ["business", "none"], "description": "`business` is a better meal."},
    )
    codes = {"economy": "E", "premium_economy": "PE", "business": "B"}
    lens = RecodeEnum(codes={"book.cabin": codes}).lens(within)
    made = lens.setup.public_tools[0].parameters["properties"]
    assert made["cabin"]["description"].startswith('Leave at "E" unless asked; business people sit apart.')
    assert made["meal"]["description"] == "`business` is a better meal."
    assert {one.name for one in lens.retired if one.namespace == "enum:book"} == {"economy", "premium_economy"}


@examples(300)
@given(
    st.lists(
        st.text(max_size=5) | st.sampled_from(["01", "02", "E", "e", "A", "C01", "X_1", "a b", "a_b", "1'"]),
        min_size=1,
        max_size=6,
        unique=True,
    ),
    st.integers(0, 20),
)
def test_any_enum_gets_codes_that_are_none_of_its_values(values: list[str], seed: int) -> None:
    within = setup(cabin={"type": "string", "enum": values})
    plan = RecodeEnum.plan(within, SeededPick(seed), 1.0)
    assert isinstance(plan, RecodeEnum)
    codes = plan.codes["book.cabin"]
    assert len(set(codes.values())) == len(values)
    assert not {code.lower() for code in codes.values()} & {value.lower() for value in values}
    lens = plan.lens(within)
    strings = [*values, *codes.values(), *(code + "'" for code in codes.values())]
    shown = [lens.show_call(Call("book", {"cabin": value})) for value in strings]
    assert [lens.read_call(call) for call in shown] == [Call("book", {"cabin": value}) for value in strings]


def test_free_strings_beside_an_enum_are_left_alone() -> None:
    class One(Toolset):
        name = "one"
        tools = (
            Tool(
                name="book",
                parameters={"type": "object", "properties": {"x": {"anyOf": [{"enum": ["a"]}, {"type": "string"}]}}},
            ),
        )

    assert isinstance(RecodeEnum.plan(Setup.of(One()), SeededPick(1), 1.0), NotApplicable)


def test_a_written_plan_may_code_some_values_alone() -> None:
    here = setup(cabin={"type": "string", "enum": CABINS})
    lens = RecodeEnum(codes={"book.cabin": {"economy": "MAIN"}}).lens(here)
    schema = lens.setup.public_tools[0].parameters["properties"]["cabin"]
    assert schema["enum"] == ["MAIN", "premium_economy", "business"]
    assert schema["description"] == "Codes: MAIN = economy."
    for value, shown in (("economy", "MAIN"), ("business", "business"), ("other", "other"), ("MAIN", "MAIN'")):
        call = Call("book", {"cabin": value})
        assert lens.show_call(call).arguments == {"cabin": shown}
        assert lens.read_call(lens.show_call(call)) == call
    refused = lens.read_call(Call("book", {"cabin": "economy"}))
    assert isinstance(refused, Failure)
    assert refused.stale


def test_a_code_that_another_value_has_leaves_everything_as_it_is() -> None:
    for codes in ({"economy": "business"}, {"economy": "M", "business": "M"}, {"unknown": "U"}):
        lens = RecodeEnum(codes={"book.cabin": codes}).lens(setup(cabin={"type": "string", "enum": CABINS}))
        assert lens.setup is lens.real
