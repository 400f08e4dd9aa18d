"""`arguments.units`: numbers are given in another unit, and go by another name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments.exact_values import exactly
from perturb.operators.arguments.meanings import Meant, meant, named, retyped, rewritten, told_anew, with_words
from perturb.operators.arguments.unit_table import conversions_of, unit_called
from perturb.operators.renamed_properties import PropertyNamesLens
from perturb.operators.renaming import property_names
from perturb.schemas import Edit
from perturb.types import JSON, Axis, Schema, Tool

_KEY = "x-unit"
_NUMBERS = frozenset({"integer", "number"})


class InUnit(msgspec.Struct, frozen=True):
    """How one argument is given: its name, the unit, how many of it make one of the old unit, and what both are called."""

    name: str
    unit: str
    rate: str
    old: tuple[str, str]
    new: str


class Units(Operator, frozen=True, kw_only=True):
    """Numbers are given in another unit, which the description tells, and go by another name.

    Before: `issue_voucher {"amount": 12.5}` ("The amount in US dollars.")
    After: `issue_voucher {"amount_cents": 1250}` ("The amount. In cents: 1 US dollar is 100 cents.")

    In exact decimals: units go over only into those of which a finite decimal makes one. Results go on saying dollars. Places
    are arguments whose unit the toolset declares, at any depth; intensity is their share. Does not apply where there is none.
    """

    id: ClassVar[str] = "arguments.units"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "arguments.units",
                "version": 1,
                "units": {
                    "issue_voucher.amount": {
                        "name": "amount_cents",
                        "unit": "USD minor",
                        "rate": "100",
                        "old": ["US dollar", "US dollars"],
                        "new": "cents",
                    }
                },
            },
            tool=Tool(
                name="issue_voucher",
                description="Issue a voucher.",
                parameters={
                    "type": "object",
                    "properties": {"amount": {"type": "number", "description": "In US dollars.", "x-unit": "USD"}},
                    "required": ["amount"],
                },
            ),
            before={"name": "issue_voucher", "arguments": {"amount": 12.5}},
            after={"name": "issue_voucher", "arguments": {"amount_cents": 1250}},
        ),
    )

    units: dict[str, InUnit] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Units | NotApplicable:
        found = meant(setup, _KEY, _NUMBERS)
        if not found:
            return NotApplicable("not_declared", "no argument has a declared unit")
        taken = setup.names | property_names(tool.parameters for tool in setup.tools)
        units: dict[str, InUnit] = {}
        for place, one in found.items():
            if options := _options(one, taken):
                # The same unit goes over alike everywhere, as far as names allow.
                units[place] = pick.choice(str(one.meaning), options)
        if not units:
            return NotApplicable("types_lost", "no declared unit goes over into another by a finite decimal, and a free name")
        return cls(units={place: units[place] for place in pick.chosen(units, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return UnitsLens(setup, self.units)


def _options(one: Meant, taken: frozenset[str]) -> list[InUnit]:
    """What an argument can become, each under a name that nothing else has."""
    old = unit_called(one.meaning)
    if old is None:
        return []
    whole = "number" not in schemas.kinds_of(one.schema)
    made = []
    for unit, (new, rate) in conversions_of(one.meaning, whole).items():
        names = [with_words(one.name, old.words, suffix, one.tool) for suffix in (new.suffix, f"in_{new.suffix}")]
        name = next((name for name in names if name.lower() not in taken), None)
        if name is not None:
            made.append(InUnit(name, unit, rate, (old.one, old.many), new.many))
    return made


class UnitsLens(PropertyNamesLens):
    """Shows numbers in other units, and refuses them under the old name."""

    part: ClassVar[Literal["arguments", "results"]] = "arguments"
    exact_digits: ClassVar[int | None] = 11
    """A double holds any 15 digits, and no rate of units that fractions go over into has more than four."""

    def __init__(self, real: Setup, units: Mapping[str, InUnit]) -> None:
        # Another plan may have changed the type already: then there is nothing left to do.
        live = {place: units[place] for place in meant(real, _KEY, _NUMBERS) if place in units}
        changes = {place: _edit(one) for place, one in live.items()}
        super().__init__(real, {place: one.name for place, one in live.items()}, changes)
        if live:
            tools = [
                told_anew(new, {name: partial(_without_unit, one=live[place]) for name, place in named(old, new, live)})
                for old, new in zip(real.tools, self.setup.tools, strict=True)
            ]
            self.setup = self.shown(system=self.setup.system, tools=tools)


def _edit(one: InUnit) -> Edit:
    rate = Fraction(one.rate)
    show, read = exactly(lambda value: _times(value, rate), lambda value: _times(value, 1 / rate))

    def schema(old: Schema) -> Schema:
        made = rewritten(old, _NUMBERS, lambda part: _bounds(part, rate), show)
        _declare(made, one.unit)
        return {**made, "description": _told(str(old.get("description", "")), one)}

    return Edit(schema=schema, show=show, read=read)


def _times(value: JSON, rate: Fraction) -> JSON:
    """A number times a rate. A whole number stays one, as a fraction where it must; a float that holds one stays a float; and a
    fraction that becomes whole is written as whole numbers are. `None` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    exact = Fraction(repr(value)) * rate
    if exact.denominator == 1 and (isinstance(value, int) or not value.is_integer()):
        return exact.numerator
    try:
        return float(exact)
    except OverflowError:
        return None


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _bounds(schema: Schema, rate: Fraction) -> Schema:
    """The schema of a number in the new unit."""
    made = {key: _times(value, rate) if key in _BOUNDS else value for key, value in schema.items()}
    if not isinstance(made.get("multipleOf", 1), int):
        del made["multipleOf"]  # what a binary fraction is a multiple of depends on who divides
    kinds = schema.get("type")
    whole = kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds and "number" not in kinds)
    if whole and rate.denominator != 1:
        return retyped(made, frozenset({"integer"}), "number")
    if whole and "multipleOf" not in made:
        made["multipleOf"] = rate.numerator
    return made


def _declare(schema: Schema, unit: str) -> None:
    """Mark the new unit where the old one was declared, in a schema that is ours to change."""
    if _KEY in schema:
        schema[_KEY] = unit
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            _declare(branch, unit)
    if isinstance(schema.get("items"), dict):
        _declare(schema["items"], unit)


def _told(description: str, one: InUnit) -> str:
    """The description without the old unit, and with the new one and its rate."""
    text = _without_unit(description, one).strip()
    if text and text[-1] not in ".!?":
        text += "."
    return f"{text} In {one.new}: 1 {one.old[0]} is {one.rate} {one.new}.".strip()


def _without_unit(text: str, one: InUnit) -> str:
    """A text on an argument without the old unit, its numbers in the new one."""
    rate = Fraction(one.rate)
    unit = "|".join(re.escape(word) for word in dict.fromkeys((one.old[1], one.old[0], one.old[1].rsplit(" ", 1)[-1])))
    text = re.sub(rf"(?i)\s*\((?:in )?(?:{unit})\)|^in (?:{unit})\.?\s*|,?\s+in (?:{unit})(?!\w)", "", text)

    def number(match: re.Match[str]) -> str:
        before, after = match["before"] or "", match["after"] or ""
        if not before and not after:
            return match.group()
        return f"{before}{_times(_number(match['number']), rate)}{after and ' ' + one.new}"

    amount = rf"(?<![\w.])(?P<number>\d+(?:\.\d+)?)(?P<after> (?:{unit}))?(?![.]?\w)"
    return re.sub(rf"(?i)(?P<before>\bdefault(?:s to| is)?[:=]? ?)?{amount}", number, text)


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
