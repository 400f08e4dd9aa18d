"""A trivial environment, and an agent that answers at once: what is left to measure is Perturb itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack
from perturb.operators import by_id
from perturb.store import Planned
from perturb.toolset import Task, Toolset
from perturb.types import JSON, Answer, Call, Failure, Result, Tool, digest

TASKS = 20
STACK = ("tools.synonym", "arguments.synonym", "arguments.nest", "results.rename_keys", "results.format")
"""Five operators on names, arguments and results, each of which answers one call by one call."""

_ITEM = {"type": "string", "description": "The item.", "enum": ["lamp", "vase", "chair", "table"]}
_SHELF = {"type": "string", "description": "The shelf."}
_NUMBER = {"type": "integer", "description": "How many items."}
_LEFT = {
    "type": "object",
    "properties": {"item": _ITEM, "shelf": _SHELF, "left": {"type": "integer", "description": "How many are left."}},
    "required": ["item", "shelf", "left"],
}


def _parameters(**properties: JSON) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


TOOLS = (
    Tool(
        name="add_items",
        description="Put items on a shelf.",
        parameters=_parameters(shelf=_SHELF, item=_ITEM, number=_NUMBER),
        returns=_LEFT,
    ),
    Tool(
        name="remove_items",
        description="Take items from a shelf.",
        parameters=_parameters(shelf=_SHELF, item=_ITEM, number=_NUMBER),
        returns=_LEFT,
    ),
    Tool(
        name="count_items",
        description="Count the items of one kind on a shelf.",
        parameters=_parameters(shelf=_SHELF, item=_ITEM),
        returns=_LEFT,
        effect="read",
        idempotent=True,
    ),
    Tool(
        name="list_items",
        description="List what lies on a shelf.",
        parameters=_parameters(shelf=_SHELF),
        returns={
            "type": "object",
            "properties": {"items": {"type": "array", "description": "Each kind of item.", "items": _LEFT}},
            "required": ["items"],
        },
        effect="read",
        idempotent=True,
    ),
)


class Shelves:
    """Numbers of items by shelf and kind."""

    def __init__(self) -> None:
        self.stock: dict[str, dict[str, int]] = {"A": {"lamp": 3, "vase": 1, "chair": 4, "table": 2}}

    def call(self, call: Call) -> Answer:
        arguments = call.arguments
        try:
            shelf = arguments["shelf"]
            items = self.stock[shelf]
            if call.name == "list_items":
                return Result({"items": [{"item": item, "shelf": shelf, "left": left} for item, left in items.items()]})
            item = arguments["item"]
            if call.name == "add_items":
                items[item] += arguments["number"]
            elif call.name == "remove_items":
                items[item] -= arguments["number"]
            return Result({"item": item, "shelf": shelf, "left": items[item]})
        except (KeyError, TypeError):
            return Failure(kind="invalid_argument", message=f"Invalid arguments for {call.name}", tool=call.name)

    def dump(self) -> JSON:
        return {"stock": {shelf: dict(items) for shelf, items in self.stock.items()}}

    def load(self, state: JSON) -> None:
        self.stock = {shelf: dict(items) for shelf, items in state["stock"].items()}

    def close(self) -> None:
        return None


class Trivial(Toolset):
    """`tasks` tasks of five calls each over `Shelves`."""

    name = "trivial"
    system = "You keep a store room."
    tools = TOOLS

    def __init__(self, tasks: int = TASKS) -> None:
        self.tasks = tuple(_task(index) for index in range(tasks))

    def environment(self, task: Task) -> Shelves:
        return Shelves()


def _task(index: int) -> Task:
    number = index + 1
    shelf = {"shelf": "A"}

    def check(environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        stock = environment.stock["A"]
        return bool(stock["lamp"] == 3 + number and stock["vase"] == 0 and answer == "done" and len(calls) == 5)

    return Task(
        id=str(index),
        prompt=f"Put {number} lamps on shelf A, take the vase away, and tell when it is done.",
        gold=(
            Call("list_items", shelf),
            Call("add_items", {**shelf, "item": "lamp", "number": number}),
            Call("count_items", {**shelf, "item": "lamp"}),
            Call("remove_items", {**shelf, "item": "vase", "number": 1}),
            Call("count_items", {**shelf, "item": "vase"}),
        ),
        answer="done",
        check=check,
    )


TOOLSET = Trivial(40)
"""For commands that load a toolset from a file."""


class Instant:
    """An agent that knows the gold calls and how they are shown, and sends them without thinking."""

    name = "instant"
    digest = "instant"
    is_reference = False
    takes_scaffold = False

    def __init__(self) -> None:
        self._shown: dict[tuple[int, str], tuple[Any, list[Call]]] = {}

    async def function(self, boundary: Any) -> str:
        key = (id(boundary.lens), boundary.task.id)
        # The lens is kept beside its calls, so that no other one can get its id.
        known = self._shown.get(key)
        if known is None:
            if len(self._shown) > 200:
                self._shown.clear()
            known = (boundary.lens, [boundary.lens.show_call(call) for call in boundary.task.gold])
            self._shown[key] = known
        for call in known[1]:
            await boundary.call(call.name, call.arguments)
        return str(boundary.task.answer)


def draw_stack(setup: Setup, seed: int, operators: Sequence[str] = STACK) -> Stack:
    """A stack of those operators; raises `ValueError` where one does not apply."""
    pick: Callable[[str], SeededPick] = lambda operator: SeededPick(seed, operator)  # noqa: E731
    stack, left_out = Stack.of([by_id(one) for one in operators], setup, pick, 1.0)
    if left_out:
        raise ValueError(f"left out: {left_out}")
    return stack


def draw_one(setup: Setup, operator: str, seed: int = 0) -> Operator | NotApplicable:
    """A plan of one operator."""
    return by_id(operator).plan(setup, SeededPick(seed, operator), 1.0)


def episodes(toolset: Toolset, count: int, plans: Iterator[Operator | None], mark: str) -> Iterator[Planned]:
    """`count` episodes, task by task, each under the next plan (`None`: clean). One plan that comes again is one record, as it
    is in a run."""
    tasks = itertools.cycle(toolset.tasks)
    before: tuple[Operator, dict[str, JSON]] | None = None
    for index, task, operator in zip(range(count), tasks, plans, strict=False):
        if operator is not None and (before is None or before[0] is not operator):
            before = operator, operator.to_json()
        plan = None if operator is None or before is None else before[1]
        yield Planned(
            key=digest([mark, task.id, plan, index], 24),
            task=task.id,
            arm="clean" if operator is None else "perturbed",
            trial=index,
            operator=None if operator is None else operator.id,
            axis=None if operator is None else operator.axis,
            kind=None if operator is None else operator.kind,
            plan=plan,
        )
