"""The operators over descriptions: padding that is true, descriptions that are gone, descriptions of other tools."""

from __future__ import annotations

import json
import re

import pytest
from depot import DEPOT
from jsonschema import Draft202012Validator
from real_toolsets import livemcp
from test_renaming_operators import Desk, bound, tools_only

from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id
from perturb.operators.descriptions.usage_examples import usage_example
from perturb.types import Tool

_EXAMPLE = re.compile(r"^Example: `(\S+) (\{.*\})`$", re.MULTILINE)


@pytest.mark.parametrize("under", [(), ("arguments.wrap",), ("arguments.retype",), ("schema.strict", "schema.references")])
@pytest.mark.parametrize("name", ["depot", "airline"])
def test_usage_examples_are_valid_calls_of_what_is_shown(name: str, under: tuple[str, ...]) -> None:
    setup = Setup.of(DEPOT if name == "depot" else load_toolset(name))
    operators = [by_id(one) for one in ("descriptions.verbose", *under)]
    stack, left_out = Stack.of(operators, setup, lambda one: SeededPick(2, one), 1.0)
    assert not left_out
    lens = lens_for(stack, setup)
    found = 0
    for tool in lens.setup.public_tools:
        for shown_name, text in _EXAMPLE.findall(tool.description):
            found += 1
            assert shown_name == tool.name
            assert Draft202012Validator(tool.parameters).is_valid(json.loads(text))
    assert found or under == ("arguments.wrap",), "a text of JSON has no example"


def test_usage_examples_of_real_servers_are_valid_or_absent() -> None:
    made = 0
    for name, tools in livemcp().items():
        for tool in Setup.of(tools_only(name, tools)).public_tools:
            example = usage_example(tool)
            if example is not None:
                made += 1
                assert Draft202012Validator(tool.parameters).is_valid(example)
    assert made > 100


def test_what_has_a_pattern_is_not_made_up() -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]{6}$"}}, "required": ["code"]}
    assert usage_example(Tool(name="get_booking", parameters=schema)) is None


def test_a_padded_description_holds_the_old_one_word_for_word() -> None:
    plan, lens = bound("descriptions.verbose", DEPOT, intensity=0.5)
    for tool in Setup.of(DEPOT).tools:
        shown = lens.setup.by_name[tool.name].description
        assert tool.description in shown
        assert (shown != tool.description) == (tool.name in plan.places())


def test_dropping_leaves_everything_but_descriptions() -> None:
    parts = set()
    for seed in range(12):
        plan, lens = bound("descriptions.drop", DEPOT, seed=seed)
        part = next(iter(plan.dropped.values()))  # type: ignore[attr-defined]
        parts.add(part)
        assert plan.kind == "ablation"
        shown = lens.setup.by_name["send_parcel"]
        assert (shown.description == "") == (part in ("tool", "both"))
        assert ("description" in json.dumps(shown.parameters)) == (part == "tool")
        assert list(shown.parameters["properties"]) == list(Setup.of(DEPOT).by_name["send_parcel"].parameters["properties"])
    assert parts == {"tool", "arguments", "both"}


def test_an_argument_that_is_called_description_stays() -> None:
    schema = {"type": "object", "properties": {"description": {"type": "string", "description": "What to say."}}}
    toolset = Desk(Tool(name="write_note", description="Write a note.", parameters=schema))
    for seed in range(6):
        _, lens = bound("descriptions.drop", toolset, seed=seed)
        assert "description" in lens.setup.public_tools[0].parameters["properties"]


def test_a_misleading_description_is_another_tools() -> None:
    _, lens = bound("descriptions.mislead", DEPOT)
    before = {tool.name: tool.description for tool in Setup.of(DEPOT).tools}
    for tool in lens.setup.tools:
        assert tool.description != before[tool.name]
        assert tool.description in before.values()


def test_tools_that_are_described_alike_cannot_mislead() -> None:
    toolset = Desk(Tool(name="get_user", description="Same."), Tool(name="get_order", description="Same."))
    planned: Operator | NotApplicable = by_id("descriptions.mislead").plan(Setup.of(toolset), SeededPick(1, "x"), 1.0)
    assert isinstance(planned, NotApplicable)
