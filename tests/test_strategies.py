"""The Hypothesis strategies that users write properties with."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb import strategies
from perturb.operator import NotApplicable, Setup, lens_for
from perturb.operators import TABLE, by_id
from perturb.types import Failure

OWN = Setup.of(DEPOT)


@given(strategies.setups(DEPOT, "tools.*,arguments.*,schema.*", most=2), st.data())
def test_a_setup_is_one_that_an_agent_can_be_shown_and_call_in(setup: Setup, data: st.DataObject) -> None:
    names = [tool.name for tool in setup.public_tools]
    assert len(set(names)) == len(names)
    call = data.draw(strategies.calls(setup.public_tools))
    schema = next(tool.parameters for tool in setup.public_tools if tool.name == call.name)
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(call.arguments)


def test_setups_begin_with_the_toolsets_own_and_come_in_others() -> None:
    found = strategies.drawn(strategies.setups(DEPOT, "tools.*"), 20, 1)
    assert found[0].public_tools == OWN.public_tools
    assert len({setup.digest for setup in found}) >= 5


@given(strategies.plans(by_id("arguments.synonym"), OWN), strategies.calls(OWN.public_tools))
def test_a_plan_and_a_call_make_a_property_of_ones_own(plan: Any, call: Any) -> None:
    assert not isinstance(plan, NotApplicable)
    lens = lens_for(plan, OWN)
    read = lens.read_call(lens.show_call(call))
    assert not isinstance(read, Failure)
    assert read == call


def test_recipes_hold_different_operators_and_what_is_drawn_is_the_same_again() -> None:
    strategy = strategies.recipes(TABLE, ["a", "b"], 5, (1.0, 0.5))
    first, again, other = (strategies.drawn(strategy, 30, number) for number in (1, 1, 2))
    assert first == again != other
    assert 20 <= len(first) <= 30
    assert all(len({one.id for one in recipe.operators}) == 5 for recipe in first)
    assert {recipe.task for recipe in first} == {"a", "b"}
    assert {recipe.intensity for recipe in first} == {1.0, 0.5}


@pytest.mark.slow
def test_the_example_of_the_documentation_runs() -> None:
    text = strategies.__doc__ or ""
    code = textwrap.dedent("\n".join(line for line in text.splitlines() if line.startswith("    ") or not line))
    names: dict[str, Any] = {"my_prompt": lambda system, tools: f"{system} {' '.join(tool.name for tool in tools)}"}
    exec(compile(code, "example", "exec"), names)
    names["test_every_tool_is_listed"]()
    names["my_prompt"] = lambda system, tools: f"{system} {' '.join(tool.name for tool in tools[:3])}"
    try:
        names["test_every_tool_is_listed"]()
    except AssertionError:
        return
    raise AssertionError("a prompt that leaves tools out was not noticed")
