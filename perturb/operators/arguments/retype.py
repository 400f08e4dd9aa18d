"""`arguments.retype`: arguments of another JSON type, the schema and the description saying so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, RewritingLens, Setup
from perturb.operators.arguments.retyped_schemas import retyped
from perturb.operators.arguments.retyped_values import INTEGER, form_of
from perturb.schemas import Edit, places
from perturb.types import Axis, Schema, Tool

_FLAGS: tuple[tuple[str, str], ...] = (("yes", "no"), ("on", "off"), ("enabled", "disabled"))
_SEPARATORS = (",", ";", "|")


class Retype(Operator, frozen=True, kw_only=True):
    """Arguments of another JSON type: integer or number ↔ string, boolean ↔ `"yes"`/`"no"`, list ↔ separated string.

    Before: `book_flight {"seats": 2, "insured": true, "tags": ["work", "a,b"]}`
    After: `book_flight {"seats": "2", "insured": "yes", "tags": "work,a\\,b"}`

    A string becomes an integer only where the schema declares that it holds one (`"format": "int64"`, or, in a plan that is
    written, an enum of digits), and a boolean only where its enum is such a pair of words. A written plan may also turn a
    value into a list of one (`one_to_list`). Null stays null. Places are properties of arguments at any depth; intensity is
    the share of them. Does not apply where no argument has a type that can change.
    """

    id: ClassVar[str] = "arguments.retype"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "arguments.retype",
                "version": 1,
                "forms": {
                    "book_flight.seats": {"change": "number_to_text"},
                    "book_flight.insured": {"change": "flag_to_text", "words": ["yes", "no"]},
                    "book_flight.tags": {"change": "list_to_text", "separator": ","},
                },
            },
            tool=Tool(
                name="book_flight",
                description="Book a flight.",
                parameters={
                    "type": "object",
                    "properties": {
                        "seats": {"type": "integer", "minimum": 1},
                        "insured": {"type": "boolean"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["seats"],
                },
            ),
            before={"name": "book_flight", "arguments": {"seats": 2, "insured": True, "tags": ["work", "a,b"]}},
            after={"name": "book_flight", "arguments": {"seats": "2", "insured": "yes", "tags": "work,a\\,b"}},
        ),
    )

    forms: dict[str, Form] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Retype | NotApplicable:
        words = pick.choice("words", _FLAGS)
        forms = {
            place: form
            for place, schema in _single_places(setup)
            if (form := _new_form(schema, words, pick.choice(place, _SEPARATORS))) is not None
        }
        if not forms:
            return NotApplicable("nothing_to_change", "no argument is a number, a boolean or a list of scalars")
        return cls(forms={place: forms[place] for place in pick.chosen(forms, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return RetypeLens(setup, self.forms)


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new form of one argument: the pair of words for true and false, or the separator, where it needs one."""

    change: Literal["number_to_text", "flag_to_text", "list_to_text", "text_to_integer", "text_to_flag", "one_to_list"]
    words: tuple[str, str] = ("", "")
    separator: str = ""


def _new_form(schema: Schema, words: tuple[str, str], separator: str) -> Form | None:
    """What a property can become; `None` where nothing that keeps every value apart."""
    kinds = schemas.kinds_of(schema) - {"null"}
    if kinds and kinds <= {"integer", "number"}:
        return Form("number_to_text")
    if kinds == {"boolean"}:
        return Form("flag_to_text", words=words)
    if kinds == {"array"} and _item_kind(schema) is not None:
        return Form("list_to_text", separator=separator)
    if kinds == {"string"}:
        branch = _branch(schema, "string")
        if branch.get("format") in ("int32", "int64") and "enum" not in schema:
            return Form("text_to_integer")
        for pair in _FLAGS:
            if sorted(value for value in branch.get("enum", ()) if value is not None) == sorted(pair):
                return Form("text_to_flag", words=pair)
    return None


def _possible(schema: Schema, form: Form) -> bool:
    """Whether a form of a plan fits a property as it is now; a plan that is written may hold more than one that is drawn."""
    if form.change == "one_to_list":
        return True
    if form.change == "text_to_integer" and schemas.kinds_of(schema) - {"null"} == {"string"}:
        values = [value for value in _branch(schema, "string").get("enum", ()) if value is not None]
        if values and all(INTEGER.fullmatch(value) for value in values):
            return True
    drawn = _new_form(schema, form.words, form.separator)
    return drawn is not None and drawn.change == form.change


def _item_kind(schema: Schema) -> str | None:
    """The one type of a list's items, null aside; `None` where there is none or it is no scalar."""
    items = _branch(schema, "array").get("items")
    kinds = schemas.kinds_of(items) - {"null"} if isinstance(items, dict) else frozenset()
    if kinds and kinds <= {"integer", "number"}:
        return "number"
    return next(iter(kinds)) if len(kinds) == 1 and kinds <= {"string", "boolean"} else None


def _branch(schema: Schema, kind: str) -> Schema:
    """The part of a schema that describes its values of one type: itself, or the one branch of a union."""
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            if kind in schemas.kinds_of(branch):
                return _branch(branch, kind)
    return schema


def _single_places(setup: Setup) -> list[tuple[str, Schema]]:
    """Each property of arguments with its schema; a place that stands in several branches of a union only where all agree."""
    found: dict[str, Schema | None] = {}
    for tool in setup.tools:
        for place in places(tool.parameters):
            same = place.place not in found or found[place.place] == place.schema
            found[place.place] = place.schema if same else None
    return [(place, schema) for place, schema in found.items() if schema is not None]


class RetypeLens(RewritingLens):
    """Converts the values of retyped arguments, and refuses values of the old type."""

    part = "arguments"

    def __init__(self, real: Setup, forms: Mapping[str, Form]) -> None:
        edits = {}
        for place, schema in _single_places(real):
            form = forms.get(place)
            if form is None:
                continue
            # Another plan may have changed the type already: then there is nothing left to do here.
            if not _possible(schema, form):
                continue
            convert = form_of(form.change, form.words, form.separator, _item_kind(schema) or "")
            edits[place] = Edit(schema=retyped(convert), show=convert.show, read=convert.read)
        super().__init__(real, edits)
