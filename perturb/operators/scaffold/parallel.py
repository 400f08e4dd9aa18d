"""`scaffold.parallel`: calls are made one at a time."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import ANSWERED, CALLED, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.calls import Turns
from perturb.types import Axis, Tool

_TWO = [{"id": "x1", "name": "get_user", "arguments": {"id": 7}}, {"id": "x2", "name": "get_user", "arguments": {"id": 8}}]


class Parallel(Operator, frozen=True, kw_only=True):
    """Several calls of one turn are made one after the other, and written as so many turns.

    Before: turn `get_user {"id": 7}, get_user {"id": 8}`
    After: turn `get_user {"id": 7}`, its result, turn `get_user {"id": 8}`, its result

    The one place is how calls are made. A model that makes one call a turn never meets it.
    """

    id: ClassVar[str] = "scaffold.parallel"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.parallel", "version": 1, "made": {"turns": "one"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=[*OPENING, {**CALLED, "calls": _TWO}, ANSWERED, {"role": "tool", "id": "x2", "content": "Bo"}],
            after=[
                *OPENING,
                CALLED,
                ANSWERED,
                {"role": "assistant", "calls": _TWO[1:]},
                {"role": "tool", "id": "x2", "content": "Bo"},
            ],
        ),
    )

    made: dict[str, Turns] = msgspec.field(default_factory=dict)
    """How the calls of a turn are made."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Parallel | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        return cls(made=dict.fromkeys(pick.chosen(["turns"], intensity), "one"))

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.made)
