"""`results.rename_keys`: keys of results go by other words for the same thing."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import PropertyNamesLens, plan_names
from perturb.types import Axis, Call, Tool


class RenameKeys(Operator, frozen=True, kw_only=True):
    """Keys of results go by other words for the same thing, in the data and in the output schema.

    Before: `[{"id": "R7", "price": 120}]`
    After: `[{"reference": "R7", "cost": 120}]`

    One word is renamed alike in all tools; keys that are data (names of hotels) stay. Places are declared keys; intensity
    is their share. Does not apply where no tool declares the keys of its result.
    """

    id: ClassVar[str] = "results.rename_keys"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={"op": "results.rename_keys", "version": 1, "names": {"list_rooms>[].price": "cost"}},
            tool=Tool(
                name="list_rooms",
                description="List the rooms.",
                returns={
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "string"}, "price": {"type": "integer"}},
                        "required": ["id", "price"],
                    },
                },
                effect="read",
            ),
            call=Call("list_rooms"),
            before=[{"id": "R7", "price": 120}],
            after=[{"id": "R7", "cost": 120}],
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RenameKeys | NotApplicable:
        names = plan_names(setup, "results", pick, intensity)
        return names if isinstance(names, NotApplicable) else cls(names=names)

    def lens(self, setup: Setup) -> Lens:
        return RenameKeysLens(setup, self.names)


class RenameKeysLens(PropertyNamesLens):
    """Shows keys of results under new names."""

    part: ClassVar[Literal["arguments", "results"]] = "results"
