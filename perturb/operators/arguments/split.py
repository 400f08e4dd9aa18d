"""`arguments.split`: one argument becomes two."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments.date_forms import SAMPLE, Declared
from perturb.operators.arguments.date_prose import without_form
from perturb.operators.arguments.meanings import declared, house_style
from perturb.operators.regrouped import Group, RegroupingLens, Values
from perturb.operators.renaming import property_names
from perturb.operators.vocabulary import join, split
from perturb.schemas import Unreadable
from perturb.types import JSON, Axis, Schema, Tool

What = Literal["moment", "money", "span"]

_ENDINGS: dict[What, tuple[tuple[str, str], ...]] = {
    "moment": (("date", "time"), ("day", "time"), ("date", "time_of_day"), ("date", "clock_time")),
    "money": (("amount", "currency"), ("value", "currency"), ("value", "currency_code")),
    "span": (("start", "end"), ("from", "until"), ("begin", "finish")),
}
_NEEDLESS = frozenset({"datetime", "date", "time", "timestamp", "moment", "at", "day", "period", "range", "interval", "span"})
"""Words at the end of a name that the endings say already."""


class Parts(msgspec.Struct, frozen=True):
    """What an argument is, and the names of its two parts."""

    what: What
    names: tuple[str, str]


class SplitArguments(Operator, frozen=True, kw_only=True):
    """One argument becomes two: a moment its date and time, a sum of money its amount and currency, a span its start and end.

    Before: `create_event {"start": "2026-05-01T09:30"}`
    After: `create_event {"start_date": "2026-05-01", "start_time": "09:30"}`

    Places are arguments, at any depth, that the toolset declares to be such; intensity is their share. A moment is split only
    where its written form parts them, a sum only where it is an object of both. Does not apply where none is declared.
    """

    id: ClassVar[str] = "arguments.split"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="call",
            plan={"op": "arguments.split", "version": 1, "parts": {"book.when": {"what": what, "names": names}}},
            tool=Tool(
                name="book",
                description="Book a room.",
                parameters={"type": "object", "properties": {"when": schema}, "required": ["when"]},
            ),
            before={"name": "book", "arguments": {"when": value}},
            after={"name": "book", "arguments": dict(zip(names, parts, strict=True))},
        )
        for what, schema, value, names, parts in (
            (
                "moment",
                {"type": "string", "x-date": {"format": "date-time", "zone": "UTC"}},
                "2026-05-01T09:30:00Z",
                ["date", "time"],
                ["2026-05-01", "09:30:00"],
            ),
            (
                "span",
                {"type": "string", "x-date": {"format": "interval", "zone": "local"}},
                "2026-05-01/2026-05-03",
                ["start", "end"],
                ["2026-05-01", "2026-05-03"],
            ),
        )
    )

    parts: dict[str, Parts] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> SplitArguments | NotApplicable:
        found: dict[str, tuple[Tool, str, What]] = {}
        for tool in setup.tools:
            for one in schemas.places(tool.parameters):
                if (what := _what(one.schema)) is not None:
                    found[one.place] = tool, one.name, what
        if not found:
            return NotApplicable("not_declared", "no argument is declared to be a moment, a sum of money or a span")
        taken = set(setup.names | property_names(tool.parameters for tool in setup.tools))
        parts: dict[str, Parts] = {}
        for place, (tool, name, what) in found.items():
            names = next((pair for pair in _pairs(name, what, tool) if not taken & {*map(str.lower, pair)}), None)
            if names is not None:
                parts[place] = Parts(what, names)
        if not parts:
            return NotApplicable("names_exhausted", "every name for the parts is taken")
        return cls(parts={place: parts[place] for place in pick.chosen(parts, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return RegroupingLens(setup, lambda tool, schema: _groups(schema, self.parts))


def _pairs(name: str, what: What, tool: Tool) -> list[tuple[str, str]]:
    """Names that the two parts can have, the best first."""
    words, _ = split(name)
    while words and words[-1].lower() in _NEEDLESS:
        words = words[:-1]
    style = house_style(name, tool)

    def called(ending: str) -> str:
        return join((*words, *split(ending)[0]), style)

    return [(called(one), called(other)) for one, other in _ENDINGS[what] if one not in words[-1:]]


def _what(schema: Schema) -> What | None:
    """What a property is declared to be, and can be split as."""
    meaning = declared(schema, "x-date")
    if meaning is not None and "items" not in schema and schemas.kinds_of(schema) - {"null"} == {"string"}:
        if isinstance(meaning, dict) and meaning.get("format") == "interval":
            return "span"
        return "moment" if _moment(meaning) is not None else None
    return "money" if _money(schema) is not None else None


class _Moment(NamedTuple):
    """How a moment is written: its date, what parts them, its time, and what stands behind it."""

    date: str
    between: str
    time: str
    behind: str


def _moment(meaning: Any) -> _Moment | None:
    """The two parts of a declared moment's form; `None` where it does not write one behind the other."""
    known = Declared.of(meaning)
    if known is None or known.format != "date-time":
        return None
    if not known.written:
        return _Moment("", "T", "", "")
    match = re.fullmatch(r"(%[^HIMSpzf]*%[YmdBbyj])([T ,]+)(%[HI].*?)(Z?)", known.written)
    return None if match is None else _Moment(*match.groups())


