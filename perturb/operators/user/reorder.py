"""`user.reorder`: the sentences of a message come in another order, where none leans on another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.user.sentences import Sentence, joined, split
from perturb.types import Axis, Tool

_IN_ORDER = re.compile(
    r"(?i)\bin (?:the|this|that) (?:\w+ )?order\b|\bstep by step\b|\bfollowing (?:tasks|steps)\b|(?:^|\s)\(?[12][.)]\s"
)


class ReorderSentences(Operator, frozen=True, kw_only=True):
    """A sentence that says who is writing or what is the case stands elsewhere in the message; requests keep their order.

    Before: `Cancel my flight of 26 May. I'm Giancarlo Porzio.`
    After: `I'm Giancarlo Porzio. Cancel my flight of 26 May.`

    A sentence with a pronoun or a connective stays behind the one it leans on, and both move as one. Greetings stay first and
    thanks last; who is writing comes first or last, other statements never behind what is asked after them. Places are
    sentences that can move, by their text; intensity is the share of them. Does not apply where no sentence can.
    """

    id: ClassVar[str] = "user.reorder"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={"op": "user.reorder", "version": 1, "moves": {"I'm Giancarlo Porzio.": 0}},
            tool=Tool(name="cancel_flight", description="Cancel a flight."),
            before=["Cancel my flight of 26 May. I'm Giancarlo Porzio."],
            after=["I'm Giancarlo Porzio. Cancel my flight of 26 May."],
        ),
    )

    moves: dict[str, int] = msgspec.field(default_factory=dict)
    """What moves, and before which of the parts of its message, counted as they stood, it comes to stand."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ReorderSentences | NotApplicable:
        free: dict[str, list[int]] = {}
        for turns in setup.conversations:
            for turn in turns:
                parts = _parts(split(turn))
                for place, part in enumerate(parts):
                    if gaps := _gaps(parts, place):
                        free.setdefault(_text(part), gaps)
        if not free:
            return NotApplicable("nothing_to_change", "no sentence of what the user says can stand elsewhere")
        return cls(moves={text: pick.choice(text, free[text]) for text in pick.chosen(free, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ReorderSentencesLens(setup, self.moves)


class ReorderSentencesLens(Lens):
    """Puts the parts of each message where the plan says, as far as they may stand there."""

    def __init__(self, real: Setup, moves: Mapping[str, int]) -> None:
        super().__init__(real)
        self._moves = moves
        if moves:
            self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._moved(turn) for turn in turns) if self._moves else turns

    def _moved(self, text: str) -> str:
        if not any(one in text for one in self._moves):
            return text
        sentences = split(text)
        parts = _parts(sentences)
        keys: list[tuple[int, int, int]] = []
        for place, part in enumerate(parts):
            gap = self._moves.get(_text(part))
            moves = gap is not None and gap in _gaps(parts, place)
            keys.append((gap, 0, place) if moves and gap is not None else (place, 1, 0))
        order = sorted(range(len(parts)), key=lambda place: keys[place])
        if order == sorted(order) or not _keeps_sense(parts, order):
            return text
        opening = [one for one in sentences if one.purpose == "greeting"]
        closing = [one for one in sentences if one.purpose == "closing"]
        made = [*opening, *(one for place in order for one in parts[place]), *closing]
        return joined([one.space for one in sentences], made) + text[len(text.rstrip()) :]


def _parts(sentences: list[Sentence]) -> list[list[Sentence]]:
    """What moves as one: a sentence with those behind it that lean on it. None where a message tells its own order."""
    if any(_IN_ORDER.search(one.text) for one in sentences):
        return []
    parts: list[list[Sentence]] = []
    for one in sentences:
        if one.purpose in ("greeting", "closing"):
            continue
        if one.bound and parts and not _who(parts[-1]):  # nothing leans on who is writing
            parts[-1].append(one)
        else:
            parts.append([one])
    return parts


def _gaps(parts: list[list[Sentence]], place: int) -> list[int]:
    """Before which parts, as they stand, a part may come to stand instead: none where it asks for something."""
    if any(one.purpose not in ("identity", "statement") for one in parts[place]):
        return []
    others = [one for one in range(len(parts)) if one != place]
    gaps = (0, len(parts)) if _who(parts[place]) else range(len(parts) + 1)
    return [
        gap
        for gap in gaps
        if gap not in (place, place + 1)
        and _keeps_sense(parts, [*(one for one in others if one < gap), place, *(one for one in others if one >= gap)])
    ]


def _keeps_sense(parts: list[list[Sentence]], order: list[int]) -> bool:
    """Whether every two parts that have changed sides may: who is writing stands anywhere; else the later one comes first only
    where it states something and leans on nothing."""
    at = {place: index for index, place in enumerate(order)}
    return all(
        at[one] < at[other] or _who(parts[one]) or _who(parts[other]) or _stands_alone(parts[other])
        for one in range(len(parts))
        for other in range(one + 1, len(parts))
    )


def _who(part: list[Sentence]) -> bool:
    return len(part) == 1 and part[0].purpose == "identity"


def _stands_alone(part: list[Sentence]) -> bool:
    return all(one.purpose == "statement" and not one.bound for one in part)


def _text(part: list[Sentence]) -> str:
    return "".join(f"{one.space if place else ''}{one.text}" for place, one in enumerate(part))
