"""`system.markup`: the system prompt is written in another markup."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.system.markups import written
from perturb.operators.system.outline import MARKUPS, Markup
from perturb.operators.system.readings import markup_of, read
from perturb.types import Axis, Tool

_BEFORE = "You look up users.\n\nRules:\n- Look up one user at a time.\n- Never guess an id."


class RewriteMarkup(Operator, frozen=True, kw_only=True):
    """The system prompt is written in Markdown, in XML tags, in plain text or as JSON instead, with the same sections, lists,
    emphasis and words.

    Before: `# Rules` and, below it, `- Never guess an **id**.`
    After: `<rules>`, `<item>Never guess an <strong>id</strong>.</item>`, `</rules>`

    A markup is taken only where what is written in it reads back to the same outline. The one place is the prompt. Does not
    apply where there is none, or no other markup can hold it.
    """

    id: ClassVar[str] = "system.markup"
    axis: ClassVar[Axis] = "system"
    phase: ClassVar[Phase] = "messages"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="system",
            plan={"op": "system.markup", "version": 1, "markups": {"system": "xml"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=_BEFORE,
            after=(
                "<instructions>\nYou look up users.\n\n<rules>\n<item>Look up one user at a time.</item>\n"
                "<item>Never guess an id.</item>\n</rules>\n</instructions>"
            ),
        ),
        Example(
            what="system",
            plan={"op": "system.markup", "version": 1, "markups": {"system": "markdown"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=_BEFORE,
            after="You look up users.\n\n**Rules:**\n\n- Look up one user at a time.\n- Never guess an id.",
        ),
    )

    markups: dict[str, Markup] = msgspec.field(default_factory=dict)
    """The markup that the prompt gets."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RewriteMarkup | NotApplicable:
        if not setup.system.strip():
            return NotApplicable("nothing_to_change", "there is no system prompt")
        now = markup_of(setup.system)
        others = [one for one in MARKUPS if one != now and _rewritten(setup.system, one) not in (None, setup.system)]
        if not others:
            return NotApplicable("nothing_to_change", "no other markup can hold the system prompt")
        return cls(markups={place: pick.choice(place, others) for place in pick.chosen(["system"], intensity)})

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        markup = self.markups.get("system")
        text = _rewritten(setup.system, markup) if markup is not None and setup.system.strip() else None
        if text is not None:
            lens.setup = lens.shown(system=text)
        return lens


def _rewritten(system: str, markup: Markup) -> str | None:
    try:
        return written(read(system, markup_of(system)), markup)
    except ValueError:
        return None
