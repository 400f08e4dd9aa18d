"""`descriptions.doc_style`: what is said of arguments moves into the tool's description, in a known layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import msgspec

from perturb.docstrings import Section, sections
from perturb.kept import Kept
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.descriptions.doc_layouts import LAYOUTS, Argument, Document, Layout, lay_out
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Schema, Tool

_HEADING = re.compile(r"(?m)^(Returns?|Raises|Yields|Examples?|Notes?|Warnings?):[ \t]*\n(?=[ \t]+\S)")
"""Sections besides the arguments' that a docstring in Google's layout has."""
_HEADINGS = {"Return": "Returns", "Example": "Examples", "Note": "Notes", "Warning": "Warnings"}


class DocStyle(Operator, frozen=True, kw_only=True):
    """What is said of arguments moves into the tool's description: a docstring in the layout of Google, NumPy or Sphinx, a man
    page, or an operation of OpenAPI.

    Before: "List the free seats." (`row`: "Number of the row.")
    After: "List the free seats.\\n\\nArgs:\\n    row (int): Number of the row."

    A description that is a docstring already is laid out anew. What is said of values within an argument stays there; the
    schema itself stays. One layout for a plan, as one team has it. Places are tools with a described argument; intensity is
    their share. Does not apply where no argument is described.
    """

    id: ClassVar[str] = "descriptions.doc_style"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="tool",
            plan={"op": "descriptions.doc_style", "version": 1, "layouts": {"list_seats": layout}},
            tool=Tool(
                name="list_seats",
                description="List the free seats.",
                parameters={
                    "type": "object",
                    "properties": {"row": {"type": "integer", "description": "Number of the row."}},
                    "required": ["row"],
                },
                effect="read",
            ),
            before={"name": "list_seats", "description": "List the free seats."},
            after={
                "name": "list_seats",
                "description": description,
                "parameters": {"type": "object", "properties": {"row": {"type": "integer"}}, "required": ["row"]},
                "returns": None,
                "effect": "read",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        )
        for layout, description in (
            ("google", "List the free seats.\n\nArgs:\n    row (int): Number of the row."),
            ("numpy", "List the free seats.\n\nParameters\n----------\nrow : int\n    Number of the row."),
            ("sphinx", "List the free seats.\n\n:param row: Number of the row.\n:type row: int"),
        )
    )

    layouts: dict[str, Layout] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DocStyle | NotApplicable:
        tools = tools_by_place(setup)
        changed = {
            layout: [place for place, tool in tools.items() if _laid_out(tool, layout) is not tool] for layout in LAYOUTS
        }
        options = [layout for layout in LAYOUTS if changed[layout]]
        if not options:
            return NotApplicable("nothing_to_change", "no argument is described")
        layout = pick.choice("layout", options)
        return cls(layouts=dict.fromkeys(pick.chosen(changed[layout], intensity), layout))

    def lens(self, setup: Setup) -> Lens:
        return DocStyleLens(setup, self.layouts)


class DocStyleLens(Lens):
    """Shows descriptions laid out; calls and results stay as they are."""

    def __init__(self, real: Setup, layouts: Mapping[str, Layout]) -> None:
        super().__init__(real)
        tools = [_laid_out(tool, layouts.get(place_of(tool))) for tool in real.tools]
        if any(new is not old for new, old in zip(tools, real.tools, strict=True)):
            self.setup = self.shown(tools=tools)


def _laid_out(tool: Tool, layout: Layout | None) -> Tool:
    """The tool with its documentation laid out; itself where that changes nothing, or no argument is described."""
    return tool if layout is None else _laid_out_once[layout](tool)


def _laid_out_in(layout: Layout, tool: Tool) -> Tool:
    document = _document(tool)
    if not any(one.text for one in document.arguments):
        return tool
    description = lay_out(document, layout)
    properties: dict[str, Schema] = tool.parameters.get("properties", {})
    bare = {name: {key: value for key, value in child.items() if key != "description"} for name, child in properties.items()}
    if description == tool.description and bare == properties:
        return tool
    return msgspec.structs.replace(tool, description=description, parameters={**tool.parameters, "properties": bare})


_laid_out_once: dict[Layout, Kept[Tool]] = {layout: Kept(partial(_laid_out_in, layout), 16_384) for layout in LAYOUTS}
"""Each plan looks at all tools in all layouts, to choose one that changes something."""


def _document(tool: Tool) -> Document:
    """What is said of a tool, taken apart."""
    properties: dict[str, Schema] = tool.parameters.get("properties", {})
    required = frozenset(tool.parameters.get("required", ()))
    text, documented = tool.description.strip("\n"), {}
    own = [section for section in sections(text) if section.entries and _only(section, properties)]
    if len(own) == 1:
        documented = {entry.name: entry.text for entry in own[0].entries}
        text = f"{text[: own[0].start].rstrip()}\n\n{text[own[0].end :].lstrip(chr(10))}".strip("\n")
    text, others = _parted(text)
    arguments = tuple(
        Argument(name, _together(str(child.get("description", "")), documented.get(name, "")), name in required, child)
        for name, child in properties.items()
    )
    return Document(tool.name, text, arguments, others, tool.effect == "read")


def _only(section: Section, properties: Mapping[str, Schema]) -> bool:
    """Whether a section describes nothing but arguments of the tool, each once."""
    names = [entry.name for entry in section.entries]
    return len(set(names)) == len(names) and set(names) <= properties.keys()


def _together(one: str, other: str) -> str:
    """Two texts on one argument as one, which is told once."""
    if one.strip() == other.strip() or not other.strip():
        return one.strip()
    return f"{one.strip()}\n{other.strip()}".strip()


def _parted(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The prose of a docstring, and its other sections, as long as nothing but such sections follows the first of them."""
    first = _HEADING.search(text)
    if first is None:
        return text, ()
    found: dict[str, str] = {}
    rest = text[first.start() :]
    while rest:
        match = _HEADING.match(rest)
        if match is None:
            return text, ()
        body = re.match(r"(?:[ \t]+\S.*(?:\n|$)|[ \t]*\n)*", rest[match.end() :])
        assert body is not None
        heading = _HEADINGS.get(match.group(1), match.group(1))
        if heading in found:
            return text, ()
        found[heading] = _dedented(body.group())
        rest = rest[match.end() + body.end() :]
    return text[: first.start()].rstrip(), tuple(found.items())


def _dedented(text: str) -> str:
    lines = text.rstrip().splitlines()
    depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[depth:].rstrip() for line in lines)
