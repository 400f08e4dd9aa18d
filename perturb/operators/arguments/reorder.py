"""`arguments.reorder`: the arguments of a tool are listed in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Schema, Tool


class ReorderArguments(Operator, frozen=True, kw_only=True):
    """The arguments of a tool are listed in another order, the required ones among them; calls stay as they are.

    Before: `search_flights (origin, destination, date)`
    After: `search_flights (date, origin, destination)`

    Places are tools with two arguments or more; intensity is their share. Does not apply where there is none.
    """

    id: ClassVar[str] = "arguments.reorder"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "arguments.reorder", "version": 1, "orders": {"search_flights": ["search_flights.date"]}},
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {"origin": {"type": "string"}, "date": {"type": "string"}},
                    "required": ["origin", "date"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "parameters": {"required": ["origin", "date"]}},
            after={
                "name": "search_flights",
                "description": "Search for flights.",
                "parameters": {
                    "type": "object",
                    "properties": {"date": {"type": "string"}, "origin": {"type": "string"}},
                    "required": ["date", "origin"],
                },
                "returns": None,
                "effect": "read",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    orders: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The places of a tool's arguments in their new order, as a list, since JSON objects keep none."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ReorderArguments | NotApplicable:
        placed = {tool.stands_for[0]: _places(tool) for tool in setup.tools if len(tool.stands_for) == 1}
        several = {place: arguments for place, arguments in placed.items() if len(arguments) > 1}
        if not several:
            return NotApplicable("nothing_to_change", "no tool has two arguments")
        orders = {}
        for place in pick.chosen(several, intensity):
            order = pick.order(place, several[place])
            # An order may come out as it was; then it starts elsewhere.
            orders[place] = tuple(order if order != several[place] else [*order[1:], order[0]])
        return cls(orders=orders)

    def lens(self, setup: Setup) -> Lens:
        return ReorderArgumentsLens(setup, self.orders)


def _places(tool: Tool) -> list[str]:
    return [child["x-place"] for child in tool.parameters.get("properties", {}).values() if "x-place" in child]


class ReorderArgumentsLens(Lens):
    """Shows the arguments at the root of a schema in another order."""

    def __init__(self, real: Setup, orders: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(real)
        tools = [_reordered(tool, orders[tool.stands_for[0]]) if _is_in(tool, orders) else tool for tool in real.tools]
        if any(new is not old for new, old in zip(tools, real.tools, strict=True)):
            self.setup = self.shown(tools=tools)


def _is_in(tool: Tool, orders: Mapping[str, tuple[str, ...]]) -> bool:
    return len(tool.stands_for) == 1 and tool.stands_for[0] in orders


def _reordered(tool: Tool, order: tuple[str, ...]) -> Tool:
    """The tool with its arguments in an order; those that it does not name come last, as they were."""
    rank = {place: number for number, place in enumerate(order)}
    properties: dict[str, Schema] = tool.parameters.get("properties", {})
    names = sorted(properties, key=lambda name: rank.get(properties[name].get("x-place", ""), len(rank)))
    parameters = {**tool.parameters, "properties": {name: properties[name] for name in names}}
    if "required" in parameters:
        required = set(parameters["required"])
        parameters["required"] = [name for name in names if name in required]
    return msgspec.structs.replace(tool, parameters=parameters)
