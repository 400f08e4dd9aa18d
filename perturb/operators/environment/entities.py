"""`environment.entities`: people and companies under other names, in data, prompts, calls and answers alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.operators.environment.name_pool import Role, replacements
from perturb.operators.environment.retelling import RetoldStateLens
from perturb.operators.environment.swaps import Swap
from perturb.types import Axis, Tool

_WORD = re.compile(r"[^\W\d_]+")
_COMMON = "al and bin co corp da de del della der di dr du el gmbh group inc jr la le llc ltd mr mrs ms of prof sr the van von"
_KEPT = frozenset(_COMMON.split())
"""Words of names that are no one's own."""


class Entities(Operator, frozen=True, kw_only=True):
    """The people and companies that a toolset declares bear other names, one for one and word by word.

    Before: `get_user {"email": "emma.johnson@example.com"}` → `{"name": "Emma Johnson"}`
    After: `get_user {"email": "erica.jensen@example.com"}` → `{"name": "Erica Jensen"}`

    Places are declared names (`person:Emma Johnson`); intensity is the share of them. A word has one replacement wherever it
    stands, so a name that is not chosen changes with a chosen one where the two share a word. Does not apply where a toolset
    declares no names or its environment cannot load a state.
    """

    id: ClassVar[str] = "environment.entities"
    axis: ClassVar[Axis] = "environment"
    phase: ClassVar[Phase] = "state"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "environment.entities", "version": 1, "names": {"person:Emma Johnson": "Erica Jensen"}},
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                parameters={"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"email": "emma.johnson@example.com"}},
            after={"name": "get_user", "arguments": {"email": "erica.jensen@example.com"}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Entities | NotApplicable:
        source = setup.source
        if not source.entities:
            return NotApplicable("not_declared", "the toolset declares no names of people or things")
        if not source.dumps_state:
            return NotApplicable("not_declared", "the environment cannot load a state")
        places = {f"{kind}:{name}": name for kind, names in source.entities.items() for name in names}
        words = replacements(_roles(source.entities), setup.words, pick)
        renamed = {place: _renamed(name, words) for place, name in places.items()}
        changed = [place for place, name in renamed.items() if name != places[place]]
        if not changed:
            return NotApplicable("names_exhausted", "no other names are left")
        return cls(names={place: renamed[place] for place in pick.chosen(changed, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return EntitiesLens(setup, self.names)


def _roles(entities: Mapping[str, tuple[str, ...]]) -> dict[str, Role]:
    """Each word of the declared names, in small letters: the last of a person's several is a family name, as is a company's."""
    roles: dict[str, Role] = {}
    for kind, names in entities.items():
        for name in names:
            words = [word.lower() for word in _WORD.findall(name)]
            for index, word in enumerate(words):
                if len(word) > 1 and word not in _KEPT:
                    given = kind == "person" and (index < len(words) - 1 or len(words) == 1)
                    roles.setdefault(word, "given" if given else "family")
    return roles


def _renamed(name: str, words: Mapping[str, str]) -> str:
    """The name with each word replaced, in the case it has there."""

    def other(match: re.Match[str]) -> str:
        word = match.group()
        new = words.get(word.lower(), word)
        return new.lower() if word.islower() else new.upper() if word.isupper() and len(word) > 1 else new

    return _WORD.sub(other, name)


class EntitiesLens(RetoldStateLens):
    """Trades the words of names in everything that goes in or out; the environment itself lives under the new names."""

    def __init__(self, real: Setup, names: Mapping[str, str]) -> None:
        pairs: dict[str, str] = {}
        gone: dict[str, None] = {}
        for place, new in names.items():
            old = place.split(":", 1)[1]
            if old != new:
                gone[old] = None
            for one, other in zip(_WORD.findall(old), _WORD.findall(new), strict=False):
                if one != other:
                    pairs.setdefault(one, other)
                    gone[one] = None
        self._swap = Swap(pairs)
        super().__init__(real, self._swap.text, self._swap.text, self._swap.passes_over)
        self.retired = tuple(Retired("entity", name) for name in gone)

    def shown_tool(self, tool: Tool) -> Tool:
        return super().shown_tool(tool) if self._swap.meets(tool) else tool
