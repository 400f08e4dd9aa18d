"""`results.format`: results come as YAML, XML, CSV, a Markdown table, or JSON of another layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.results.written_forms import FORMS, Written, written
from perturb.schemas import kinds_of
from perturb.types import Axis, Call, Result, Schema, Tool

_SAME: dict[str, tuple[str, ...]] = {"json": ("minified",), "indented": ("pretty",)}
"""What a renderer writes already."""


class Format(Operator, frozen=True, kw_only=True):
    """The results of a tool come as text in another format, which the tool's description names.

    Before: `[{"id": 7, "name": "Ada"}]`
    After (CSV): `"id","name"` and, on the next line, `7,"Ada"`; its structured content is that text too

    YAML and XML carry any data; CSV and Markdown tables only where the declared result is a list of flat rows. A tool that
    declares no result schema gets a format that keeps types without one: JSON of another layout, or YAML. Places are
    tools; intensity is the share of them. Does not apply where there are no tools.
    """

    id: ClassVar[str] = "results.format"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "rendering"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={"op": "results.format", "version": 1, "formats": {"list_users": "csv"}},
            tool=Tool(
                name="list_users",
                description="List the users.",
                returns={
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                        "required": ["id", "name"],
                    },
                },
                effect="read",
            ),
            call=Call("list_users"),
            before=[{"id": 7, "name": "Ada"}],
            after='"id","name"\n7,"Ada"\n',
        ),
    )

    formats: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Format | NotApplicable:
        order = pick.order("formats", list(FORMS))
        possible: dict[str, str] = {}
        for tool in setup.tools:
            names = _possible(tool)
            for place in tool.stands_for:
                if place not in possible:
                    possible[place] = next(name for name in order if name in names)
        if not possible:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(formats={place: possible[place] for place in pick.chosen(possible, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return FormatLens(setup, self.formats)


def _possible(tool: Tool) -> list[str]:
    """The forms that carry a tool's results with their types, those that its renderer writes already left out."""
    same = (*_SAME.get(tool.renderer, ()), *(name for name in FORMS if name in tool.renderer.split("-")))
    kinds = kinds_of(tool.returns) if tool.returns is not None else frozenset({"object"})
    if kinds and not kinds & {"object", "array"} and tool.renderer in _SAME:
        same += ("pretty", "minified")
    flat = len(tool.stands_for) == 1 and _flat_columns(tool.returns) is not None
    typed = tool.returns is not None or len(tool.stands_for) > 1
    return [
        name
        for name, form in FORMS.items()
        if name not in same and (not form.flat or flat) and (typed or name in ("yaml", "pretty", "minified"))
    ]


def _flat_columns(schema: Schema | None) -> tuple[str, ...] | None:
    """The columns of a result that is declared as a list of rows with scalars only; `None` for any other."""
    if schema is None or schema.get("type") != "array" or not isinstance(schema.get("items"), dict):
        return None
    properties: dict[str, Schema] = schema["items"].get("properties") or {}
    if not properties or isinstance(schema["items"].get("additionalProperties"), dict):
        return None
    kinds = [kinds_of(child) for child in properties.values()]
    return None if any(not kind or kind & {"object", "array"} for kind in kinds) else tuple(properties)


class FormatLens(Lens):
    """Writes results in their tool's form and reads them back."""

    def __init__(self, real: Setup, formats: Mapping[str, str]) -> None:
        super().__init__(real)
        self._names = dict(formats)
        self._forms = {place: FORMS[name] for place, name in formats.items()}
        self._own = Setup.of(real.source).by_name
        if self._forms:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        forms = list(dict.fromkeys(self._forms[place] for place in tool.stands_for if place in self._forms))
        if not forms:
            return tool
        whole = len(forms) == 1 and all(place in self._forms for place in tool.stands_for)
        if whole:
            told = f"Returns {forms[0].title}. {forms[0].note}".strip()
        else:
            told = f"Some results come as {' or '.join(form.title for form in forms)}."
        single = len(tool.stands_for) == 1 and tool.returns is not None
        return msgspec.structs.replace(
            tool,
            description=f"{tool.description}\n{told}".strip(),
            returns=_text_schema(forms[0], tool.returns) if single and tool.returns is not None else tool.returns,
            renderer="text" if whole else tool.renderer,
        )

    def _columns(self, call: Call, form: Written) -> tuple[str, ...]:
        return (_flat_columns(self.real.returns(call)) or ()) if form.flat else ()

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        form = self._forms.get(self.real.origin(call) or "")
        return schema if form is None else _text_schema(form, schema)

    def show_result(self, call: Call, result: Result) -> Result:
        place = self.real.origin(call) or ""
        form = self._forms.get(place)
        if form is None:
            return result
        return Result(written(self._names[place], result.data, self._columns(call, form)), "text")

    def read_result(self, call: Call, result: Result) -> Result:
        place = self.real.origin(call) or ""
        form = self._forms.get(place)
        if form is None or not isinstance(result.data, str):
            return result
        # The renderer that the toolset's own tool has, whatever it is called by now.
        renderer = self._own[place].renderer if place in self._own else self.real.by_name[call.name].renderer
        try:
            return Result(form.read(result.data, self._columns(call, form)), renderer)
        except (ValueError, RecursionError):
            # Not in the form that this layer writes: it cannot be ours.
            return result


def _text_schema(form: Written, schema: Schema) -> Schema:
    """A text of a media type, with the schema of what it holds, as JSON Schema 2020-12 has it."""
    title = form.title[0].upper() + form.title[1:]
    return {
        "type": "string",
        "description": f"{title}. {form.note}".strip(),
        "contentMediaType": form.media_type,
        "contentSchema": schema,
    }
