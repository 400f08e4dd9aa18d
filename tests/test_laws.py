"""The laws over the whole table of operators: on plans, on calls that a schema allows, on real tasks, and on random stacks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from depot import DEPOT
from hypothesis import given, settings
from hypothesis import strategies as st

from perturb import laws, strategies
from perturb.errors import PerturbError
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import TABLE, by_id, from_json
from perturb.replay import Gold
from perturb.showing import shown_example
from perturb.types import Result, Tool, to_json

FEW = pytest.param(((0.3, 1), (1.0, 2)), 4, id="few")
ALL = pytest.param([(dose, seed) for dose in (0.3, 1.0) for seed in (1, 2, 3)], 8, id="all", marks=pytest.mark.slow)
OPERATORS = [pytest.param(operator, id=operator.id) for operator in TABLE]


def planned(operator: type[Operator], setup: Setup, seed: int, intensity: float, scope: str = "") -> Operator | NotApplicable:
    return operator.plan(setup, SeededPick(seed, operator.id, scope), intensity)


def told(violations: Any) -> list[str]:
    return [str(one) for one in violations]


REAL = ("airline", "agentdojo:banking", "agentdojo:slack", "agentdojo:travel")


@pytest.fixture(scope="module", params=["depot", *(pytest.param(name, marks=pytest.mark.slow) for name in REAL)])
def gold(request: pytest.FixtureRequest) -> Gold:
    if request.param == "depot":
        return Gold(DEPOT)
    if request.param.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    return Gold(load_toolset(request.param))


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_is_described(operator: type[Operator]) -> None:
    assert operator.__doc__ is not None
    assert "Before" in operator.__doc__
    assert "After" in operator.__doc__
    assert operator.id.count(".") == 1
    assert operator.version >= 1


@pytest.mark.parametrize("operator", OPERATORS)
def test_examples_are_what_the_operator_does(operator: type[Operator]) -> None:
    assert operator.examples, "an operator shows what it does"
    for example in operator.examples:
        assert shown_example(example) == example.after


@pytest.mark.parametrize("operator", OPERATORS)
def test_it_is_felt_somewhere_in_every_toolset_with_what_it_needs(operator: type[Operator]) -> None:
    gold = Gold(DEPOT)
    plan = planned(operator, gold.setup, 1, 1.0)
    assert isinstance(plan, Operator), plan
    # One that changes what an agent may or may not meet is felt where errors are provoked.
    assert told(anyio.run(laws.felt, gold, plan)) == []
    proofs = [anyio.run(gold.prove, task, plan) for task in DEPOT.tasks]
    assert any(proof.felt for proof in proofs) or operator.conditional
    assert {proof.status for proof in proofs} <= {"solvable", "not_applicable"}, proofs


@pytest.mark.parametrize(("draws", "number_of_tasks"), [FEW, ALL])
@pytest.mark.parametrize("operator", OPERATORS)
def test_plans_obey_the_laws(
    operator: type[Operator], gold: Gold, draws: Sequence[tuple[float, int]], number_of_tasks: int
) -> None:
    async def check() -> list[str]:
        found: list[str] = []
        tasks = gold.toolset.tasks[:: max(1, len(gold.toolset.tasks) // number_of_tasks)]
        for intensity, seed in draws:
            plan = planned(operator, gold.setup, seed, intensity)
            if isinstance(plan, NotApplicable):
                continue
            found += told(laws.on_setup(plan, gold.setup))
            for task in tasks:
                found += told(await laws.on_task(gold, task, plan))
        calls = [call for task in tasks for call in task.gold or ()]
        found += told(laws.dosed(operator, gold.setup, 1, calls))
        found += told(laws.deterministic(operator, gold.setup, 1, 1.0, calls))
        return found

    assert anyio.run(check) == []


@pytest.mark.parametrize("operator", OPERATORS)
@given(data=st.data())
def test_calls_that_the_schema_allows(operator: type[Operator], data: st.DataObject) -> None:
    setup = Setup.of(DEPOT)
    plan = data.draw(strategies.plans(operator, setup))
    if isinstance(plan, NotApplicable):
        return
    lens = lens_for(plan, setup)
    calls = data.draw(st.lists(strategies.calls(setup.public_tools), min_size=1, max_size=5))
    assert told(laws.round_trip(lens, calls, ())) == []
    assert told(laws.valid(lens, calls)) == []
    assert told(laws.one_to_one(lens, calls)) == []
    if operator.retires_calls:
        assert told(laws.strict(lens, calls)) == []


@pytest.mark.parametrize("operator", OPERATORS)
@given(data=st.data())
def test_results_that_the_schema_allows(operator: type[Operator], data: st.DataObject) -> None:
    setup = Setup.of(DEPOT)
    plan = data.draw(strategies.plans(operator, setup))
    if isinstance(plan, NotApplicable):
        return
    lens = lens_for(plan, setup)
    answered = []
    for call in data.draw(st.lists(strategies.calls(setup.public_tools), min_size=1, max_size=3)):
        schema = setup.returns(call)
        assert schema is not None
        answered.append((call, Result(data.draw(strategies.values(schema)), setup.by_name[call.name].renderer)))
    assert told(laws.round_trip(lens, (), answered)) == []
    assert told(laws.valid(lens, (), answered)) == []
    assert told(laws.one_to_one(lens, (), answered)) == []


@pytest.mark.parametrize("operator", OPERATORS)
@given(data=st.data())
def test_every_shown_call_reads_back_or_is_refused(operator: type[Operator], data: st.DataObject) -> None:
    setup = Setup.of(DEPOT)
    plan = data.draw(strategies.plans(operator, setup))
    if isinstance(plan, NotApplicable):
        return
    lens = lens_for(plan, setup)
    for call in data.draw(st.lists(strategies.calls(lens.setup.public_tools), min_size=1, max_size=5)):
        lens.read_call(call)  # total: an exception here would reach an agent


@given(data=st.data())
def test_a_random_stack_is_three_deep_and_of_mixed_axes(data: st.DataObject) -> None:
    stack = data.draw(strategies.stacks(TABLE, Setup.of(DEPOT), 3, 5))
    assert 3 <= len(stack.operators) <= 5
    assert len({member.axis for member in stack.operators}) > 1


@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_random_stacks_obey_the_laws(gold: Gold, data: st.DataObject) -> None:
    stack = data.draw(strategies.stacks(TABLE, gold.setup, 3, 5))
    task = data.draw(st.sampled_from(list(gold.toolset.tasks)))
    assert told(laws.on_setup(stack, gold.setup)) == []
    assert told(anyio.run(laws.on_task, gold, task, stack)) == []


@given(data=st.data())
def test_random_stacks_read_back_every_call(data: st.DataObject) -> None:
    setup = Setup.of(DEPOT)
    stack = data.draw(strategies.stacks(TABLE, setup, 3, 6))
    lens = lens_for(stack, setup)
    calls = data.draw(st.lists(strategies.calls(setup.public_tools), min_size=1, max_size=4))
    assert told(laws.round_trip(lens, calls, ())) == []
    assert told(laws.valid(lens, calls)) == []
    assert told(laws.one_to_one(lens, calls)) == []
    for call in data.draw(st.lists(strategies.calls(lens.setup.public_tools), max_size=3)):
        lens.read_call(call)


def test_leaving_one_operator_out_leaves_the_choices_of_the_others() -> None:
    setup = Setup.of(DEPOT)

    def stack(operators: list[type[Operator]]) -> dict[str, Any]:
        made, _ = Stack.of(operators, setup, lambda name: SeededPick(5, name), 1.0)
        return {member.id: member.to_json() for member in made.operators}

    names = ["arguments.nest", "toolset.merge", "results.paginate", "faults.transient"]
    whole = stack([by_id(name) for name in names])
    for name in names:
        less = stack([by_id(one) for one in names if one != name])
        assert less == {one: plan for one, plan in whole.items() if one != name}


@pytest.mark.slow
def test_one_seed_gives_one_plan_in_any_process() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from depot import DEPOT\n"
        "from perturb.operator import SeededPick, Setup, Operator\n"
        "from perturb.operators import TABLE\n"
        "from perturb.types import to_json\n"
        "for one in TABLE:\n"
        "    plan = one.plan(Setup.of(DEPOT), SeededPick(3, one.id), 0.6)\n"
        "    print(to_json(plan.to_json()) if isinstance(plan, Operator) else plan)\n"
    )
    here = Path(__file__).parent
    seen = {
        subprocess.run(
            [sys.executable, "-c", program, str(here)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(here.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(seen) == 1
    assert seen.pop().count("\n") == len(TABLE)


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_plan_of_another_version_is_refused(operator: type[Operator]) -> None:
    plan = planned(operator, Setup.of(DEPOT), 1, 1.0)
    assert isinstance(plan, Operator)
    with pytest.raises(PerturbError, match="version 99"):
        from_json({**plan.to_json(), "version": 99})


def test_a_tool_that_no_plan_knows_is_left_alone() -> None:
    """A plan is bound to a later state of the toolset: places that are gone are passed over."""
    setup = Setup.of(DEPOT)
    smaller = Setup(setup.system, tuple(tool for tool in setup.tools if tool.name != "send_parcel"), setup.source)
    for operator in TABLE:
        plan = planned(operator, setup, 1, 1.0)
        assert isinstance(plan, Operator)
        lens = lens_for(plan, smaller)
        assert told(laws.valid_tools(lens)) == []
        assert told(laws.one_to_one(lens, ())) == []


def test_tools_are_never_changed_in_place() -> None:
    before = to_json(Setup.of(DEPOT).tools)
    for operator in TABLE:
        plan = planned(operator, Setup.of(DEPOT), 1, 1.0)
        assert isinstance(plan, Operator)
        lens = lens_for(plan, Setup.of(DEPOT))
        assert isinstance(lens.setup.public_tools[0], Tool)
    assert to_json(Setup.of(DEPOT).tools) == before
