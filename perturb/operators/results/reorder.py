"""`results.reorder`: the keys of records come in another order, and rows where their order says nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import JSON, Axis, Call, Result, Schema, Tool


class Reorder(Operator, frozen=True, kw_only=True):
    """The keys of a tool's records come in another order, in the data and in the output schema; so do the rows of a list that
    the tool declares to be in no order.

    Before: `[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]`
    After: `[{"name": "b", "id": 2}, {"name": "a", "id": 1}]`

    One order of keys for each kind of record; lists of one length are reordered alike. Places are tools; intensity is the share
    of them. Does not apply where no tool declares two keys in one record, or a list in no order.
    """

    id: ClassVar[str] = "results.reorder"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="reply",
            plan={"op": "results.reorder", "version": 1, "orders": {"list_tags": 2}},
            tool=Tool(
                name="list_tags",
                description="List the tags, in no order.",
                returns={
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                        "required": ["id", "name"],
                    },
                },
                effect="read",
                ordered=False,
            ),
            call=Call("list_tags"),
            before=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
            after='[{"name":"b","id":2},{"name":"a","id":1}]',
        ),
    )

    orders: dict[str, int] = msgspec.field(default_factory=dict)
    """By tool: the seed of its orders."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Reorder | NotApplicable:
        own = Setup.of(setup.source).by_name
        reachable = [name for tool in setup.tools for name in tool.stands_for]
        places = [name for name in reachable if name in own and _can_be_reordered(own[name])]
        if not places:
            return NotApplicable("nothing_to_change", "no tool declares two keys in one record, or a list in no order")
        return cls(orders={place: pick.integer(place, 1, 10**6) for place in pick.chosen(places, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ReorderLens(setup, self.orders)


def _can_be_reordered(tool: Tool) -> bool:
    return any(len(properties) > 1 for properties in schemas.siblings(tool.returns)) or _loose(tool)


def _loose(tool: Tool) -> bool:
    return not tool.ordered and tool.returns is not None and tool.returns.get("type") == "array"


def _shuffled(count: int, seed: str) -> list[int]:
    """Another order of the numbers below `count` than their own."""
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return order[::-1] if order == sorted(order) else order


class ReorderLens(Lens):
    """Puts keys and rows in another order, and rows back into their own."""

    def __init__(self, real: Setup, orders: Mapping[str, int]) -> None:
        super().__init__(real)
        self._orders = orders
        self._own = Setup.of(real.source).by_name
        if orders:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if len(tool.stands_for) != 1 or tool.stands_for[0] not in self._orders or tool.returns is None:
            return tool
        return msgspec.structs.replace(tool, returns=_schema(tool.returns, self._orders[tool.stands_for[0]]))

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        seed = self._orders.get(self.real.origin(call) or "")
        if seed is None:
            return schema
        made: Schema = _schema(schema, seed)
        return made

    def show_result(self, call: Call, result: Result) -> Result:
        place = self.real.origin(call) or ""
        seed = self._orders.get(place)
        if seed is None:
            return result
        data = _data(result.data, self.real.returns(call), seed)
        if isinstance(data, list) and self._moves_rows(place):
            data = [data[index] for index in _shuffled(len(data), f"{seed} rows")]
        return Result(data, result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        place = self.real.origin(call) or ""
        seed = self._orders.get(place)
        if seed is None or not isinstance(result.data, list) or not self._moves_rows(place):
            return result
        order = _shuffled(len(result.data), f"{seed} rows")
        at = {index: position for position, index in enumerate(order)}
        return Result([result.data[at[index]] for index in range(len(order))], result.renderer)

    def _moves_rows(self, place: str) -> bool:
        return place in self._own and _loose(self._own[place])


def _keys(properties: Mapping[str, Any], seed: int) -> list[str]:
    names = list(properties)
    return [names[index] for index in _shuffled(len(names), f"{seed} {len(names)} keys")]


def _schema(schema: Any, seed: int) -> Any:
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if isinstance(properties := schema.get("properties"), dict):
        made["properties"] = {key: _schema(properties[key], seed) for key in _keys(properties, seed)}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _schema(schema[key], seed)
    return made


def _data(data: JSON, schema: Any, seed: int) -> JSON:
    if not isinstance(schema, dict):
        return data
    if isinstance(data, list):
        return [_data(item, schema.get("items"), seed) for item in data]
    if isinstance(data, dict):
        declared: dict[str, Schema] = schema.get("properties") or {}
        free = schema.get("additionalProperties")
        known = [key for key in _keys(declared, seed) if key in data]
        others = [key for key in data if key not in declared]
        return {key: _data(data[key], declared.get(key, free), seed) for key in [*known, *others]}
    return data
