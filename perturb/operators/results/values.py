"""`results.values`: dates, amounts, numbers, flags and nulls of results in another notation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, RewritingLens, Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.operators.results.date_forms import LOCAL, forms_for
from perturb.operators.results.money_forms import TEXTS, currency, minor_digits
from perturb.operators.results.nulls import can_be_left_out, can_be_null, nulls_moved
from perturb.operators.results.value_forms import FLAGS, Notation, meaning, notation, renoted
from perturb.schemas import Edit, Rewritten, kinds_of
from perturb.types import Axis, Call, Schema, Tool

Change = Literal[
    "date", "minor_units", "currency", "duration", "number_text", "flag_text", "flag_number", "null_to_absent", "absent_to_null"
]


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new notation of one key, and its style where it has several."""

    change: Change
    style: str = ""


class Values(Operator, frozen=True, kw_only=True):
    """Values of results in another notation, which the output schema describes; the tool's description too, where a reader
    could not tell.

    Before: `{"date": "2026-12-31", "price": 120.5, "refundable": true, "note": null}`
    After: `{"date": "31.12.2026", "price": 12050, "refundable": "yes"}`

    Dates by declared `x-date` as a locale writes them, compact, as in mail headers, or, where they have a zone, as epochs;
    money by declared `x-unit` in minor units or as text with the currency; minutes as ISO 8601 durations; other numbers as
    text; booleans as words, or as 1 and 0; null left out where the schema always has the key, and null in place of a key
    that it leaves out. One house: one notation for all values of a sort. Each value reads back to the letter. Places are
    declared keys; intensity is the share of them. Does not apply where no result declares a key of such a sort.
    """

    id: ClassVar[str] = "results.values"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={
                "op": "results.values",
                "version": 1,
                "forms": {
                    "get_offer>date": {"change": "date", "style": "de_DE short"},
                    "get_offer>price": {"change": "minor_units"},
                    "get_offer>delay": {"change": "duration"},
                    "get_offer>stops": {"change": "number_text"},
                    "get_offer>refundable": {"change": "flag_text", "style": "yes/no"},
                    "get_offer>note": {"change": "null_to_absent"},
                },
            },
            tool=Tool(
                name="get_offer",
                description="Get an offer.",
                returns={
                    "type": "object",
                    "properties": {
                        "date": {"type": "string", "format": "date", "x-date": {"format": "date", "zone": "airport"}},
                        "price": {"type": "number", "x-unit": "USD"},
                        "delay": {"type": "integer", "x-unit": "minutes"},
                        "stops": {"type": "integer"},
                        "refundable": {"type": "boolean"},
                        "note": {"type": ["string", "null"]},
                    },
                    "required": ["date", "price", "delay", "stops", "refundable", "note"],
                },
                effect="read",
            ),
            call=Call("get_offer"),
            before={"date": "2026-12-31", "price": 120.5, "delay": 185, "stops": 0, "refundable": True, "note": None},
            after={"date": "31.12.2026", "price": 12050, "delay": "PT3H5M", "stops": "0", "refundable": "yes"},
        ),
    )

    forms: dict[str, Form] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Values | NotApplicable:
        found: dict[str, Form] = {}
        flavour = pick.choice("dates", (*LOCAL, "for machines"))
        for place, (schema, nulls) in _single_places(setup).items():
            sort = _sort(schema, flavour)
            options = [pick.choice(sort[0], sort[1])] if sort is not None else []
            options += [Form("null_to_absent")] if nulls == "null" else [Form("absent_to_null")] if nulls == "absent" else []
            if options:
                found[place] = pick.choice(place, options)
        if not found:
            return NotApplicable("not_declared", "no result declares a date, an amount, a number, a flag or a null")
        return cls(forms={place: found[place] for place in pick.chosen(found, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ValuesLens(setup, self.forms)


def _sort(schema: Schema, flavour: str) -> tuple[str, list[Form]] | None:
    """What sort of value a key has, by name, and the notations that a house could have for all values of that sort; days and
    moments of one `flavour`."""
    kinds = kinds_of(schema) - {"null"}
    declared = meaning(schema, "x-date")
    if kinds == {"string"} and isinstance(declared, dict) and "pattern" not in declared:
        kind, zone = str(declared.get("format")), str(declared.get("zone"))
        styles = list(forms_for(kind, zone))
        alike = [style for style in styles if style == flavour or (flavour not in LOCAL and style not in LOCAL)]
        return (f"{kind} {zone}", [Form("date", style) for style in alike or styles]) if styles else None
    if kinds == {"boolean"}:
        return "flag", [*(Form("flag_text", words) for words in FLAGS), Form("flag_number")]
    if not kinds or not kinds <= {"integer", "number"}:
        return None
    unit = meaning(schema, "x-unit")
    if (code := currency(unit)) is not None:
        minor = [Form("minor_units")] if minor_digits(code) else []
        return "money", [*minor, *(Form("currency", style) for style in TEXTS)]
    return ("minutes", [Form("duration")]) if unit == "minutes" else ("number", [Form("number_text")])


def _single_places(setup: Setup) -> dict[str, tuple[Schema, str]]:
    """Each key of results with its schema, and whether it can be null or left out; a place that stands in several branches
    of a union only where all agree."""
    found: dict[str, tuple[Schema, str] | None] = {}
    for whole in schemas_now(setup, "results"):
        absent, null = can_be_left_out(whole), can_be_null(whole)
        for one in schemas.places(whole):
            entry = (one.schema, "null" if one.place in null else "absent" if one.place in absent else "")
            found[one.place] = entry if found.get(one.place, entry) == entry else None
    return {place: entry for place, entry in found.items() if entry is not None}


class ValuesLens(RewritingLens):
    """Writes values in their new notation and reads them back."""

    part = "results"

    def __init__(self, real: Setup, forms: Mapping[str, Form]) -> None:
        made: dict[str, Notation] = {}
        known = _single_places(real)
        for place, form in forms.items():
            # Another plan may have changed the values already: then there is nothing left to do here.
            new = notation(form.change, form.style, known[place][0]) if place in known else None
            if new is not None:
                made[place] = new
        self._nulls = {place for place, form in forms.items() if form.change in ("null_to_absent", "absent_to_null")}
        edits = {place: Edit(schema=renoted(one), show=one.show, read=one.read) for place, one in made.items()}
        super().__init__(real, edits, self._moved if self._nulls else None)
        noted = {place: one for place, one in made.items() if one.note}
        if noted:
            self.setup = self.shown(tools=[_told(tool, noted) for tool in self.setup.tools])

    def _moved(self, schema: Schema) -> Rewritten | None:
        return nulls_moved(schema, self._nulls)


def _told(tool: Tool, noted: Mapping[str, Notation]) -> Tool:
    """The tool with a sentence on each notation that its results have and that they do not explain themselves."""
    phrases: dict[str, list[str]] = {}
    if len(tool.stands_for) == 1:
        for one in schemas.places(tool.returns):
            if one.place in noted:
                phrases.setdefault(noted[one.place].told, []).append(f"`{one.name}`")
    else:
        for place, made in noted.items():
            if place.partition(">")[0] in tool.stands_for:
                phrases.setdefault(made.told, []).append("")
    if not phrases:
        return tool
    sentences = [f"{_subject(names)} {told[0].lower()}{told[1:]}" for told, names in phrases.items()]
    return msgspec.structs.replace(tool, description="\n".join(filter(None, (tool.description, " ".join(sentences)))))


def _subject(names: Iterable[str]) -> str:
    *most, last = dict.fromkeys(names)
    if not last:
        return "Some values of results are"
    return f"In the result, {', '.join(most)}{' and ' if most else ''}{last} {'are' if most else 'is'}"
