"""`arguments.case_style`: arguments are spelt in another case style."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import PropertyNamesLens
from perturb.operators.vocabulary import Style, restyle
from perturb.types import Axis, Schema, Tool

_STYLES: tuple[Style, ...] = ("camel", "pascal", "kebab", "snake")
"""Those that every provider accepts in the name of a property, and that vendors use."""


class ArgumentCaseStyle(Operator, frozen=True, kw_only=True):
    """Arguments are spelt in another case style, the same words in the same order; nested ones too.

    Before: `get_orders {"user_id": 7}`
    After: `get_orders {"userId": 7}`, `{"UserId": 7}`, `{"user-id": 7}`

    One style for a plan, as one vendor has it. Places are the arguments whose name looks different in it; intensity is
    their share. Does not apply where no name changes in any style.
    """

    id: ClassVar[str] = "arguments.case_style"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "arguments.case_style", "version": 1, "names": {"get_orders.user_id": "userId"}},
            tool=Tool(
                name="get_orders",
                description="Get the orders of the user with this `user_id`.",
                parameters={
                    "type": "object",
                    "properties": {"user_id": {"type": "integer"}, "since": {"type": "string"}},
                    "required": ["user_id"],
                },
                effect="read",
            ),
            before={"name": "get_orders", "arguments": {"user_id": 7, "since": "2026-05-01"}},
            after={"name": "get_orders", "arguments": {"userId": 7, "since": "2026-05-01"}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ArgumentCaseStyle | NotApplicable:
        shown = [tool.parameters for tool in setup.tools]
        options = {style: new for style in _STYLES if (new := _restyled(shown, style))}
        if not options:
            return NotApplicable("nothing_to_change", "no name of an argument looks different in another case style")
        most = max(map(len, options.values()))
        # A style that leaves most names as they are (one word is the same in three of them) would not be seen.
        new = options[pick.choice("style", [style for style, names in options.items() if 2 * len(names) >= most])]
        return cls(names={place: new[place] for place in pick.chosen(new, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ArgumentCaseStyleLens(setup, self.names)


class ArgumentCaseStyleLens(PropertyNamesLens):
    """Shows arguments in another case style."""

    part: ClassVar[Literal["arguments", "results"]] = "arguments"


def _restyled(shown: list[Schema], style: Style) -> dict[str, str]:
    """The new names of the arguments that look different in a style, by place; none that a sibling has."""
    made: dict[str, str] = {}
    blocked: set[str] = set()
    for schema in shown:
        for properties in schemas.siblings(schema):
            names = {name.lower() for name in properties}
            given: set[str] = set()
            for name, child in properties.items():
                new, place = restyle(name, style), child.get("x-place")
                if place is None or new == name:
                    continue
                lowered = new.lower()
                if lowered in given or (lowered != name.lower() and lowered in names):
                    blocked.add(place)
                given.add(lowered)
                made[place] = new
    return {place: new for place, new in made.items() if place not in blocked}
