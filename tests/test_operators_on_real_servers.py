"""The laws on the schemas of 40 real MCP servers, for the operators over tools, their arguments and their descriptions."""

from __future__ import annotations

import pytest
from real_toolsets import livemcp
from test_renaming_operators import a_call, tools_only

from perturb import laws
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import by_id

FEWEST = 10
"""Servers that each operator applies to; those over enums and objects find few."""


@pytest.mark.parametrize(
    "operator_id",
    [
        "descriptions.verbose",
        "descriptions.drop",
        "descriptions.mislead",
        "tools.case_style",
        "tools.prefix",
        "tools.abbreviate",
        "tools.swap_names",
        "arguments.case_style",
        "arguments.reorder",
        "arguments.wrap",
        "schema.references",
        "schema.dialect",
        "schema.strict",
        "toolset.shuffle",
        "toolset.near_duplicates",
    ],
)
def test_laws_on_the_schemas_of_real_servers(operator_id: str) -> None:
    applied = 0
    operator = by_id(operator_id)
    for name, tools in livemcp().items():
        setup = Setup.of(tools_only(name, tools))
        calls = [a_call(tool) for tool in setup.tools]
        plan = operator.plan(setup, SeededPick(3, operator_id), 1.0)
        if isinstance(plan, NotApplicable):
            continue
        applied += 1
        lens = lens_for(plan, setup)
        found = [
            *laws.dosed(operator, setup, 1, calls),
            *laws.on_setup(plan, setup),
            *laws.round_trip(lens, calls, ()),
            *laws.one_to_one(lens, calls),
            *laws.valid(lens, calls),
        ]
        if plan.retires_calls:
            found += laws.strict(lens, calls)
        assert [str(one) for one in found] == [], name
    assert applied >= FEWEST
