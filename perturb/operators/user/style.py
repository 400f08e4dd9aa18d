"""`user.style`: the user says the same tersely, formally or chattily."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.literals import marked, within
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.user.styles import STYLES, Style, Turns, styled
from perturb.operators.vocabulary.language import in_english
from perturb.types import Axis, Tool


class UserStyle(Operator, frozen=True, kw_only=True):
    """The user says the same in another style, word for word but for greetings, courtesies, short forms and contractions.

    Before: `Hi, could you please send the report to Bo? Thanks a lot!`
    After: `Send the report to Bo.` (terse), or formal: `Good day. Could you please … Thank you very much for your assistance.`

    Values, quoted text, conditions, negations and what is to be told on stay to the letter. Places are the changes that make
    up the style; intensity is the share of them. Does not apply where no change of any style finds something to change, in
    English.
    """

    id: ClassVar[str] = "user.style"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={
                "op": "user.style",
                "version": 1,
                "style": "terse",
                "features": {"greeting": "", "orders": "", "thanks": ""},
            },
            tool=Tool(name="send_report", description="Send a report."),
            before=["Hi, could you please send the report to Bo? Thanks a lot!"],
            after=["Send the report to Bo."],
        ),
        Example(
            what="turns",
            plan={
                "op": "user.style",
                "version": 1,
                "style": "formal",
                "features": {"greeting": "Good day.", "contractions": "", "requests": ""},
            },
            tool=Tool(name="send_report", description="Send a report."),
            before=["I'm Ada Lovelace. Send the report 'I'm late' to Bo."],
            after=["Good day. I am Ada Lovelace. Please send the report 'I'm late' to Bo."],
        ),
    )

    style: Style = "terse"
    features: dict[str, str] = msgspec.field(default_factory=dict)
    """The changes that are made, each with the wording that it brings."""
    kept: tuple[str, ...] = ()
    """Values within what the user says that a change could otherwise touch."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> UserStyle | NotApplicable:
        kept = tuple(sorted({one for turns in setup.conversations for turn in turns for one in _unmarked(turn, setup)}))
        english = [turns for turns in setup.conversations if in_english(turns[0])]
        bites = {
            style: [
                name
                for name, change in changes.items()
                if any(change.make(turns, change.wordings[0], kept) != turns for turns in english)
            ]
            for style, changes in STYLES.items()
        }
        styles = [style for style, names in bites.items() if names]
        if not styles:
            return NotApplicable("nothing_to_change", "the user says nothing that has another style")
        style = pick.choice("style", styles)
        features = {
            name: pick.choice(f"{style}.{name}", STYLES[style][name].wordings) for name in pick.chosen(bites[style], intensity)
        }
        return cls(style=style, features=features, kept=kept if features else ())

    def places(self) -> frozenset[str]:
        return frozenset(f"{self.style}.{name}" for name in self.features)

    def lens(self, setup: Setup) -> Lens:
        return UserStyleLens(setup, self)


class UserStyleLens(Lens):
    """Says what the user says in the style of the plan."""

    def __init__(self, real: Setup, plan: UserStyle) -> None:
        super().__init__(real)
        self._plan = plan
        if plan.features:
            self.setup = self.shown()

    def show_turns(self, turns: Turns) -> Turns:
        if not self._plan.features or not in_english(turns[0]):
            return turns
        return styled(turns, self._plan.style, self._plan.features, self._plan.kept)


def _unmarked(text: str, setup: Setup) -> list[str]:
    """The values of several words that stand in a text without marks."""
    fixed = marked(text)
    return [
        value
        for value in setup.values
        if " " in value and (at := text.find(value)) >= 0 and not within((at, at + len(value)), fixed)
    ]
