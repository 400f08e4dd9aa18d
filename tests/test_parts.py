"""Plans with fewer of their parts: what a search takes away must leave a plan that is whole."""

from __future__ import annotations

import random

import anyio
import pytest
from depot import DEPOT

from perturb.operator import NotApplicable, Operator, SeededPick, Stack
from perturb.operator.parts import members, parts, restricted
from perturb.operators import TABLE, by_id, from_json
from perturb.replay import Gold

GOLD = Gold(DEPOT)


def planned(operator: type[Operator]) -> Operator | None:
    setup = GOLD.setup.for_task(DEPOT.tasks[0])
    plan = operator.plan(setup, SeededPick(7, operator.id), 1.0)
    return None if isinstance(plan, NotApplicable) else plan


@pytest.mark.parametrize("operator", TABLE, ids=lambda operator: operator.id)
def test_a_plan_with_some_of_its_parts_touches_their_places_and_stays_solvable(operator: type[Operator]) -> None:
    plan = planned(operator)
    if plan is None:
        return
    found = parts(plan)
    assert restricted(plan, found) == plan
    assert frozenset().union(*found.values()) <= plan.places()
    for number in range(3 if found else 0):
        names = sorted(found)
        kept = random.Random(number).sample(names, 1 if number == 0 else (len(names) + 1) // 2)
        fewer = restricted(plan, kept)
        assert fewer.places() == plan.places() - frozenset().union(*(found[name] for name in found if name not in kept))
        assert from_json(fewer.to_json()) == fewer
        for task in DEPOT.tasks[:2]:
            assert anyio.run(GOLD.prove, task, fewer).status != "unsolvable"


def test_the_operators_without_parts_are_known() -> None:
    assert {one.id for one in TABLE if (plan := planned(one)) is not None and not parts(plan)} == {"environment.clock"}


def test_what_makes_one_of_several_is_one_part() -> None:
    merged = planned(by_id("toolset.merge"))
    assert merged is not None
    assert all(len(places) > 1 for places in parts(merged).values())


def test_stacks_within_stacks_are_laid_flat() -> None:
    inner = [one for name in ("tools.synonym", "errors.style") if (one := planned(by_id(name))) is not None]
    assert members(Stack(operators=(Stack(operators=tuple(inner)),))) == tuple(inner)
    assert members(inner[0]) == (inner[0],)
