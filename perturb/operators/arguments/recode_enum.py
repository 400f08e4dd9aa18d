"""`arguments.recode_enum`: enum values become codes, with their meaning in the description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from perturb.mentions import Mentions, reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, RewritingLens, Setup
from perturb.schemas import Convert, Edit, places
from perturb.types import JSON, Axis, Schema, Tool


class RecodeEnum(Operator, frozen=True, kw_only=True):
    """Enum values become codes, as older systems have them, with their meaning in the argument's description.

    Before: `search_flights {"cabin": "economy"}`
    After: `search_flights {"cabin": "E"}`, described as `Codes: E = economy; B = business.`

    Results go on saying `economy`: only what an agent sends is coded. The same set of values has the same codes in every
    tool; a plan that is written may code some of the values alone. Places are arguments, at any depth, with an enum of
    strings or a list of such; intensity is the share of them. Does not apply where no argument has an enum of strings.
    """

    id: ClassVar[str] = "arguments.recode_enum"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "arguments.recode_enum",
                "version": 1,
                "codes": {"search_flights.cabin": {"economy": "E", "business": "B"}},
            },
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {"cabin": {"type": "string", "enum": ["economy", "business"], "description": "The cabin."}},
                    "required": ["cabin"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "arguments": {"cabin": "economy"}},
            after={"name": "search_flights", "arguments": {"cabin": "E"}},
        ),
    )

    codes: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RecodeEnum | NotApplicable:
        found = _coded_places(setup)
        if not found:
            return NotApplicable("nothing_to_change", "no argument has an enum of strings")
        made: dict[tuple[str, ...], dict[str, str]] = {}
        for place, values in found.items():
            key = tuple(sorted(values))
            if key not in made:
                made[key] = _codes(list(values), place.rsplit(".", 1)[-1], pick, " ".join(key))
        return cls(
            codes={
                place: {value: made[tuple(sorted(found[place]))][value] for value in found[place]}
                for place in pick.chosen(found, intensity)
            }
        )

    def lens(self, setup: Setup) -> Lens:
        return RecodeEnumLens(setup, self.codes)


def _enum_values(schema: Schema) -> tuple[str, ...]:
    """The strings that a property's enum, or the enum of its items, allows."""
    found: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(dict.fromkeys(value for value in node.get("enum", ()) if isinstance(value, str)))
            if isinstance(node.get("const"), str):
                found[node["const"]] = None
            for branch in (node.get("items"), *(one for key in ("anyOf", "oneOf") for one in node.get(key) or ())):
                walk(branch)

    walk(schema)
    return tuple(found)


def _free_strings(schema: Schema) -> bool:
    """Whether a property allows strings beyond its enum, which codes could be mistaken for."""
    branches = [one for key in ("anyOf", "oneOf") for one in schema.get(key) or ()]
    if branches:
        return any(_free_strings(branch) for branch in branches)
    if isinstance(items := schema.get("items"), dict):
        return _free_strings(items)
    declared = schema.get("type")
    strings = declared is None or declared == "string" or (isinstance(declared, list) and "string" in declared)
    return strings and "enum" not in schema and "const" not in schema


def _coded_places(setup: Setup) -> dict[str, tuple[str, ...]]:
    """Each argument that has an enum of strings, with its values; one that stands in several branches if all agree."""
    found: dict[str, tuple[str, ...]] = {}
    for tool in setup.tools:
        for place in places(tool.parameters):
            values = () if _free_strings(place.schema) else _enum_values(place.schema)
            found[place.place] = values if found.get(place.place, values) == values else ()
    return {place: values for place, values in found.items() if values}


def _codes(values: list[str], argument: str, pick: Pick, place: str) -> dict[str, str]:
    """A code for each value, none of which is, in any case, one of the values or one of them with marks behind it."""
    taken = {value.rstrip("'").lower() for value in values}
    constant = re.sub(r"[^A-Z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", argument).upper()).strip("_") or "VALUE"
    width = max(2, len(str(len(values))))
    ordered = pick.order(place, values)
    options = [
        _letters(values, taken),
        {value: str(number).zfill(width) for number, value in enumerate(ordered, 1)},
        {value: str(number * 10).zfill(width + 1) for number, value in enumerate(ordered, 1)},
        {value: f"{constant}_{_constant(value)}" for value in values},
    ]
    usable = [
        option
        for option in options
        if len(set(option.values())) == len(values) and not any(code.lower() in taken for code in option.values())
    ]
    if usable:
        return pick.choice(place, usable)
    # The values are such codes already: another letter in front sets the new ones apart.
    letter = next(one for one in "CKXQ" + "CKXQ" * len(values) if not any(value.startswith(one) for value in taken))
    return {value: letter + str(number).zfill(width) for number, value in enumerate(ordered, 1)}


