"""`user.paraphrase`: the user says the same in words that were stored and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Tool


class Paraphrase(Operator, frozen=True, kw_only=True):
    """What the user says is one of the rewordings that the toolset declares for it.

    Before: `Cancel my flight of 19 May, please.`
    After: `I won't be on the flight of 19 May, so would you cancel it?`

    Rewordings are made by `perturb paraphrase` or by hand, hold every value of the text, and have been read by a person; no
    model is asked. Places are the messages that have one; intensity is the share of them. Does not apply where the toolset
    declares none for what the user says.
    """

    id: ClassVar[str] = "user.paraphrase"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={
                "op": "user.paraphrase",
                "version": 1,
                "wordings": {
                    "Cancel my flight of 19 May, please.": "I won't be on the flight of 19 May, so would you cancel it?",
                },
            },
            tool=Tool(name="cancel_flight", description="Cancel a flight."),
            before=["Cancel my flight of 19 May, please.", "Thank you."],
            after=["I won't be on the flight of 19 May, so would you cancel it?", "Thank you."],
        ),
    )

    wordings: dict[str, str] = msgspec.field(default_factory=dict)
    """What the user says, and what is said in its place."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Paraphrase | NotApplicable:
        stored = setup.source.rewordings
        said = dict.fromkeys(turn for turns in setup.conversations for turn in turns if stored.get(turn))
        if not said:
            return NotApplicable("not_declared", "the toolset has no reviewed rewording of what the user says")
        return cls(wordings={text: pick.choice(text, stored[text]) for text in pick.chosen(said, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ParaphraseLens(setup, self.wordings)


class ParaphraseLens(Lens):
    """Says the stored wording of each message that has one."""

    def __init__(self, real: Setup, wordings: Mapping[str, str]) -> None:
        super().__init__(real)
        self._wordings = wordings
        if wordings:
            self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._wordings.get(turn, turn) for turn in turns)
