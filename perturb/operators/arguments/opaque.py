"""`arguments.opaque`: arguments are numbered, and only their descriptions say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.docstrings import sections
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import PropertyNamesLens, meant_by
from perturb.operators.renaming import says_enough
from perturb.types import Axis, Kind, Schema, Tool

_PREFIXES = ("arg", "param", "field", "p", "input")


class OpaqueArguments(Operator, frozen=True, kw_only=True):
    """Arguments are numbered, and only their descriptions say what they are; nested ones too.

    Before: `get_orders {"user_id": 7}`
    After: `get_orders {"arg_3": 7}`, the description as it was

    One name has one number in all tools. A plan is an ablation where it numbers an argument that cannot be known by a
    description: it has none to speak of, or one beside it has the same. `untold` names those. Places are arguments; intensity
    is their share. Does not apply where no tool has arguments.
    """

    id: ClassVar[str] = "arguments.opaque"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "arguments.opaque", "version": 1, "names": {"get_orders.user_id": "arg_3"}, "untold": []},
            tool=Tool(
                name="get_orders",
                description="Get the orders of a user.",
                parameters={
                    "type": "object",
                    "properties": {"user_id": {"type": "integer", "description": "The number of the user."}},
                    "required": ["user_id"],
                },
                effect="read",
            ),
            before={"name": "get_orders", "arguments": {"user_id": 7}},
            after={"name": "get_orders", "arguments": {"arg_3": 7}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)
    untold: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return "ablation" if self.untold else "equivalent"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> OpaqueArguments | NotApplicable:
        found = {one.place: one.name for tool in setup.tools for one in schemas.places(tool.parameters)}
        if not found:
            return NotApplicable("nothing_to_change", "no tool has arguments")
        own = list(dict.fromkeys(meant_by(place, name) for place, name in found.items()))
        shown = {name.lower() for tool in setup.tools for names in schemas.siblings(tool.parameters) for name in names}
        prefix = pick.choice("prefix", _PREFIXES)
        numbers = range(1, 9 + 2 * len(own))
        free = [name for number in numbers if (name := f"{prefix}_{number}") not in setup.names and name not in shown]
        new = dict(zip(own, pick.order("numbers", free), strict=False))
        names = {place: new[meant] for place, name in found.items() if (meant := meant_by(place, name)) in new}
        chosen = pick.chosen(names, intensity)
        untold = {place for tool in setup.tools for place in _untold(tool)}
        return cls(
            names={place: names[place] for place in chosen},
            untold=tuple(place for place in chosen if place in untold),
        )

    def lens(self, setup: Setup) -> Lens:
        return OpaqueArgumentsLens(setup, self.names)


class OpaqueArgumentsLens(PropertyNamesLens):
    """Shows arguments under numbers."""

    part: ClassVar[Literal["arguments", "results"]] = "arguments"


def _untold(tool: Tool) -> Iterator[str]:
    """The arguments of a tool that cannot be known by what is said of them, by place."""
    documented = {entry.name: entry.text for section in sections(tool.description) for entry in section.entries}
    for properties in schemas.siblings(tool.parameters):
        outer = properties is tool.parameters.get("properties")
        texts = {name: _said(child, documented.get(name, "") if outer else "") for name, child in properties.items()}
        said = list(texts.values())
        for name, child in properties.items():
            if "x-place" in child and (not says_enough(texts[name]) or said.count(texts[name]) > 1):
                yield child["x-place"]


def _said(schema: Schema, documented: str) -> str:
    """What is said of an argument in prose: by its own description, that of its values, or the docstring of its tool."""
    found = [documented]
    node: Any = schema
    while isinstance(node, dict):
        found.append(str(node.get("description", "")))
        found += [str(branch.get("description", "")) for key in ("anyOf", "oneOf") for branch in node.get(key) or ()]
        node = node.get("items")
    return " ".join(" ".join(found).lower().split())
