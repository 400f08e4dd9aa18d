"""The laws on schemas of real servers: the 251 tools of LiveMCP's 40 servers, as far as laws can be held without tasks.

The data lies in `shared/data` beside the checkout; without it these tests are skipped.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_toolsets import livemcp, with_meanings

from perturb import laws, schemas, strategies
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import TABLE
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool

OPERATORS = [pytest.param(operator, id=operator.id) for operator in TABLE]


FOUND_NOWHERE = {
    "arguments.split": "no server takes a date with its time, or an amount with its currency",
    "arguments.flatten": "no server takes an object with properties beside its other arguments",
}
"""What operators over tools need and none of the servers has."""


class Server(Toolset):
    """The tools of one server, with nothing behind them."""

    dumps_state = False

    def __init__(self, name: str, entries: list[dict[str, Any]]) -> None:
        self.name = name
        self.tools = tuple(
            Tool(
                name=one["name"],
                description=one.get("description") or "",
                parameters=with_meanings(one["name"], one["parameters"]),
            )
            for one in entries
        )


@cache
def servers() -> tuple[Setup, ...]:
    return tuple(Setup.of(Server(name, entries)) for name, entries in livemcp().items())


def told(violations: Any) -> list[str]:
    return [str(one) for one in violations]


def plain_calls(setup: Setup) -> list[Call]:
    """For each tool a call without arguments and one with a text for every argument, valid or not; and one with null for
    each that may be null, since a strict schema has no other word for an argument that is left out."""
    made = []
    for tool in setup.public_tools:
        names = tool.parameters.get("properties", {})
        nullable = [name for name, child in names.items() if "null" in schemas.kinds_of(child)]
        made += [Call(tool.name, {}), Call(tool.name, dict.fromkeys(names, "x")), Call(tool.name, dict.fromkeys(nullable))]
    return made


def test_every_server_is_a_toolset() -> None:
    assert len(servers()) == 40
    assert sum(len(setup.tools) for setup in servers()) == 251
    for setup in servers():
        setup.source.validate()


@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
def test_plans_obey_the_laws(operator: type[Operator]) -> None:
    applies = 0
    for setup in servers():
        for intensity, seed in ((0.3, 1), (1.0, 2), (1.0, 3)):
            plan = operator.plan(setup, SeededPick(seed, operator.id), intensity)
            if isinstance(plan, NotApplicable):
                continue
            applies += 1
            lens = lens_for(plan, setup)
            calls = plain_calls(setup)
            found = [*laws.on_setup(plan, setup), *laws.round_trip(lens, calls, ()), *laws.one_to_one(lens, calls)]
            assert told(found) == [], setup.source.name
        assert told(laws.dosed(operator, setup, 1, plain_calls(setup))) == [], setup.source.name
        assert told(laws.deterministic(operator, setup, 1, 1.0, plain_calls(setup))) == [], setup.source.name
    # A server without output schemas, state and prompts gives the operators over those nothing to do.
    assert applies or operator.axis != "tools" or operator.id in FOUND_NOWHERE


def check_calls(operator: type[Operator], data: st.DataObject, setup: Setup) -> None:
    plan = operator.plan(setup, SeededPick(data.draw(st.integers(0, 9)), operator.id), data.draw(st.sampled_from([1.0, 0.5])))
    if isinstance(plan, NotApplicable):
        return
    lens = lens_for(plan, setup)
    calls = data.draw(st.lists(strategies.calls(setup.public_tools), min_size=1, max_size=4))
    assert told(laws.round_trip(lens, calls, ())) == []
    assert told(laws.valid(lens, calls)) == []
    assert told(laws.one_to_one(lens, calls)) == []
    if operator.retires_calls:
        assert told(laws.strict(lens, calls)) == []
    for call in data.draw(st.lists(strategies.calls(lens.setup.public_tools), min_size=1, max_size=4)):
        assert isinstance(lens.read_call(call), Call | Failure)


@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
@given(data=st.data())
def test_calls_that_the_schemas_allow(operator: type[Operator], data: st.DataObject) -> None:
    check_calls(operator, data, data.draw(st.sampled_from(servers())))


@given(data=st.data())
def test_stacks_read_back_every_call(data: st.DataObject) -> None:
    setup = data.draw(st.sampled_from(servers()))
    stack: Stack = data.draw(strategies.stacks(TABLE, setup, 3, 6))
    lens = lens_for(stack, setup)
    assert told(laws.valid_tools(lens)) == []
    calls = data.draw(st.lists(strategies.calls(setup.public_tools), min_size=1, max_size=4))
    assert told(laws.round_trip(lens, calls, ())) == []
    assert told(laws.valid(lens, calls)) == []
    assert told(laws.one_to_one(lens, calls)) == []
    for call in data.draw(st.lists(strategies.calls(lens.setup.public_tools), max_size=3)):
        assert isinstance(lens.read_call(call), Call | Failure)
