"""`toolset.shuffle`: the tools are listed in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Tool


class Shuffle(Operator, frozen=True, kw_only=True):
    """The tools are listed in another order; nothing else changes.

    Before: `get_user`, `list_orders`, `cancel_order`
    After: `list_orders`, `cancel_order`, `get_user`

    Places are the tools that move, each to a position of its own; the others keep their order. Intensity is the share that
    moves. Does not apply to fewer than two tools.
    """

    id: ClassVar[str] = "toolset.shuffle"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="names",
            plan={"op": "toolset.shuffle", "version": 1, "positions": {"get_user": 2}},
            tool=Tool(name="get_user", description="Get a user by their id."),
            others=(
                Tool(name="list_orders", description="List orders."),
                Tool(name="cancel_order", description="Cancel an order."),
            ),
            before=["get_user", "list_orders", "cancel_order"],
            after=["list_orders", "cancel_order", "get_user"],
        ),
    )

    positions: dict[str, int] = msgspec.field(default_factory=dict)
    """Where each of the tools that move comes to stand, counted from 0."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Shuffle | NotApplicable:
        places = list(tools_by_place(setup))
        if len(places) < 2:
            return NotApplicable("nothing_to_change", "there are fewer than two tools")
        at = {place: index for index, place in enumerate(places)}
        # A step from where it stands, so that a tool that moves alone never comes to stand where it stood.
        steps = {place: pick.integer(place, 1, len(places) - 1) for place in places}
        chosen = pick.chosen(places, intensity)
        return cls(positions={place: (at[place] + steps[place]) % len(places) for place in chosen})

    def lens(self, setup: Setup) -> Lens:
        return ShuffleLens(setup, self.positions)


class ShuffleLens(Lens):
    """Shows the tools in another order."""

    def __init__(self, real: Setup, positions: Mapping[str, int]) -> None:
        super().__init__(real)
        moved = [tool for tool in real.tools if place_of(tool) in positions]
        if not moved:
            return
        tools = [tool for tool in real.tools if place_of(tool) not in positions]
        for tool in sorted(moved, key=lambda tool: (positions[place_of(tool)], place_of(tool), tool.name)):
            tools.insert(positions[place_of(tool)], tool)
        self.setup = self.shown(tools=tools)
