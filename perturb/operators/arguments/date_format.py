"""`arguments.date_format`: days and times are written in another way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Literal

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments.date_forms import SAMPLE, Declared, Form, Style, form_of, numeric_pattern, possible
from perturb.operators.arguments.date_prose import in_form
from perturb.operators.arguments.exact_values import exactly
from perturb.operators.arguments.meanings import Meant, meant, named, retyped, rewritten, told_anew, with_words
from perturb.operators.renamed_properties import PropertyNamesLens
from perturb.operators.renaming import property_names
from perturb.schemas import Convert, Edit
from perturb.types import Axis, Schema, Tool

_KEY = "x-date"
_STRINGS = frozenset({"string"})
_STYLES: tuple[Style, ...] = ("numeric", "unix", "mail", "basic", "unix_ms")
_LOCALES = ("en_US", "de_DE", "en_GB", "fr_FR", "ja_JP", "nl_NL", "pt_BR", "fi_FI")
"""Where people write dates in digits and in an order or with marks of their own."""


class Dated(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one argument is written: the style, the pattern of a numeric one, and the new name; `""` where it keeps its own."""

    style: Style
    pattern: str = ""
    name: str = ""


class DateFormat(Operator, frozen=True, kw_only=True):
    """Days and times are written in another way, which the description tells.

    Before: `search_flights {"date": "2026-12-31"}`
    After: `{"date": 1798675200}`, `{"date_dmy": "31.12.2026"}`, `{"date_mdy": "12/31/2026"}`, `{"date_yyyymmdd": "20261231"}`

    Moments with a zone also as RFC 2822 has them. The name changes wherever the old form would be a valid value of the new
    schema. One style for a plan, as far as the declared form and zone can carry it; numeric dates as one locale of CLDR has
    them. Results stay as they are. Places are arguments whose date the toolset declares, at any depth; intensity is their
    share. Does not apply where none is declared.
    """

    id: ClassVar[str] = "arguments.date_format"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="call",
            plan={"op": "arguments.date_format", "version": 1, "dates": {"search_flights.date": plan}},
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {"date": {"type": "string", "x-date": {"format": "date", "zone": "airport"}}},
                    "required": ["date"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "arguments": {"date": "2026-12-31"}},
            after={"name": "search_flights", "arguments": shown},
        )
        for plan, shown in (
            ({"style": "unix"}, {"date": 1798675200}),
            ({"style": "numeric", "pattern": "d.M.y", "name": "date_dmy"}, {"date_dmy": "31.12.2026"}),
            ({"style": "numeric", "pattern": "M/d/y", "name": "date_mdy"}, {"date_mdy": "12/31/2026"}),
            ({"style": "basic", "name": "date_yyyymmdd"}, {"date_yyyymmdd": "20261231"}),
        )
    )

    dates: dict[str, Dated] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DateFormat | NotApplicable:
        found = meant(setup, _KEY, _STRINGS)
        if not found:
            return NotApplicable("not_declared", "no argument has a declared date")
        taken = setup.names | property_names(tool.parameters for tool in setup.tools)
        styles = pick.order("style", _STYLES)
        locale = pick.choice("locale", _LOCALES)
        dates: dict[str, Dated] = {}
        for place, one in found.items():
            made = next(filter(None, (_dated(one, style, locale, taken) for style in styles)), None)
            if made is not None:
                dates[place] = made
        if not dates:
            return NotApplicable("types_lost", "no declared date can be written in another way without loss")
        return cls(dates={place: dates[place] for place in pick.chosen(dates, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return DateFormatLens(setup, self.dates)


def _dated(one: Meant, style: Style, locale: str, taken: frozenset[str]) -> Dated | None:
    """An argument in a style; `None` where that cannot carry it, or there is no name for it."""
    declared = Declared.of(one.meaning)
    if declared is None:
        return None
    pattern = numeric_pattern(declared, locale) if style == "numeric" else ""
    if style not in possible(declared, pattern):
        return None
    form = form_of(style, declared, pattern)
    if form.write(SAMPLE) == declared.write(SAMPLE):
        return None
    if form.kind == "integer":
        return Dated(style)
    name = with_words(one.name, (), form.suffix, one.tool)
    return None if name.lower() in taken else Dated(style, pattern, name)


class DateFormatLens(PropertyNamesLens):
    """Shows days and times in other forms, and refuses the old ones."""

    part: ClassVar[Literal["arguments", "results"]] = "arguments"

    def __init__(self, real: Setup, dates: Mapping[str, Dated]) -> None:
        forms: dict[str, tuple[Declared, Form]] = {}
        for place, one in meant(real, _KEY, _STRINGS).items():
            declared = Declared.of(one.meaning)
            if place in dates and declared is not None and dates[place].style in possible(declared, dates[place].pattern):
                forms[place] = declared, form_of(dates[place].style, declared, dates[place].pattern)
        names = {place: dates[place].name for place in forms if dates[place].name}
        self._shows: dict[str, Convert] = {}
        super().__init__(real, names, {place: self._edit(place, *form) for place, form in forms.items()})
        if forms:
            tools = []
            for old, new in zip(real.tools, self.setup.tools, strict=True):
                here = named(old, new, forms)
                clean = {name: partial(in_form, token=forms[at][1].token, show=self._shows[at]) for name, at in here}
                tools.append(told_anew(new, clean))
            self.setup = self.shown(system=self.setup.system, tools=tools)

    def _edit(self, place: str, declared: Declared, form: Form) -> Edit:
        def write(value: object) -> object:
            moment = declared.parse(value)
            return None if moment is None else form.write(moment)

        def parse(value: object) -> object:
            moment = form.parse(value)
            return None if moment is None else declared.write(moment)

        show, read = exactly(write, parse)
        self._shows[place] = show

        def schema(old: Schema) -> Schema:
            made = rewritten(old, _STRINGS, lambda part: _part(part, form), show)
            text = in_form(str(old.get("description", "")), form.token, show).strip()
            if text and text[-1] not in ".!?。":
                text += "."
            return {**_undeclared(made), "description": f"{text} {form.told}".strip()}

        return Edit(schema=schema, show=show, read=read)


def _part(schema: Schema, form: Form) -> Schema:
    kept = {key: value for key, value in schema.items() if key not in ("format", "pattern", "minLength", "maxLength")}
    return retyped(kept, _STRINGS, form.kind)


def _undeclared(schema: Schema) -> Schema:
    """The schema without the declared date, which is no longer so."""
    made = {key: value for key, value in schema.items() if key != _KEY}
    if isinstance(made.get("items"), dict):
        made["items"] = _undeclared(made["items"])
    for key in ("anyOf", "oneOf"):
        if key in made:
            made[key] = [_undeclared(branch) for branch in made[key]]
    return made