def _money(schema: Schema) -> tuple[str, str] | None:
    """The names of the amount and the currency of an object that is made of these two, and needs both."""
    properties: dict[str, Schema] = schema.get("properties") or {}
    roles = {child["x-part"].get("as"): name for name, child in properties.items() if isinstance(child.get("x-part"), dict)}
    both = ("amount", "currency")
    if len(properties) != 2 or set(roles) != set(both) or set(schema.get("required", ())) != set(properties):
        return None
    if schema.get("type") != "object" or schema.get("additionalProperties") not in (None, False):
        return None
    return roles["amount"], roles["currency"]


def _groups(schema: Schema, parts: Mapping[str, Parts]) -> list[Group]:
    made = []
    required = frozenset(schema.get("required", ()))
    for name, child in schema["properties"].items():
        one = parts.get(child.get("x-place", ""))
        if one is not None and _what(child) == one.what and not schema["properties"].keys() & {*one.names}:
            made.append(_GROUPS[one.what](name, child, one.names, name in required))
    return made


def _moment_group(name: str, schema: Schema, names: tuple[str, str], required: bool) -> Group:
    form = _moment(declared(schema, "x-date"))
    known = Declared.of(declared(schema, "x-date"))
    assert form is not None
    assert known is not None
    date, time = names

    def show(values: Values) -> Values | None:
        value = values[name]
        if value is None:
            return {date: None, time: None}
        if known.parse(value) is None:
            return None
        one, parted, other = str(value).partition(form.between)
        return {date: one, time: other.removesuffix(form.behind)} if parted and one and other else None

    def read(values: Values) -> Values:
        given = _both(values, names)
        if given is None:
            return {name: None}
        return {name: f"{given[0]}{form.between}{given[1].removesuffix(form.behind)}{form.behind}"}

    day, _, clock = known.write(SAMPLE).partition(form.between)
    zone = ", in UTC" if form.behind == "Z" else ""
    told = (f"Its date, such as {day}.", f"Its time of day, such as {clock.removesuffix(form.behind)}{zone}.")
    return _strings(name, schema, names, required, told, show, read)


def _span_group(name: str, schema: Schema, names: tuple[str, str], required: bool) -> Group:
    def show(values: Values) -> Values | None:
        value = values[name]
        if value is None:
            return dict.fromkeys(names)
        one, parted, other = str(value).partition("/")
        return dict(zip(names, (one, other), strict=True)) if isinstance(value, str) and parted else None

    def read(values: Values) -> Values:
        given = _both(values, names)
        return {name: None if given is None else "/".join(given)}

    told = ("Its start, such as 2026-12-29.", "Its end, such as 2026-12-31.")
    return _strings(name, schema, names, required, told, show, read)


def _money_group(name: str, schema: Schema, names: tuple[str, str], required: bool) -> Group:
    money = _money(schema)
    assert money is not None
    own = dict(zip(money, names, strict=True))
    back = {new: old for old, new in own.items()}
    text = _about(schema)

    def show(values: Values) -> Values | None:
        value = values[name]
        if not isinstance(value, dict) or not value or value.keys() - own.keys():
            return None
        return {own[key]: item for key, item in value.items()}

    def read(values: Values) -> Values:
        return {name: {back[key]: item for key, item in values.items()}}

    new = {}
    for role, inner in zip(("amount", "currency"), money, strict=True):
        child = {key: value for key, value in schema["properties"][inner].items() if key not in ("x-place", "x-part")}
        about = [text, f"The {role}.", str(child.get("description", ""))]
        new[own[inner]] = {**child, "description": " ".join(one for one in about if one)}
    together = frozenset(names) if required else frozenset()
    return Group((name,), new, together, show, read, {name: names})


_GROUPS: dict[What, Callable[[str, Schema, tuple[str, str], bool], Group]] = {
    "moment": _moment_group,
    "money": _money_group,
    "span": _span_group,
}


def _both(values: Values, names: tuple[str, str]) -> tuple[str, str] | None:
    """The two parts, `None` where both are null; a part that is missing or no text cannot be read."""
    if list(map(values.get, names)) == [None, None] and len(values) == 2:
        return None
    for name in names:
        if not isinstance(values.get(name), str):
            raise Unreadable(name, values.get(name))
    return values[names[0]], values[names[1]]


def _about(schema: Schema) -> str:
    """What is said of an argument, without how it is written."""
    text = without_form(str(schema.get("description", ""))).strip()
    text = re.sub(r",? such as \d{4}-\d\d-\d\d\S*(?=[.;]|$)", "", text).rstrip()
    return text if not text or text[-1] in ".!?" else text + "."


def _strings(
    name: str,
    schema: Schema,
    names: tuple[str, str],
    required: bool,
    told: tuple[str, str],
    show: Callable[[Values], Values | None],
    read: Callable[[Values], Values],
) -> Group:
    """The group of two texts, with what is said of each behind what was said of both."""
    kinds: JSON = ["string", "null"] if "null" in schemas.kinds_of(schema) else "string"
    text = _about(schema)
    defaults = show({name: schema["default"]}) if schema.get("default") is not None else None
    new: dict[str, Schema] = {}
    for one, said in zip(names, told, strict=True):
        new[one] = {"type": kinds, "description": f"{text} {said}".strip()}
        if defaults is not None:
            new[one]["default"] = defaults[one]
    return Group((name,), new, frozenset(names) if required else frozenset(), show, read, {name: names})
