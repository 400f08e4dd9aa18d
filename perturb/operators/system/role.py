"""`system.role`: what the system prompt says comes in another role."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Tool

Role = Literal["system", "developer", "user"]


class MoveRole(Operator, frozen=True, kw_only=True):
    """The system prompt comes as a developer's message, or at the head of what the user says first.

    Before: system `You look up users.`, user `Look up bo.`
    After: user `You look up users.` and, after an empty line, `Look up bo.`

    The one place is the prompt. Does not apply where there is none.
    """

    id: ClassVar[str] = "system.role"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "messages"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="conversation",
            plan={"op": "system.role", "version": 1, "roles": {"system": "user"}},
            tool=Tool(name="get_user", description="Get a user."),
            before={"system": "You look up users.", "turns": ["Look up bo.", "And ada."]},
            after={"system": "", "turns": ["You look up users.\n\nLook up bo.", "And ada."]},
        ),
    )

    roles: dict[str, Role] = msgspec.field(default_factory=dict)
    """In whose name the prompt is sent."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> MoveRole | NotApplicable:
        if not setup.system.strip():
            return NotApplicable("nothing_to_change", "there is no system prompt")
        others = [role for role in get_args(Role) if role != setup.role]
        return cls(roles={place: pick.choice(place, others) for place in pick.chosen(["system"], intensity)})

    def lens(self, setup: Setup) -> Lens:
        role = self.roles.get("system")
        if role is None or not setup.system.strip():
            return Lens(setup)
        if role == "user":
            return FirstMessageLens(setup)
        lens = Lens(setup)
        lens.setup = lens.shown(role=role)
        return lens


class FirstMessageLens(Lens):
    """Puts the system prompt at the head of the first message."""

    def __init__(self, real: Setup) -> None:
        super().__init__(real)
        self.setup = self.shown(system="")

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        return (f"{self.real.system.rstrip()}\n\n{turns[0]}", *turns[1:])
