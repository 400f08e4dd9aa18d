"""What a designed run turns on and off: axes or operators, and which operator stands for each of them in a task."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from perturb.errors import ConfigurationError
from perturb.operator import NotApplicable, Operator, SeededPick, Stack
from perturb.planning import LeftOut, Prover
from perturb.store import Planned
from perturb.toolset import Task
from perturb.types import HEADLINE_KINDS

MOST_FACTORS = 11
"""So many operators at most are a factor each; of more, their axes are. Eleven take 128 runs and have 66 effects."""
FRESH = 10_000
"""Trials from this number on confirm what earlier ones have suggested, and are not looked at before."""
STACK = Stack.id

Cast = dict[str, type[Operator]]
"""The operator that stands for each factor which applies to a task."""


class Factor(NamedTuple):
    """Something that is on or off: an operator, or an axis, for which one of `operators` stands in each task."""

    name: str
    operators: tuple[type[Operator], ...]


def factors_of(operators: Sequence[type[Operator]], patterns: Sequence[str]) -> list[Factor]:
    """The operators where they were named and are few, else their axes. Raises `ConfigurationError` for fewer than two."""
    if "*" not in patterns and len(operators) <= MOST_FACTORS:
        factors = [Factor(one.id, (one,)) for one in operators]
        what = f"a design tells two operators or more apart, and {', '.join(one.id for one in operators)} is one"
    else:
        axes = dict.fromkeys(one.axis for one in operators)
        factors = [Factor(axis, tuple(one for one in operators if one.axis == axis)) for axis in axes]
        what = (
            f"the {len(operators)} operators are all of the axis {next(iter(axes))}, and a design tells two or more apart; "
            f"name operators of another axis, or at most {MOST_FACTORS}, which are then told apart themselves"
        )
    if len(factors) < 2:
        raise ConfigurationError(f"{what}; see perturb list operators" if len(operators) == 1 else what)
    return factors


class Casting:
    """Chooses for a task which operator stands for each factor, and lays them over one another.

    Within a task a factor is always the same operator, drawn once: its stacks differ in what is on, and in nothing else.
    """

    def __init__(self, prover: Prover, factors: Sequence[Factor], first: Iterable[Planned]) -> None:
        self.prover = prover
        self.factors = factors
        self._applies: dict[str, dict[str, Planned]] = {}
        for one in first:
            self._applies.setdefault(one.task, {})[str(one.operator)] = one

    @property
    def tasks(self) -> list[str]:
        """The tasks to which an operator applies, in the order of the toolset."""
        return list(self._applies)

    def candidates(self, task: str, factor: Factor) -> list[type[Operator]]:
        """The operators that may stand for a factor: it alone where it is one, else those of a kind that the headline counts,
        in an order drawn for the task."""
        there = self._applies[task]
        if len(factor.operators) == 1:
            return [one for one in factor.operators if one.id in there]
        found = [one for one in factor.operators if one.id in there and there[one.id].kind in HEADLINE_KINDS]
        random.Random(f"cast {self.prover.design.seed}\x1f{task}\x1f{factor.name}").shuffle(found)
        return found

    async def cast(self, task: Task, *, together: bool) -> tuple[Cast, Planned | None]:
        """The operator of each factor that applies, and the episode with all of them on. With `together` they all are in one
        stack that is proven solvable; a factor of which no operator goes with those before it is left out."""
        cast: Cast = {}
        whole: Planned | None = None
        for factor in self.factors:
            for operator in self.candidates(task.id, factor):
                if not together:
                    cast[factor.name] = operator
                    break
                tried = await self.stack(task, [*cast.values(), operator], 0)
                if isinstance(tried, Planned):
                    cast[factor.name], whole = operator, tried
                    break
        return cast, whole

    def laid(self, task: Task, operators: Iterable[type[Operator]]) -> tuple[Stack, Mapping[str, NotApplicable]]:
        """The plan of operators laid over one another, each with the draws that it has alone, and those that found no place."""
        design = self.prover.design
        scope = () if design.plan_scope == "run" else (task.id, 0)
        setup = self.prover.gold.setup
        return Stack.of(
            operators,
            setup if design.plan_scope == "run" else setup.for_task(task),
            lambda name: SeededPick(design.seed, name, *scope),
            design.intensity,
        )

    async def stack(self, task: Task, operators: Sequence[type[Operator]], trial: int, name: str = STACK) -> Planned | LeftOut:
        """The episode with these operators on, proven; left out where one of them does not go with the others."""
        try:
            plan, missing = self.laid(task, operators)
        except Exception as error:
            return _left(task, trial, name, "tester_fault", f"a stack raised {type(error).__name__}: {error}")
        for operator, why in missing.items():
            return _left(task, trial, name, "not_applicable", f"{operator}: {why.reason}")
        made = await self.prover.drawn(plan, Stack, task, trial)
        return msgspec.structs.replace(made, operator=name, axis=Stack.axis)


def _left(task: Task, trial: int, name: str, outcome: str, reason: str) -> LeftOut:
    return LeftOut(
        operator=name,
        axis=Stack.axis,
        kind="equivalent",
        task=task.id,
        trial=trial,
        outcome=outcome,  # type: ignore[arg-type]
        reason=reason,
    )
