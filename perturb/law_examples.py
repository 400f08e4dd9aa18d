"""The laws on calls and results that schemas allow: looked for by Hypothesis, and told with the smallest that breaks one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from perturb import laws, strategies
from perturb.laws import Violation
from perturb.leaks import Leaks
from perturb.operator import Lens, NotApplicable, Operator, Setup, StackLens, lens_for
from perturb.types import Call, Failure, Result

EXAMPLES = 60
"""How many examples are looked at for each group of laws."""


class Found(NamedTuple):
    """A broken law with its smallest example, and the plan under which it is broken."""

    violation: Violation
    plan: Operator


def broken_on_examples(operator: type[Operator], setup: Setup, examples: int = EXAMPLES) -> Iterator[Found]:
    """The laws that an operator breaks on calls and results which the schemas of a setup allow, one at most for each group:
    what is shown reads back and stays valid and one-to-one; every shown call reads back or is refused in shown terms."""
    for draw, look in ((_calls, _on_calls), (_results, _on_results), (_shown_calls, _on_shown_calls)):

        def broken(drawn: Any, look: Callable[..., list[Violation]] = look) -> list[Violation]:
            plan, *given = drawn
            if isinstance(plan, NotApplicable):
                return []
            try:
                return look(plan, lens_for(plan, setup), *given)
            except Exception as error:
                return [Violation(1, f"raised {type(error).__name__}: {error}, with {_brief(given)}")]

        smallest = strategies.smallest(draw(operator, setup), lambda drawn: bool(broken(drawn)), examples)
        if smallest is not None:
            yield Found(broken(smallest)[0], smallest[0])


def _calls(operator: type[Operator], setup: Setup) -> Any:
    return strategies.plans_with_calls(operator, setup)


def _results(operator: type[Operator], setup: Setup) -> Any:
    return strategies.plans_with_results(operator, setup)


def _shown_calls(operator: type[Operator], setup: Setup) -> Any:
    return strategies.plans_with_shown_calls(operator, setup)


def _on_calls(plan: Operator, lens: StackLens, calls: list[Call]) -> list[Violation]:
    found: list[Violation] = []
    for stage in lens.stages():
        found += [*laws.round_trip(stage, calls, ()), *laws.valid(stage, calls), *laws.one_to_one(stage, calls)]
        if type(plan).retires_calls:
            found += laws.strict(stage, calls)
    return found


def _on_results(plan: Operator, lens: StackLens, answered: list[tuple[Call, Result]]) -> list[Violation]:
    if any(type(layer).perform is not Lens.perform for layer in lens.layers):
        return []  # one call becomes several: its result is read by the gold replay
    found: list[Violation] = []
    for stage in lens.stages():
        found += [*laws.round_trip(stage, (), answered), *laws.valid(stage, (), answered)]
        found += laws.one_to_one(stage, (), answered)
    return found


def _on_shown_calls(plan: Operator, lens: StackLens, calls: list[Call]) -> list[Violation]:
    """Law 4 on refusals: every call that a shown schema allows reads back, or is refused without a real name."""
    leaks = Leaks.of(lens)
    found = []
    for call in calls:
        read = lens.read_call(call)
        if isinstance(read, Failure):
            spoken = laws.brief(call)
            for leak in leaks.in_failure(read.message, lens.setup.by_name.get(call.name)):
                if leak.name not in spoken:
                    found.append(Violation(4, f"the refusal of {spoken}: {leak}"))
    return found


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else text[:297] + "..."
