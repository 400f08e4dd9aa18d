"""`system.persona`: the assistant has another name and another voice, and the same rules."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.system.markups import written
from perturb.operators.system.outline import Paragraph
from perturb.operators.system.readings import markup_of, read
from perturb.operators.vocabulary.language import in_english
from perturb.types import Axis, Tool

NAMES = ("Juno", "Maren", "Odile", "Ansel", "Tove", "Rufus", "Petra", "Milo", "Wanda", "Ines")
VOICES: dict[str, str] = {
    "calm": "You sound like a calm colleague: unhurried, friendly and plain.",
    "brisk": "You sound brisk and businesslike: courteous, without small talk.",
    "warm": "You sound warm and encouraging, as one who is glad to be asked.",
    "measured": "You sound formal and measured, as in a well-kept letter.",
    "wry": "You sound matter-of-fact, with a dry humour that never gets in the way.",
}
"""Voices by their names in plans. They speak of tone alone: no rule, and nothing about what an answer holds."""

_NAMED = re.compile(r"\b(?:You are|You're|Your name is|called|named) ([A-Z]\w+)(?=[,.;:]| and\b| [–—-] )")


class Persona(Operator, frozen=True, kw_only=True):
    """The system prompt opens with the name and the voice of a persona; all that it said before follows to the letter.

    Before: `You look up users. Never guess an id.`
    After: `You are Juno. You sound like a calm colleague: …` and, after an empty line, `You look up users. Never guess an id.`

    Where the prompt names the assistant already (`You are Aria, …`), that name becomes the other one. Places are the name and
    the voice. Does not apply where there is no system prompt in English.
    """

    id: ClassVar[str] = "system.persona"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="system",
            plan={"op": "system.persona", "version": 1, "parts": {"name": "Juno", "voice": "calm"}},
            tool=Tool(name="get_user", description="Get a user."),
            before="You look up users. Never guess an id.",
            after=f"You are Juno. {VOICES['calm']}\n\nYou look up users. Never guess an id.",
        ),
        Example(
            what="system",
            plan={"op": "system.persona", "version": 1, "parts": {"name": "Maren"}},
            tool=Tool(name="get_user", description="Get a user."),
            before="You are Aria, who looks up users. Sign as Aria.",
            after="You are Maren, who looks up users. Sign as Maren.",
        ),
    )

    parts: dict[str, str] = msgspec.field(default_factory=dict)
    """The name, and which of `VOICES`."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Persona | NotApplicable:
        if not in_english(setup.system):
            return NotApplicable("nothing_to_change", "there is no system prompt in English")
        names = [name for name in NAMES if name.lower() not in setup.words]
        options = {"voice": list(VOICES), **({"name": names} if names else {})}
        return cls(parts={part: pick.choice(part, options[part]) for part in pick.chosen(options, intensity)})

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        if self.parts and setup.system.strip():
            lens.setup = lens.shown(system=self._shown(setup))
        return lens

    def _shown(self, setup: Setup) -> str:
        system, name = setup.system, self.parts.get("name")
        opening = []
        if name is not None:
            now = _named(setup)
            if now is None:
                opening.append(f"You are {name}.")
            else:
                system = re.sub(rf"(?<!\w){re.escape(now)}(?!\w)", name, system)
        if (voice := VOICES.get(self.parts.get("voice", ""))) is not None:
            opening.append(voice)
        if not opening:
            return system
        words, markup = " ".join(opening), markup_of(system)
        if markup in ("xml", "json"):
            # What comes first in a document comes within it, where that can be written.
            within = written((Paragraph(words), *read(system, markup)), markup)
            if within is not None:
                return within
        return f"{words}\n\n{system}"


def _named(setup: Setup) -> str | None:
    """The name that the prompt gives the assistant; `None` where it gives none, or one that is somebody's."""
    match = _NAMED.search(setup.system)
    people = {word for names in setup.source.entities.values() for name in names for word in name.split()}
    return match.group(1) if match and match.group(1) not in people else None
