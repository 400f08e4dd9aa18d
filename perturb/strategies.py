"""Hypothesis strategies: setups, plans, stacks of operators, and values and calls valid under a schema.

For properties of your own: what an agent makes of a setup must hold in every setup that it may be shown.

    from hypothesis import given
    from perturb import strategies
    from perturb.loading import load_toolset

    AIRLINE = load_toolset("airline")

    @given(strategies.setups(AIRLINE, "tools.*,arguments.*"))
    def test_every_tool_is_listed(setup):
        assert all(tool.name in my_prompt(setup.system, setup.public_tools) for tool in setup.public_tools)

The only module that imports Hypothesis; nothing imports it but tests and searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, find, given, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from perturb.operator import NotApplicable, Operator, Pick, SeededPick, Setup, Stack, lens_for
from perturb.operators import select
from perturb.types import JSON, Call, Result, Schema, Tool

if TYPE_CHECKING:
    from perturb.toolset import Toolset

T = TypeVar("T")

__all__ = [
    "DrawnPick",
    "Recipe",
    "calls",
    "drawn",
    "plans",
    "plans_with_calls",
    "plans_with_results",
    "plans_with_shown_calls",
    "recipes",
    "setups",
    "smallest",
    "stacks",
    "values",
]

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | _TEXT
)
_ANYTHING = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=5
)


_FORMATS: dict[str, st.SearchStrategy[JSON]] = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "time": st.times().map(lambda time: time.strftime("%H:%M:%SZ")),
    "date-time": st.datetimes().map(lambda moment: f"{moment.date().isoformat()}T{moment:%H:%M:%S}Z"),
}


_whole = lru_cache(maxsize=1024)(st.integers)
"""Whole numbers within bounds, made once for each: see `_values`."""


class DrawnPick(Pick):
    """Choices drawn by Hypothesis, which shrink towards the first option and the given order."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def rank(self, place: str) -> float:
        return self._draw(_whole(0, 1000)) / 1000

    def choice(self, place: str, options: Sequence[T]) -> T:
        return options[self._draw(_whole(0, len(options) - 1))]

    def integer(self, place: str, low: int, high: int) -> int:
        return self._draw(_whole(low, high))

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        return self._draw(st.permutations(list(items)))


def values(schema: Schema) -> st.SearchStrategy[JSON]:
    """JSON values that are valid under a schema, as far as tools' schemas go: types, enums, constants, unions, required and
    optional properties, maps, lists, bounds, the formats of dates and times (in UTC, to the second). Keywords beyond these are
    not looked at."""
    return _values(msgspec.json.encode(schema))


@lru_cache(maxsize=4096)
def _values(written: bytes) -> st.SearchStrategy[JSON]:
    """Made once for each schema: Hypothesis looks a new strategy over before it first draws from it, which takes longer."""
    schema: Schema = msgspec.json.decode(written)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return st.one_of([values(branch) for branch in schema[key]])
    declared = schema.get("type")
    if isinstance(declared, list):
        return st.one_of([values({**schema, "type": one}) for one in declared])
    match declared:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            low, high = schema.get("minimum", -(10**6)), schema.get("maximum", 10**6)
            return st.integers(int(low), max(int(low), int(high)))
        case "number":
            low, high = float(schema.get("minimum", -1e6)), float(schema.get("maximum", 1e6))
            return st.floats(low, max(low, high), allow_nan=False) | st.integers(int(low) + 1, max(int(low) + 1, int(high) - 1))
        case "string" if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        case "string":
            return st.text(
                st.characters(codec="utf-8", exclude_categories=["Cs"]),
                min_size=schema.get("minLength", 0),
                max_size=schema.get("maxLength", max(12, schema.get("minLength", 0))),
            )
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(values(schema.get("items", {})), min_size=least, max_size=max(least, schema.get("maxItems", 4)))
        case "object":
            return _objects(schema)
    return _objects(schema) if "properties" in schema else _ANYTHING


def _objects(schema: Schema) -> st.SearchStrategy[JSON]:
    properties: dict[str, Schema] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    fixed = st.fixed_dictionaries(
        {name: values(child) for name, child in properties.items() if name in required},
        optional={name: values(child) for name, child in properties.items() if name not in required},
    )
    free = schema.get("additionalProperties")
    if isinstance(free, dict) or (free is True and not properties):
        names = _TEXT.filter(lambda name: name not in properties)
        extra = st.dictionaries(names, values(free) if isinstance(free, dict) else _ANYTHING, max_size=3)
        return st.builds(lambda one, other: {**other, **one}, fixed, extra)
    return fixed


def calls(tools: Sequence[Tool]) -> st.SearchStrategy[Call]:
    """Calls of one of the tools that are valid under its schema."""
    return st.sampled_from(list(tools)).flatmap(
        lambda tool: values(tool.parameters).map(lambda arguments: Call(tool.name, arguments))
    )


@st.composite
def plans(draw: st.DrawFn, operator: type[Operator], setup: Setup) -> Operator | NotApplicable:
    """Plans of one operator on a setup (`Setup.of(toolset)`), of any intensity; the reason where there is nothing to do."""
    intensity = draw(st.sampled_from([1.0, 0.3, 0.6]))
    return operator.plan(setup, DrawnPick(draw), intensity)


