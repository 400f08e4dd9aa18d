"""`user.typos`: ordinary words of what the user says are misspelt, as fingers misspell them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from perturb.literals import literals, within
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.vocabulary.slips import slips
from perturb.types import Axis, Tool

APART = 3
"""Of so many words that stand side by side, one is misspelt at most."""

_WORD = re.compile(r"(?<![\w'’`@./-])[A-Za-z]{3,}(?![\w'’@/-]|\.\w)")


class Typos(Operator, frozen=True, kw_only=True):
    """Ordinary words are misspelt: letters dropped, doubled, swapped, or hit beside their key.

    Before: `Could you please send the report to Bo?`
    After: `Could you plaese send teh report to Bo?`

    Values are never touched (of the state, of gold calls, of schemas; names, numbers, identifiers, quoted text), nor are words
    on which the meaning turns (negations, bounds, conditions, times, superlatives). A slip is no other word, and nearer to
    its own than to any other; of three words that stand side by side one is misspelt at most. Places are words; intensity is
    the share of those that can be. Does not apply where none can.
    """

    id: ClassVar[str] = "user.typos"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "messages"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="turns",
            plan={"op": "user.typos", "version": 1, "slips": {"please": "plaese", "the": "teh"}},
            tool=Tool(name="send_report", description="Send a report."),
            before=["Could you please send the report 'please wait' to Bo?"],
            after=["Could you plaese send teh report 'please wait' to Bo?"],
        ),
    )

    slips: dict[str, str] = msgspec.field(default_factory=dict)
    """Each word in small letters with the way in which it is misspelt."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Typos | NotApplicable:
        fixed = _fixed(setup)
        known = setup.words
        ways: dict[str, dict[str, tuple[str, ...]]] = {}
        said: list[list[str]] = []
        for turns in setup.conversations:
            words = [word.lower() for turn in turns for word in _words(turn)]
            said.append(words)
            for word in words:
                if word in ways or word in fixed:
                    continue
                free = {kind: tuple(one for one in made if one not in known) for kind, made in slips(word).items()}
                ways[word] = {kind: made for kind, made in free.items() if made}
        words = _apart(said, [word for word in ways if ways[word]], pick)
        if not words:
            return NotApplicable("nothing_to_change", "the user says no word that may be misspelt")
        made = {}
        for word in pick.chosen(words, intensity):
            kind = pick.choice(f"{word}:kind", list(ways[word]))
            made[word] = pick.choice(word, ways[word][kind])
        return cls(slips=made)

    def lens(self, setup: Setup) -> Lens:
        return TyposLens(setup, self.slips)


class TyposLens(Lens):
    """Misspells the words of the plan wherever they stand and are not to be taken to the letter."""

    def __init__(self, real: Setup, slips: Mapping[str, str]) -> None:
        super().__init__(real)
        self._slips = slips
        if slips:
            self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._misspelt(turn) for turn in turns) if self._slips else turns

    def _misspelt(self, text: str) -> str:
        fixed = literals(text)

        def other(match: re.Match[str]) -> str:
            word = match.group()
            slip = self._slips.get(word.lower())
            if slip is None or not _ordinary(text, match) or within(match.span(), fixed):
                return word
            return slip[:1].upper() + slip[1:] if word[:1].isupper() else slip

        return _WORD.sub(other, text)


def _words(text: str) -> Iterator[str]:
    """The words of a text that look ordinary and are not to be taken to the letter."""
    fixed = literals(text)
    for match in _WORD.finditer(text):
        if _ordinary(text, match) and not within(match.span(), fixed):
            yield match.group()


def _ordinary(text: str, match: re.Match[str]) -> bool:
    """Whether a word is in small letters, or begins a sentence and no name: `Will Smith` is one."""
    word = match.group()
    if word.islower():
        return True
    if not word[1:].islower():
        return False
    before = text[: match.start()].rstrip(" \t")
    begins = not before or before[-1] in ".!?\n"
    return begins and re.match(r"[ \t]+[A-Z]", text[match.end() :]) is None


def _fixed(setup: Setup) -> frozenset[str]:
    """Every word of a value, in small letters, and every name of a tool that is one word."""
    return setup.value_words | {tool.name.lower() for tool in (*setup.root.tools, *setup.tools)}


def _apart(said: list[list[str]], words: list[str], pick: Pick) -> list[str]:
    """Those words of the seeded order that come nowhere near one taken before."""
    near: dict[str, set[str]] = {}
    for conversation in said:
        for at, word in enumerate(conversation):
            near.setdefault(word, set()).update(conversation[max(0, at - APART + 1) : at], conversation[at + 1 : at + APART])
    taken: set[str] = set()
    for word in sorted(words, key=lambda word: (pick.rank(f"{word}:turn"), word)):
        if not near[word] & taken:
            taken.add(word)
    return [word for word in words if word in taken]
