"""`toolset.distractors`: tools of other trades stand among the toolset's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.added_tool import house_style
from perturb.operators.distractor_bank import BankTool, by_name
from perturb.operators.renaming import names_in_use
from perturb.operators.vocabulary import restyle
from perturb.types import Axis, Call, Failure, Kind, Tool

_FEWEST = 8
"""Even a small toolset gets this many at full intensity; a larger one as many again as it has."""


class Distractors(Operator, frozen=True, kw_only=True):
    """Tools of other trades stand among the toolset's own, and answer every call with a plausible refusal.

    Before: `get_user`, `list_orders`
    After: `get_user`, `renew_tls_certificate`, `list_orders`, `queue_3d_print`

    Their names are written in the style of the toolset's own. Places are tools of the bank; intensity is the share of as
    many as the toolset has itself, eight at least. Applies wherever there are tools.
    """

    id: ClassVar[str] = "toolset.distractors"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "toolset.distractors", "version": 1, "tools": {"level_print_bed": 50}},
            tool=Tool(name="get_user", description="Get a user."),
            before={"name": "get_user", "description": "Get a user."},
            after={
                "name": "level_print_bed",
                "description": "Probes the bed of a printer at nine points and stores the height map.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "printer_label": {"type": "string", "description": "Label on the frame of the printer."},
                    },
                    "required": ["printer_label"],
                    "additionalProperties": False,
                },
                "returns": None,
                "effect": "write",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    tools: dict[str, int] = msgspec.field(default_factory=dict)
    """How far down the list each stands, in percent of it."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Distractors | NotApplicable:
        if not setup.tools:
            return NotApplicable("nothing_to_change", "there are no tools")
        taken = names_in_use(setup)
        free = [name for name in by_name() if name not in taken]
        if not free:
            return NotApplicable("names_exhausted", "every name of the bank is taken by another name of the toolset")
        most = max(_FEWEST, len(Setup.of(setup.source).tools))
        drawn = pick.order("bank", free)[:most]
        return cls(tools={name: pick.integer(name, 0, 100) for name in pick.chosen(drawn, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return DistractorsLens(setup, self.tools)


class DistractorsLens(Lens):
    """Adds tools and answers their calls itself; all other calls pass."""

    def __init__(self, real: Setup, added: Mapping[str, int]) -> None:
        super().__init__(real)
        style = house_style(real)
        self._refusals: dict[str, BankTool] = {}
        at: dict[int, list[Tool]] = {}
        for name, percent in sorted(added.items()):
            entry = by_name().get(name)
            shown = name if style == "snake" else restyle(name, style)
            if entry is not None and shown not in real.by_name and shown not in self._refusals:
                self._refusals[shown] = entry
                at.setdefault(percent * len(real.tools) // 100, []).append(entry.tool(shown))
        if not self._refusals:
            return
        tools: list[Tool] = []
        for number, tool in enumerate(real.tools):
            tools += [*at.get(number, ()), tool]
        self.setup = self.shown(tools=[*tools, *at.get(len(real.tools), ())])

    def read_call(self, call: Call) -> Call | Failure:
        known = self._refusals.get(call.name)
        if known is None:
            return call
        refusal = self.real.source.refusal(known.refusal.kind, tool=call.name)
        return msgspec.structs.replace(refusal, message=known.refusal.message)
