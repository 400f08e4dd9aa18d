"""Each law notices an operator that breaks it, and lets a sound one pass."""

from __future__ import annotations

import anyio
import pytest
from broken_operators import BROKEN, Broken, Idle, Sound
from depot import DEPOT as KEPT
from depot import Depot

from perturb import laws, operators
from perturb.authoring import toolset
from perturb.operator import Lens, Operator, SeededPick, Setup, StackLens, lens_for
from perturb.operators.arguments.recode_enum import RecodeEnum
from perturb.replay import Gold
from perturb.toolset import Task, Toolset
from perturb.types import Call, Schema, Tool


def broken_laws(operator: type[Operator], monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """The laws that the whole suite finds broken, each with what it says first."""
    monkeypatch.setattr(operators, "TABLE", (*operators.TABLE, operator))
    # A toolset of its own: one of the operators changes what it is given.
    fresh = toolset(
        Depot, name="depot", system=KEPT.system, tasks=KEPT.tasks, entities={"person": KEPT.entities["person"]}, failures="json"
    )

    async def check() -> list[laws.Violation]:
        gold = Gold(fresh)
        calls = [call for task in fresh.tasks for call in task.gold or ()]
        found = [*laws.deterministic(operator, gold.setup, 1, 1.0, calls), *laws.dosed(operator, gold.setup, 1, calls)]
        plan = operator.plan(gold.setup, SeededPick(1, operator.id), 1.0)
        found += laws.on_setup(plan, gold.setup)
        for task in fresh.tasks:
            found += await laws.on_task(gold, task, plan)
        found += await laws.felt(gold, plan)
        return found

    first: dict[int, str] = {}
    for violation in anyio.run(check):
        first.setdefault(violation.law, str(violation))
    return first


@pytest.mark.parametrize("operator", [pytest.param(one, id=f"law{one.law}-{one.__name__}") for one in BROKEN])
def test_the_law_notices(operator: type[Broken], monkeypatch: pytest.MonkeyPatch) -> None:
    if operator.__name__ == "Boastful":
        plan = operator(touched={"send_parcel": "send_parcel_x"})
        from perturb.operator import Stack

        found = {one.law for one in laws.composable(Stack(operators=(plan, plan)), Setup.of(KEPT))}
        assert operator.law in found
        return
    assert operator.law in broken_laws(operator, monkeypatch)


def test_every_law_is_broken_by_some_operator() -> None:
    assert {one.law for one in BROKEN} == set(laws.LAWS)


def test_a_sound_operator_breaks_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken_laws(Sound, monkeypatch) == {}


def test_a_task_without_gold_calls_says_nothing_of_whether_a_change_is_felt() -> None:
    free = Task(id="free", prompt="Do something.", check=lambda *_: True)
    loose = toolset(Depot, name="depot", tasks=[free, *KEPT.tasks])
    plan = Idle(touched={tool.name: tool.name for tool in KEPT.tools})
    assert [one.law for one in anyio.run(laws.felt, Gold(loose), plan)] == [10]
    assert anyio.run(laws.felt, Gold(toolset(Depot, name="depot", tasks=[free])), plan) == []


def test_a_legend_may_name_the_values_that_its_codes_stand_for() -> None:
    listed: Schema = {"type": "object", "properties": {"list": {"enum": ["6809637769959178254", "東", "", "a.b"]}}}
    numbered = ServerOf(Tool(name="rank_list", description="Get one.", parameters=listed))
    setup = Setup.of(numbered)
    for seed in range(4):
        plan = RecodeEnum.plan(setup, SeededPick(seed), 1.0)
        assert isinstance(plan, RecodeEnum)
        assert laws.on_setup(plan, setup) == []


class ServerOf(Toolset):
    """Tools with nothing behind them."""

    name = "server"
    dumps_state = False

    def __init__(self, *tools: Tool) -> None:
        self.tools = tools


def test_new_names_may_have_dots_where_the_old_ones_have_them() -> None:
    for old, broken in (("crm.get_user", False), ("crm_get_user", True)):
        setup = Setup.of(ServerOf(Tool(name=old, description="Get a user.")))
        lens = lens_for(Sound(touched={old: "crm.fetch_member"}), setup)
        assert [one.law for one in laws.valid_tools(lens)] == ([2] if broken else [])


def test_a_lens_that_shows_few_digits_exactly_is_held_to_those() -> None:
    schema: Schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    setup = Setup.of(ServerOf(Tool(name="pay", description="Pay.", parameters=schema)))

    class Texts(Lens):
        """Shows numbers of more than so many digits as texts, and says that it shows eleven exactly."""

        exact_digits = 11
        kept = 11

        def show_call(self, call: Call) -> Call:
            return Call(
                call.name,
                {key: value if len(repr(value)) <= self.kept + 2 else repr(value) for key, value in call.arguments.items()},
            )

    class Fewer(Texts):
        kept = 5

    def broken(lens: Lens) -> list[int]:
        stack = StackLens(setup, ())
        stack._lay([lens], ())
        return [one.law for one in laws.valid(stack, [Call("pay", {"amount": 0.12345678901234567})])]

    assert broken(Texts(setup)) == []
    assert broken(Fewer(setup)) == [2]
