"""`system.preamble`: the system prompt opens with the paragraphs that companies put before everything."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.vocabulary.language import in_english
from perturb.types import Axis, Kind, Tool

PARAGRAPHS: dict[str, str] = {
    "confidential": (
        "This document is intended for internal use. It is reviewed every quarter by the operations team; the version in force "
        "is always the one that is shown here."
    ),
    "mission": (
        "We have built our name on care for people, on plain words, and on getting the small things right. Everyone who "
        "works with us, in whatever role, shares in that."
    ),
    "quality": (
        "Conversations may be sampled to improve the quality of our service. Samples are kept apart from customer "
        "records and are deleted after the review."
    ),
    "accessibility": (
        "Our written communication aims to be easy to follow for readers of all backgrounds. Questions about our language "
        "guidelines go to the communications team."
    ),
    "sustainability": (
        "Our offices run on renewable power, and we report on our progress every spring. The report can be found in the press "
        "section of our website."
    ),
    "history": (
        "The company began as a family business with a handful of people and has grown steadily since, without losing the "
        "habit of greeting each other by first name."
    ),
}
"""Boilerplate by its name in plans: true of nearly any company, and asking for nothing that a task is about."""


class Preamble(Operator, frozen=True, kw_only=True):
    """The system prompt opens with company boilerplate that asks for nothing.

    Before: `You look up users.`
    After: `Our offices run on renewable power, … ` and, after an empty line, `You look up users.`

    Places are paragraphs of the bank; intensity is the share of them. Does not apply where there is no system prompt in
    English.
    """

    id: ClassVar[str] = "system.preamble"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "messages"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="system",
            plan={"op": "system.preamble", "version": 1, "positions": {"sustainability": 1}},
            tool=Tool(name="get_user", description="Get a user."),
            before="You look up users.",
            after=f"{PARAGRAPHS['sustainability']}\n\nYou look up users.",
        ),
    )

    positions: dict[str, int] = msgspec.field(default_factory=dict)
    """Where each paragraph stands among the others."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Preamble | NotApplicable:
        if not in_english(setup.system):
            return NotApplicable("nothing_to_change", "there is no system prompt in English")
        order = {name: position for position, name in enumerate(pick.order("paragraphs", list(PARAGRAPHS)))}
        return cls(positions={name: order[name] for name in pick.chosen(PARAGRAPHS, intensity)})

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        if self.positions:
            opening = [PARAGRAPHS[name] for name in sorted(self.positions, key=lambda name: (self.positions[name], name))]
            lens.setup = lens.shown(system="\n\n".join([*opening, setup.system]))
        return lens
