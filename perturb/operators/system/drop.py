"""`system.drop`: the system prompt is gone, or parts of it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.system.markups import written
from perturb.operators.system.outline import prose
from perturb.operators.system.readings import markup_of, read
from perturb.types import Axis, Kind, Tool


class DropSystem(Operator, frozen=True, kw_only=True):
    """The system prompt lacks some of its paragraphs, lists and sections, or is not there at all.

    Before: `You look up users.` and, after an empty line, `Never guess an id.`
    After: nothing, or one of the two

    Places are blocks of the prompt, by the words that they begin with; intensity is the share of them, and at 1 there is no
    prompt. Does not apply where there is none.
    """

    id: ClassVar[str] = "system.drop"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "wording"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="system",
            plan={"op": "system.drop", "version": 1, "dropped": {"Never guess an id.": "block"}},
            tool=Tool(name="get_user", description="Get a user."),
            before="You look up users.\n\nNever guess an id.",
            after="You look up users.",
        ),
    )

    dropped: dict[str, str] = msgspec.field(default_factory=dict)
    """The blocks that are left out; the value says that it is a block."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DropSystem | NotApplicable:
        if not setup.system.strip():
            return NotApplicable("nothing_to_change", "there is no system prompt")
        return cls(dropped=dict.fromkeys(pick.chosen(_blocks(setup.system), intensity), "block"))

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        if any(key in self.dropped for key in _blocks(setup.system)):
            lens.setup = lens.shown(system=_without(setup.system, frozenset(self.dropped)))
        return lens


WHOLE = 60
"""A block is called by so many of its first characters."""


def _blocks(system: str) -> list[str]:
    """What each block of a prompt is called; one block where its markup cannot hold a part of it."""
    markup = markup_of(system)
    try:
        outline = read(system, markup)
    except ValueError:
        outline = ()
    if written(outline, markup) is None:
        return [system[:WHOLE]]
    return list(dict.fromkeys(prose(block)[:WHOLE] for block in outline)) or [system[:WHOLE]]


def _without(system: str, dropped: frozenset[str]) -> str:
    markup = markup_of(system)
    rest = tuple(block for block in read(system, markup) if prose(block)[:WHOLE] not in dropped)
    return "" if not rest else written(rest, markup) or ""