@st.composite
def plans_with_calls(draw: st.DrawFn, operator: type[Operator], setup: Setup) -> tuple[Operator | NotApplicable, list[Call]]:
    """A plan, and real calls that the schemas of the setup allow."""
    plan = draw(plans(operator, setup))
    return plan, draw(st.lists(calls(setup.public_tools), min_size=1, max_size=5))


@st.composite
def plans_with_results(
    draw: st.DrawFn, operator: type[Operator], setup: Setup
) -> tuple[Operator | NotApplicable, list[tuple[Call, Result]]]:
    """A plan, and real calls with results, both as the schemas of the setup allow them; without tools that declare none."""
    plan = draw(plans(operator, setup))
    answered = []
    tools = [tool for tool in setup.public_tools if tool.returns is not None]
    for call in draw(st.lists(calls(tools), min_size=1, max_size=3)) if tools else ():
        schema = setup.returns(call)
        assert schema is not None
        answered.append((call, Result(draw(values(schema)), setup.by_name[call.name].renderer)))
    return plan, answered


@st.composite
def plans_with_shown_calls(
    draw: st.DrawFn, operator: type[Operator], setup: Setup
) -> tuple[Operator | NotApplicable, list[Call]]:
    """A plan, and calls that the schemas allow as the plan shows them."""
    plan = draw(plans(operator, setup))
    shown = setup.public_tools if isinstance(plan, NotApplicable) else lens_for(plan, setup).setup.public_tools
    return plan, draw(st.lists(calls(shown), min_size=1, max_size=4))


def smallest(strategy: st.SearchStrategy[T], broken: Callable[[T], bool], examples: int) -> T | None:
    """The smallest drawn value that is broken, out of so many examples; `None` where none is. The same each time."""
    # Nobody is shown what Hypothesis would explain of it, which takes it as long as all the rest.
    phases = (Phase.generate, Phase.shrink)
    quiet = settings(max_examples=examples, derandomize=True, database=None, deadline=None, print_blob=False, phases=phases)
    try:
        return find(strategy, broken, settings=quiet)
    except NoSuchExample:
        return None


@st.composite
def stacks(draw: st.DrawFn, operators: Sequence[type[Operator]], setup: Setup, least: int = 3, most: int = 5) -> Stack:
    """Stacks of `least` to `most` different operators that apply, of two axes or more: what does not apply, and the last of
    too many of one axis, makes room for the next in a drawn order."""
    order = draw(st.permutations(list(operators)))
    size = draw(st.integers(least, most))
    seed = draw(st.integers(0, 10_000))
    intensity = draw(st.sampled_from([1.0, 0.3, 0.6]))
    chosen, rest = order[:size], iter(order[size:])
    while True:
        stack, left_out = Stack.of(chosen, setup, lambda name: SeededPick(seed, name), intensity)
        mixed = len({member.axis for member in stack.operators}) > 1
        if mixed and len(stack.operators) >= least:
            return stack
        further = next(rest, None)
        if further is None:
            reject()
        chosen = [one for one in chosen if one.id not in left_out]
        chosen = [*(chosen if mixed else chosen[: most - 1]), further]


def setups(toolset: Toolset, operators: str | Iterable[str] = "*", most: int = 3) -> st.SearchStrategy[Setup]:
    """Setups as an agent may be shown them: the toolset's own, and the same under up to `most` operators that apply.

    `operators` are patterns as on the command line. `setup.system` and `setup.public_tools` are what an agent sees; a call
    that is valid there is drawn by `calls(setup.public_tools)`. The first example is the toolset's own setup.
    """
    own, chosen = Setup.of(toolset), select(operators, scaffold=False)  # those change nothing of what a setup shows

    @st.composite
    def shown(draw: st.DrawFn) -> Setup:
        recipe = draw(recipes(chosen, [""], draw(st.integers(0, min(most, len(chosen))))))
        stack, _ = Stack.of(recipe.operators, own, lambda name: SeededPick(recipe.seed, name), recipe.intensity)
        return lens_for(stack, own).setup

    return shown()


class Recipe(NamedTuple):
    """How a plan is to be drawn: for which task, by its id, with which operators, how strong, and from which seed."""

    task: str
    operators: tuple[type[Operator], ...]
    intensity: float
    seed: int


@st.composite
def recipes(
    draw: st.DrawFn, operators: Sequence[type[Operator]], tasks: Sequence[str], size: int, intensities: Sequence[float] = (1.0,)
) -> Recipe:
    """Recipes with `size` different operators.

    Where and how each operator changes things is drawn as a seed and not choice by choice: streams by place keep what is chosen
    at one place when others are left out, and a stack of many operators makes more choices than one example may hold.
    """
    chosen = draw(st.lists(st.sampled_from(list(operators)), min_size=size, max_size=size, unique=True)) if size else []
    return Recipe(
        task=draw(st.sampled_from(list(tasks))),
        operators=tuple(chosen),
        intensity=draw(st.sampled_from(list(intensities))),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def drawn(strategy: st.SearchStrategy[T], count: int, number: int) -> list[T]:
    """Up to `count` values of a strategy, the same for the same `number`: for searches that judge them in their own time."""
    found: list[T] = []

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def take(one: T) -> None:
        found.append(one)

    take()
    return found
