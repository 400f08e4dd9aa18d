"""`results.truncate`: long lists and long texts come cut short, and nothing says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import JSON, Axis, Call, Kind, Result, Schema, Tool

_LONG = 40
"""Characters above which a text is cut."""
_BOUND = frozenset({"enum", "const", "format", "pattern", "minLength", "x-identifier", "x-entity", "x-date"})
"""What a text may be held to that a part of it would break."""


class Truncate(Operator, frozen=True, kw_only=True):
    """The lists of a tool's result lose their last rows and its long texts their end, as where a server caps what it sends.

    Before: `[r1, r2, r3, r4]`
    After: `[r1, r2]`

    At least one row is kept of each list, a cut text ends in `…`; identifiers, dates and texts of a declared form stay whole.
    Places are tools whose declared result holds a list or a free text; intensity is the share of them. Does not apply where
    no tool declares such a result.
    """

    id: ClassVar[str] = "results.truncate"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={"op": "results.truncate", "version": 1, "percent": {"list_files": 50}},
            tool=Tool(
                name="list_files",
                description="List the files.",
                returns={"type": "array", "items": {"type": "string"}},
                effect="read",
            ),
            call=Call("list_files"),
            before=["a.txt", "b.txt", "c.txt", "The minutes of the meeting of 4 May, unabridged.txt"],
            after=["a.txt", "b.txt"],
        ),
    )

    percent: dict[str, int] = msgspec.field(default_factory=dict)
    """How much is kept, by tool."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Truncate | NotApplicable:
        own = Setup.of(setup.source).by_name
        reachable = [name for tool in setup.tools for name in tool.stands_for]
        places = [name for name in reachable if name in own and _can_be_cut(own[name].returns)]
        if not places:
            return NotApplicable("nothing_to_change", "no tool declares a list or a free text in its result")
        return cls(percent={place: pick.integer(place, 30, 60) for place in pick.chosen(places, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return TruncateLens(setup, self.percent)


def _can_be_cut(schema: Schema | None) -> bool:
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "array" or (schema.get("type") == "string" and not _BOUND & schema.keys()):
        return True
    return any(_can_be_cut(child) for child in (schema.get("properties") or {}).values())


class TruncateLens(Lens):
    """Cuts lists and texts where the output schema allows less of them."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, percent: Mapping[str, int]) -> None:
        super().__init__(real)
        self._percent = percent

    def show_result(self, call: Call, result: Result) -> Result:
        percent = self._percent.get(self.real.origin(call) or "")
        if percent is None:
            return result
        return Result(_cut(result.data, self.real.returns(call) or {}, percent), result.renderer)


def _cut(data: JSON, schema: Schema, percent: int) -> JSON:
    if isinstance(data, list) and schema.get("type") == "array":
        items = schema["items"] if isinstance(schema.get("items"), dict) else {}
        kept = max(1, int(schema.get("minItems", 0)), math.ceil(len(data) * percent / 100))
        return [_cut(item, items, percent) for item in data[:kept]]
    if isinstance(data, dict):
        properties: dict[str, Schema] = schema.get("properties") or {}
        return {key: _cut(value, properties[key], percent) if key in properties else value for key, value in data.items()}
    if isinstance(data, str) and schema.get("type") == "string" and len(data) > _LONG and not _BOUND & schema.keys():
        return data[: len(data) * percent // 100].rstrip() + "…"
    return data
