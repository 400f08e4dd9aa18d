"""`user.irrelevant_context`: before asking, the user tells a little story that has nothing to do with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.vocabulary.language import in_english
from perturb.types import Axis, Kind, Tool

STORIES: dict[str, str] = {
    "kettle": (
        "Sorry if I am slow to answer, the kettle is whistling and the neighbours are drilling through what sounds "
        "like my kitchen wall."
    ),
    "puppy": "Our puppy chewed the cable of my keyboard this morning, so I am typing on an old one with sticky letters.",
    "garden": "I have been out in the garden since breakfast; the tomatoes are doing better than anyone expected.",
    "train": "I am writing this from a crowded train where someone is practising the trombone, believe it or not.",
    "choir": "My choir practice ran late, and the tenors still cannot agree on how the last verse goes.",
}
"""Stories by their names in plans. They ask for nothing, and hold no name, number, day or wish that a task could be about."""


class IrrelevantContext(Operator, frozen=True, kw_only=True):
    """The user's first words are a true story that does not matter, and the request follows as it was.

    Before: `Look up user bo.`
    After: `I have been out in the garden since breakfast; … ` and, after an empty line, `Look up user bo.`

    What the user says first opens with the stories; later messages stay as they are. Places are stories of the bank;
    intensity is the share of them. Does not apply where the user says nothing in English.
    """

    id: ClassVar[str] = "user.irrelevant_context"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "messages"
    version: ClassVar[int] = 2
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={"op": "user.irrelevant_context", "version": 2, "stories": {"garden": 0}},
            tool=Tool(name="get_user", description="Get a user."),
            before=["Look up user bo.", "And ada."],
            after=[f"{STORIES['garden']}\n\nLook up user bo.", "And ada."],
        ),
    )

    stories: dict[str, int] = msgspec.field(default_factory=dict)
    """Where each story stands among the others."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> IrrelevantContext | NotApplicable:
        if not any(in_english(turns[0]) for turns in setup.conversations):
            return NotApplicable("nothing_to_change", "the user says nothing in English")
        order = {name: position for position, name in enumerate(pick.order("stories", list(STORIES)))}
        return cls(stories={name: order[name] for name in pick.chosen(STORIES, intensity)})

    def lens(self, setup: Setup) -> Lens:
        ordered = sorted(self.stories, key=lambda name: (self.stories[name], name))
        return IrrelevantContextLens(setup, [STORIES[name] for name in ordered])


class IrrelevantContextLens(Lens):
    """Puts the stories before what the user says first."""

    def __init__(self, real: Setup, stories: Iterable[str]) -> None:
        super().__init__(real)
        self._opening = " ".join(stories)
        if self._opening:
            self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        if not self._opening or not in_english(turns[0]):
            return turns
        return (f"{self._opening}\n\n{turns[0]}", *turns[1:])
