"""`system.reorder`: parts of the system prompt come in another order, where none refers to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.system.markups import written
from perturb.operators.system.outline import Code, Listing, Outline, Section, prose
from perturb.operators.system.readings import markup_of, read
from perturb.types import Axis, Tool

_CALLED = 60
"""A part is called by so many of its first characters."""

_IN_ORDER = re.compile(
    r"(?i)\bin (?:the|this|that) (?:\w+ )?order\b|\bstep by step\b|\border of (?:precedence|priority)\b"
    r"|\bone after (?:the other|another)\b"
    r"|\b(?:steps?|stages?|phases?) (?:below|above|\d)|\bfollow(?:ing)? (?:these )?steps\b"
)
_LEANS = re.compile(
    r"(?i)(?:and|but|or|so|then|also|after (?:that|this)|afterwards|however|therefore|thus|hence|otherwise|if so|if not|this"
    r"|these|those|that|it"
    r"|they|them|such|in addition|additionally|moreover|finally|next|first|firstly|second|secondly|third|thirdly|last|lastly"
    r"|for this|in this case"
    r"|in that case|again|instead|likewise|similarly|once (?:that|this|done|you have)|when done|before (?:that|this)"
    r"|the (?:same|latter|former))\b"
)
_POINTS = re.compile(
    r"(?i)\b(?:above|below|preceding|previous(?:ly)?|aforementioned|foregoing|latter|former|as (?:described|said|mentioned"
    r"|stated|noted|follows)"
    r"|(?:rules?|sections?|steps?|points?|items?|paragraphs?|instructions?) \d+|(?:next|last|previous|other|first|second"
    r"|third) "
    r"(?:rule|section|step|point|item|paragraph|instruction)s?)\b"
)


class ReorderSystem(Operator, frozen=True, kw_only=True):
    """Parts of the system prompt that do not refer to one another stand in another order.

    Before: sections `Refunds`, `Bookings`; points `Never guess an id.`, `Answer in one sentence.`
    After: sections `Bookings`, `Refunds`; points `Answer in one sentence.`, `Never guess an id.`

    What opens the prompt stays first; numbered lists, and prompts that tell an order, stay as they are; a part that leans on
    the one before it moves with it. Places are the parts that can move, by the words they begin with; intensity is the share
    of them. Does not apply where there are none.
    """

    id: ClassVar[str] = "system.reorder"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "wording"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="system",
            plan={"op": "system.reorder", "version": 1, "moves": {"Never guess an id.": 3}},
            tool=Tool(name="get_user", description="Get a user."),
            before="You look up users.\n\n- Never guess an id.\n- Answer in one sentence.\n- Look up one user at a time.",
            after="You look up users.\n\n- Answer in one sentence.\n- Look up one user at a time.\n- Never guess an id.",
        ),
    )

    moves: dict[str, int] = msgspec.field(default_factory=dict)
    """What moves, and before which of the parts beside it, counted as they stood, it comes to stand."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ReorderSystem | NotApplicable:
        markup = markup_of(setup.system)
        outline = _outline(setup.system)
        if written(outline, markup) is None:
            return NotApplicable("nothing_to_change", "the system prompt has no parts that could be written anew")
        free = {called: gaps for called, gaps in _free(outline) if gaps}
        if not free:
            return NotApplicable("nothing_to_change", "no part of the system prompt can stand elsewhere")
        return cls(moves={called: pick.choice(called, free[called]) for called in pick.chosen(free, intensity)})

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        if self.moves:
            outline = _outline(setup.system)
            moved = _moved(outline, self.moves)
            text = written(moved, markup_of(setup.system)) if moved != outline else None
            if text is not None:
                lens.setup = lens.shown(system=text)
        return lens


def _outline(system: str) -> Outline:
    try:
        return () if _IN_ORDER.search(system) else read(system, markup_of(system))
    except ValueError:
        return ()


Part = tuple[Any, ...]
"""What moves as one: blocks that stand side by side, or items of a list."""


def _parts(siblings: Sequence[Any]) -> list[Part]:
    """Blocks (or items) side by side, each with those behind it that lean on it."""
    parts: list[Part] = []
    for one in siblings:
        alone = not isinstance(one, Code) and not (isinstance(one, Listing) and not one.title)
        if parts and (not alone or _LEANS.match(prose(one)) or _POINTS.search(prose(one))):
            parts[-1] = (*parts[-1], one)
        else:
            parts.append((one,))
    return parts


def _gaps(parts: list[Part], place: int, top: bool) -> list[int]:
    if (top and place == 0) or len(parts) < 2:
        return []
    return [gap for gap in range(1 if top else 0, len(parts) + 1) if gap not in (place, place + 1)]


def _free(siblings: Sequence[Any], top: bool = True) -> Iterator[tuple[str, list[int]]]:
    """Each part that can move by what it is called, with where it can move to; those within others too."""
    parts = _parts(siblings)
    for place, part in enumerate(parts):
        yield _called(part), _gaps(parts, place, top)
        for one in part:
            if isinstance(one, Section):
                yield from _free(one.blocks, False)
            elif isinstance(one, Listing) and not one.first:
                yield from _free(one.items, False)


def _moved(siblings: Sequence[Any], moves: Mapping[str, int], top: bool = True) -> Any:
    parts = _parts(siblings)
    keys = []
    for place, part in enumerate(parts):
        gap = moves.get(_called(part))
        may = gap is not None and gap in _gaps(parts, place, top)
        keys.append((gap, 0, place) if may and gap is not None else (place, 1, 0))
    made: list[Any] = []
    for place in sorted(range(len(parts)), key=lambda place: keys[place]):
        for one in parts[place]:
            if isinstance(one, Section):
                one = one._replace(blocks=_moved(one.blocks, moves, False))
            elif isinstance(one, Listing) and not one.first:
                one = one._replace(items=_moved(one.items, moves, False))
            made.append(one)
    return tuple(made)


def _called(part: Part) -> str:
    return prose(part)[:_CALLED]
