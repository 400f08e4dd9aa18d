"""`arguments.merge`: two arguments become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import ClassVar, NamedTuple

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments import whole_values
from perturb.operators.arguments.date_forms import SAMPLE, Declared
from perturb.operators.arguments.date_prose import without_form
from perturb.operators.arguments.meanings import declared, house_style
from perturb.operators.arguments.whole_values import OPEN, ROLES, What
from perturb.operators.regrouped import Group, RegroupingLens
from perturb.operators.renaming import property_names
from perturb.operators.vocabulary import restyle, split
from perturb.types import Axis, Schema, Tool

_NAMES: dict[What, tuple[str, ...]] = {
    "span": ("{}_period", "{}_interval", "{}_range", "{}_span"),
    "moment": ("{}_at", "{}_datetime", "{}_moment"),
    "name": ("{}_name", "{}_full_name", "full_{}_name"),
    "money": ("{}", "{}_money", "{}_sum"),
}
_WHOLES = frozenset({"range", "period", "interval", "span", "window", "dates", "days", "time", "times"})
"""Words that say of themselves that they are a span."""


class Whole(msgspec.Struct, frozen=True):
    """What two arguments become together, and its name."""

    what: What
    name: str


class MergeArguments(Operator, frozen=True, kw_only=True):
    """Two arguments become one: start and end an ISO 8601 interval, date and time a moment, first and last name a full name,
    amount and currency an object of both.

    Before: `book_room {"from": "2026-05-01", "until": "2026-05-03"}`
    After: `book_room {"stay_period": "2026-05-01/2026-05-03"}`

    Places are pairs of arguments beside one another, at any depth, that the toolset declares to belong together, each by its
    first; intensity is their share. Days and moments must be declared as such. Does not apply where no pair is declared.
    """

    id: ClassVar[str] = "arguments.merge"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="call",
            plan={"op": "arguments.merge", "version": 1, "wholes": {f"book.{first}": {"what": what, "name": name}}},
            tool=Tool(
                name="book",
                description="Book a room.",
                parameters={
                    "type": "object",
                    "properties": {
                        first: {"type": "string", **meaning, "x-part": {"of": "stay", "as": roles[0]}},
                        second: {"type": "string", **meaning, "x-part": {"of": "stay", "as": roles[1]}},
                    },
                    "required": [first, second],
                },
            ),
            before={"name": "book", "arguments": {first: one, second: other}},
            after={"name": "book", "arguments": {name: whole}},
        )
        for what, roles, first, second, one, other, name, whole, meaning in (
            (
                *("span", ROLES["span"], "from", "until", "2026-05-01", "2026-05-03"),
                *("stay_period", "2026-05-01/2026-05-03", {"x-date": {"format": "date", "zone": "local"}}),
            ),
            ("name", ROLES["name"], "first", "last", "Ada", "Lovelace", "guest_name", "Lovelace, Ada", {}),
            (
                *("money", ROLES["money"], "amount", "currency", "12.50", "EUR"),
                *("price", {"amount": "12.50", "currency": "EUR"}, {}),
            ),
        )
    )

    wholes: dict[str, Whole] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> MergeArguments | NotApplicable:
        pairs = [(tool, pair) for tool in setup.tools for schema in _objects(tool.parameters) for pair in _pairs(schema)]
        if not pairs:
            return NotApplicable("not_declared", "no two arguments are declared to belong together")
        taken = setup.names | property_names(tool.parameters for tool in setup.tools)
        wholes: dict[str, Whole] = {}
        for tool, pair in pairs:
            free = [name for name in _called(pair, tool) if name.lower() not in taken]
            if free:
                wholes[pair.place] = Whole(pair.what, free[0])
        if not wholes:
            return NotApplicable("names_exhausted", "every name for what they make up is taken")
        return cls(wholes={place: wholes[place] for place in pick.chosen(wholes, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return RegroupingLens(setup, lambda tool, schema: list(_groups(schema, self.wholes)))


class Pair(NamedTuple):
    """Two arguments that belong together: what they make up, the place of the first, and their names, in the order of roles."""

    what: What
    of: str
    place: str
    names: tuple[str, str]


def _objects(schema: Schema) -> Iterator[Schema]:
    """Each object with properties in a schema that no condition binds together."""
    if schema.get("properties") and not schemas.conditional(schema):
        yield schema
    inner = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    inner += [branch for key in ("anyOf", "oneOf", "allOf") for branch in schema.get(key) or ()]
    for child in inner:
        if isinstance(child, dict):
            yield from _objects(child)


def _pairs(schema: Schema) -> Iterator[Pair]:
    """The pairs within one object that can become one without loss."""
    properties: dict[str, Schema] = schema["properties"]
    parts: dict[tuple[str, str], str] = {}
    for name, child in properties.items():
        part = child.get("x-part")
        if isinstance(part, dict) and "x-place" in child:
            parts[str(part.get("of")), str(part.get("as"))] = name
    for what, roles in ROLES.items():
        for of in dict.fromkeys(of for of, role in parts if role == roles[0]):
            # An object that is made of the two is the whole already.
            if (of, roles[1]) in parts and not (len(properties) == 2 and "x-place" in schema):
                names = parts[of, roles[0]], parts[of, roles[1]]
                if _fit(what, [properties[name] for name in names]):
                    yield Pair(what, of, properties[names[0]]["x-place"], names)


def _fit(what: What, parts: list[Schema]) -> bool:
    """Whether the values of two parts can be told by one."""
    if what == "money":
        return True
    nullable = what == "span"
    if any(schemas.kinds_of(one) - ({"null"} if nullable else set()) != {"string"} or "items" in one for one in parts):
        return False
    forms = [Declared.of(declared(one, "x-date")) for one in parts]
    if what == "span":
        return all(form is not None and form.format in ("date", "date-time") for form in forms)
    if what == "moment":
        return [form.format if form is not None else "" for form in forms] == ["date", "time"]
    return True


def _called(pair: Pair, tool: Tool) -> list[str]:
    """Names that a pair can have together, the best first, in the style of its own."""
    words = split(pair.of)[0]
    names = [pair.of] if pair.what == "span" and words[-1] in _WHOLES and len(words) > 1 else []
    names += [name.format("_".join(words)) for name in _NAMES[pair.what]]
    style = house_style(pair.names[0], tool)
    return [restyle(name, style) for name in names]


def _groups(schema: Schema, wholes: Mapping[str, Whole]) -> Iterator[Group]:
    for pair in _pairs(schema):
        one = wholes.get(pair.place)
        if one is not None and one.what == pair.what and one.name not in schema["properties"]:
            yield _group(schema, pair, one.name)


def _group(schema: Schema, pair: Pair, name: str) -> Group:
    parts = {one: schema["properties"][one] for one in pair.names}
    needed = [one for one in pair.names if one in schema.get("required", ())]
    told = {one: (f"{name}.{role}",) for one, role in zip(pair.names, ROLES[pair.what], strict=True)}
    required = frozenset({name} if needed else ())
    order = tuple(one for one in schema["properties"] if one in pair.names)
    said = " ".join(
        f"{role.replace('_', ' ').capitalize()}: {text}"
        for role, one in zip(ROLES[pair.what], pair.names, strict=True)
        if (text := _about(parts[one]))
    )
    if pair.what == "money":
        keys = dict(zip(pair.names, ROLES["money"], strict=True))
        new: Schema = {
            "type": "object",
            "description": "The amount and its currency.",
            "properties": {keys[one]: _unmarked(parts[one]) for one in pair.names},
            **({"required": [keys[one] for one in needed]} if needed else {}),
            "additionalProperties": False,
        }
        back = {key: one for one, key in keys.items()}
        return Group(
            order,
            {name: new},
            required,
            lambda values: {name: {keys[one]: item for one, item in values.items()}},
            lambda values: whole_values.money_read(name, values[name], back),
            told,
        )
    forms = {one: form for one, child in parts.items() if (form := Declared.of(declared(child, "x-date"))) is not None}
    if pair.what == "span":
        write = partial(whole_values.span_written, names=pair.names, forms=forms)
        read = partial(whole_values.span_read, name, names=pair.names, forms=forms)
        rule = _span_told(pair.names, parts, needed, forms)
    elif pair.what == "moment":
        write = partial(whole_values.moment_written, names=pair.names)
        read = partial(whole_values.moment_read, name, names=pair.names)
        rule = f"As date, T and time, such as {'T'.join(forms[one].write(SAMPLE) for one in pair.names)}."
    else:
        write = partial(whole_values.name_written, names=pair.names)
        read = partial(whole_values.name_read, name, names=pair.names)
        alone = "" if len(needed) == 2 else " The last name may stand alone." if pair.names[1] in needed else ""
        rule = f'Last name, comma, first name, such as "Lovelace, Ada".{alone}'

    def show(values: dict[str, object]) -> dict[str, object] | None:
        text = write(values)
        return None if text is None else {name: text}

    whole = {"type": "string", "description": f"{rule} {said}".strip()}
    return Group(order, {name: whole}, required, show, lambda values: read(values[name]), told)


def _span_told(names: tuple[str, str], parts: Mapping[str, Schema], needed: list[str], forms: Mapping[str, Declared]) -> str:
    """How a span is written, with what may be left out of it."""
    sample = [
        whole_values.in_iso(forms[one].write(SAMPLE.replace(day=day)), forms[one])
        for one, day in zip(names, (29, 31), strict=True)
    ]
    rule = f"An ISO 8601 interval, start and end with a slash between them, such as {sample[0]}/{sample[1]}."
    for role, one in zip(("start", "end"), names, strict=True):
        if one not in needed:
            rule += f" The {role} may be left empty."
        if "null" in schemas.kinds_of(parts[one]):
            rule += f' "{OPEN}" as the {role} stands for null.'
    return rule


def _about(schema: Schema) -> str:
    """What is said of a part, without how it is written, and with its default."""
    text = without_form(str(schema.get("description", ""))).strip()
    text = text if not text or text[-1] in ".!?" else text + "."
    default = schema.get("default")
    return text if default is None else f"{text} Default: {default}.".strip()


def _unmarked(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("x-place", "x-part")}