def _constant(value: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", value.upper()).strip("_")


def _letters(values: list[str], taken: set[str]) -> dict[str, str]:
    """One or two letters of each value, as far as they go round."""
    codes: dict[str, str] = {}
    used = set(taken)
    for value in values:
        letters = [letter for letter in value.upper() if "A" <= letter <= "Z"]
        options = [*letters[:1], *(letters[0] + other for other in letters[1:])]
        code = next((option for option in options if option.lower() not in used), "")
        if not code:
            return {}
        used.add(code.lower())
        codes[value] = code
    return codes


class RecodeEnumLens(RewritingLens):
    """Codes the values of the chosen arguments, and refuses the values themselves."""

    part = "arguments"

    def __init__(self, real: Setup, codes: Mapping[str, Mapping[str, str]]) -> None:
        current = _coded_places(real)
        # Another plan may have changed the values already: then there is nothing left to code.
        live = {
            place: {value: one[value] for value in current[place] if value in one}
            for place, one in codes.items()
            if place in current and set(one) <= set(current[place]) and _apart(one, current[place])
        }
        super().__init__(real, {place: _edit(one) for place, one in live.items()})
        if not live:
            return
        retired: list[Retired] = []
        tools = []
        for old, tool in zip(real.tools, self.setup.tools, strict=True):
            gone = _gone(old, tool, live)
            changed = tool is not old
            tools.append(reworded(tool, _mentioned(gone)) if changed and gone else tool)
            retired += [Retired(f"enum:{name}", value) for name in tool.stands_for for value in gone]
        self.retired = tuple(retired)
        self.setup = self.shown(tools=[_explained(tool, live) for tool in tools])


def _apart(codes: Mapping[str, str], values: tuple[str, ...]) -> bool:
    """Whether no code is one of the values that keep their own form, or another's code."""
    shown = [codes.get(value, value) for value in values]
    return len(set(shown)) == len(shown)


def _gone(old: Tool, new: Tool, codes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The values that no argument of a tool takes any longer, with the one code that stands for each."""
    still = {value for place in places(new.parameters) for value in _enum_values(place.schema)}
    found: dict[str, set[str]] = {}
    for place in places(old.parameters):
        for value, code in codes.get(place.place, {}).items():
            found.setdefault(value, set()).add(code)
    return {value: next(iter(found[value])) for value in found if value not in still and len(found[value]) == 1}


def _mentioned(codes: Mapping[str, str]) -> Callable[[str], str]:
    """Quoted or code-marked values in a description follow."""
    return Mentions({value: code for value, code in codes.items() if value.strip()})


def _edit(codes: Mapping[str, str]) -> Edit:
    values = {code: value for value, code in codes.items()}

    def show(value: JSON) -> JSON:
        if isinstance(value, list):
            return [show(item) for item in value]
        if not isinstance(value, str):
            return value
        if value in codes:
            return codes[value]
        # A value that the tool does not take, spelt like a code, is set apart from it.
        return value + "'" if value.rstrip("'") in values else value

    def read(value: JSON) -> JSON:
        if isinstance(value, list):
            return [read(item) for item in value]
        if not isinstance(value, str):
            return value
        if value in codes:
            raise ValueError("a value that a code stands for")
        if value in values:
            return values[value]
        return value[:-1] if value.rstrip("'") in values else value

    return Edit(schema=lambda schema: _coded(schema, show), show=show, read=read)


def _coded(schema: Schema, show: Convert) -> Schema:
    made = dict(schema)
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list):
            made[key] = [show(value) for value in schema[key]]
    for key in ("default", "const"):
        if key in schema:
            made[key] = show(schema[key])
    for key in ("pattern", "minLength", "maxLength"):
        made.pop(key, None)
    if isinstance(schema.get("items"), dict):
        made["items"] = _coded(schema["items"], show)
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            made[key] = [_coded(branch, show) for branch in schema[key]]
    return made


def _explained(tool: Tool, codes: Mapping[str, Mapping[str, str]]) -> Tool:
    """The tool with the meaning of the codes at the end of each coded argument's description."""

    def edit(one: Mapping[str, str]) -> Edit:
        told = "; ".join(f"{code} = {meaning}" for code, meaning in _meanings(one))
        return Edit(
            schema=lambda schema: {
                **schema,
                "description": f"{str(schema.get('description', '')).rstrip()} Codes: {told}.".strip(),
            }
        )

    from perturb.schemas import rewrite

    here = {place.place: edit(codes[place.place]) for place in places(tool.parameters) if place.place in codes}
    return msgspec.structs.replace(tool, parameters=rewrite(tool.parameters, here).schema) if here else tool


def _meanings(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each code with its meaning: the value in words where no other value has the same words, else the value as JSON."""
    words = {value: re.sub(r"[_\s]+", " ", value).strip() for value in codes}
    plain = [text.lower() for text in words.values()]
    for value, code in codes.items():
        text = words[value]
        clear = re.fullmatch(r"[^\s;=\".](?:[^;=\"]*[^\s;=\".])?", text) is not None and plain.count(text.lower()) == 1
        yield code, text if clear else json.dumps(value, ensure_ascii=False)
