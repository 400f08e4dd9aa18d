"""`tools.vendor_style`: tools are named in the grammar of a well-known vendor's API."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, choose_names, names_in_use, single_tools
from perturb.operators.vocabulary import HOUSES, House, vendor_names
from perturb.types import Axis, Tool


class VendorStyle(Operator, frozen=True, kw_only=True):
    """Tools are named in the grammar of a well-known vendor's API: resource and method, in that house's own words.

    Before: `get_user {"id": 7}`
    After: `users_retrieve {"id": 7}` (stripe), `DescribeUser` (aws), `BAPI_USER_GETDETAIL` (sap)

    One house for a plan. Places are tools; intensity is the share of tools. Applies wherever there are tools.
    """

    id: ClassVar[str] = "tools.vendor_style"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.vendor_style", "version": 1, "house": "stripe", "names": {"get_user": "users_retrieve"}},
            tool=Tool(
                name="get_user",
                description="Get a user.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "users_retrieve", "arguments": {"id": 7}},
        ),
    )

    house: House | None = None
    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> VendorStyle | NotApplicable:
        places = single_tools(setup)
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        house = pick.choice("house", HOUSES)
        current = {place: tool.name for place, tool in places.items()}

        def candidates(place: str) -> tuple[str, ...]:
            return vendor_names(place, places[place].effect, house)

        # Always the best one left: the house's versioned forms are only for names that collide.
        new = choose_names(current, candidates, names_in_use(setup), pick, best=1)
        if not new:
            return NotApplicable("names_exhausted", "every name of that grammar is taken by another name of the toolset")
        chosen_places = pick.chosen(new, intensity)
        if not chosen_places:
            return cls()
        return cls(house=house, names={place: new[place] for place in chosen_places})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)
