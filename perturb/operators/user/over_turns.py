"""`user.over_turns`: the request comes in pieces over several turns, what is to be done last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.user.sentences import Sentence, joined, split
from perturb.operators.vocabulary.language import in_english
from perturb.types import Axis, Tool

OPENINGS: dict[str, str] = {
    "short": "Hello! I'm writing this in short messages. Hang on until you have them all, I'll say when the last one comes.",
    "phone": "Hi, I'm typing on my phone, so this comes bit by bit. I'll say so when it's complete.",
    "gather": "Good day. There is more to come after this, I'm still putting it together; the last message says what it's for.",
    "gist": "Hey, there's something you could do for me. I'm sending it in pieces, and what it's about comes at the end.",
}
"""How the user begins, by its name in plans: more follows, and nothing is to be done before it has come."""
LAST: dict[str, str] = {
    "short": "Here comes the last one:",
    "phone": "So, now it's complete:",
    "gather": "Now I have it all together:",
    "gist": "And this is what it's about:",
}
"""How the message begins that says what is to be done."""


class OverTurns(Operator, frozen=True, kw_only=True):
    """The user says that more follows, then what is the case in messages of its own, and last what is to be done.

    Before: `My meeting was called off. Please cancel my flight of 19 May. Giuliana Cusano.`
    After: `Hi, … this comes bit by bit. …`, `My meeting was called off.`, `Giuliana Cusano.`, `So, now it's complete: Please …`

    Sentences keep their order, but that one which says who is writing, or states something and leans on nothing, may come
    before the first that asks. Places are sentences that begin a message, by their text; intensity is the share of them. What
    the user says later stays as it is. Does not apply where the user says nothing in English.
    """

    id: ClassVar[str] = "user.over_turns"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={
                "op": "user.over_turns",
                "version": 1,
                "opening": "phone",
                "starts": {"Giuliana Cusano.": "told", "Please cancel my flight of 19 May.": "asked"},
            },
            tool=Tool(name="cancel_flight", description="Cancel a flight."),
            before=["My meeting was called off. Please cancel my flight of 19 May. Giuliana Cusano."],
            after=[
                f"{OPENINGS['phone']} My meeting was called off.",
                "Giuliana Cusano.",
                f"{LAST['phone']} Please cancel my flight of 19 May.",
            ],
        ),
    )

    opening: str = "short"
    """Which of `OPENINGS` the user begins with."""
    starts: dict[str, str] = msgspec.field(default_factory=dict)
    """The sentences that begin a message, and whether something is `told` or `asked` there."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> OverTurns | NotApplicable:
        starts: dict[str, str] = {}
        for turns in setup.conversations:
            if not in_english(turns[0]):
                continue
            told, asked, later = _sorted(split(turns[0]))
            for one in (*told, *later):
                starts.setdefault(one.text, "told")
            if asked:
                starts[asked[0].text] = "asked"
        if not starts:
            return NotApplicable("nothing_to_change", "the user says nothing in English")
        chosen = pick.chosen(starts, intensity)
        return cls(opening=pick.choice("opening", list(OPENINGS)), starts={text: starts[text] for text in chosen})

    def lens(self, setup: Setup) -> Lens:
        return OverTurnsLens(setup, self.opening, self.starts)


class OverTurnsLens(Lens):
    """Takes the first message apart at the sentences that the plan names."""

    def __init__(self, real: Setup, opening: str, starts: Mapping[str, str]) -> None:
        super().__init__(real)
        self._starts = starts
        self._opening = OPENINGS.get(opening, next(iter(OPENINGS.values())))
        self._last = LAST.get(opening, next(iter(LAST.values())))
        if starts:
            self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        first, *rest = turns
        if not any(one in first for one in self._starts):
            return turns
        return (*self._pieces(first), *rest)

    def _pieces(self, text: str) -> list[str]:
        told, asked, later = _sorted(split(text))
        sooner = [one for one in later if one.text in self._starts]
        pieces: list[list[Sentence]] = [[]]
        for one in (*told, *sooner):
            pieces += [[]] if one.text in self._starts else []
            pieces[-1].append(one)
        asks = [one for one in asked if one not in sooner]
        begins = bool(asks) and asks[0].text in self._starts
        pieces += [[]] if begins else []
        pieces[-1] += asks
        if len(pieces) == 1:
            return [text]
        made = [_message(piece) for piece in pieces]
        made[0] = f"{self._opening} {made[0]}".rstrip()
        if begins:
            made[-1] = f"{self._last} {made[-1]}"
        return made


def _sorted(sentences: list[Sentence]) -> tuple[list[Sentence], list[Sentence], list[Sentence]]:
    """What is told before anything is asked, all from the first request on, and what of that could be told before it."""
    said = [one for one in sentences if one.purpose != "greeting"]
    first = next((at for at, one in enumerate(said) if one.purpose in ("request", "closing")), max(0, len(said) - 1))
    told, asked = said[:first], said[first:]
    return told, asked, [one for one in asked[1:] if one.purpose in ("identity", "statement") and not one.bound]


def _message(piece: list[Sentence]) -> str:
    text = joined([one.space if place else "" for place, one in enumerate(piece)], piece)
    return text[:1].upper() + text[1:]
