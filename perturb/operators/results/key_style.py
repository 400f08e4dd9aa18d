"""`results.key_style`: the keys of a tool's results are written as another house would have written them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import PropertyNamesLens, schemas_now
from perturb.operators.vocabulary import Style, restyle, split
from perturb.types import Axis, Call, Schema, Tool

_HOUSES: tuple[Style, ...] = ("snake", "camel", "pascal", "kebab", "screaming")
"""As Stripe and GitHub, Google, AWS and Microsoft, JSON:API before 1.1, and the columns of SAP and Oracle have their keys."""


class KeyStyle(Operator, frozen=True, kw_only=True):
    """The declared keys of a tool's results are written in another style, one for all, in the data and in the output schema.

    Before: `{"order_id": "A1", "total": 12}`
    After: `{"orderId": "A1", "total": 12}`

    Words stay the same; keys that are data stay as they are, and so does a key whose new form another one has. Places are
    tools; intensity is the share of them. Does not apply where no tool declares a key that another style would change.
    """

    id: ClassVar[str] = "results.key_style"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={"op": "results.key_style", "version": 1, "styles": {"get_order": "camel"}},
            tool=Tool(
                name="get_order",
                description="Get an order.",
                returns={
                    "type": "object",
                    "properties": {"order_id": {"type": "string"}, "total": {"type": "integer"}},
                    "required": ["order_id", "total"],
                },
                effect="read",
            ),
            call=Call("get_order"),
            before={"order_id": "A1", "total": 12},
            after={"orderId": "A1", "total": 12},
        ),
    )

    styles: dict[str, Style] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> KeyStyle | NotApplicable:
        found = [one for schema in schemas_now(setup, "results") for one in schemas.places(schema)]
        if not found:
            return NotApplicable("nothing_to_change", "no tool declares keys of its result")
        own = Counter(split(one.name)[1] for one in found if len(split(one.name)[0]) > 1).most_common(1)
        styles = [style for style in _HOUSES if not own or style != own[0][0]]
        changed = {style: _tools(setup, style) for style in styles}
        styles = [style for style in styles if changed[style]]
        if not styles:
            return NotApplicable("nothing_to_change", "every declared key is the same in all styles")
        style = pick.choice("style", styles)
        return cls(styles=dict.fromkeys(pick.chosen(changed[style], intensity), style))

    def lens(self, setup: Setup) -> Lens:
        return KeyStyleLens(setup, self.styles)


class KeyStyleLens(PropertyNamesLens):
    """Shows keys of results in another style."""

    part: ClassVar[Literal["arguments", "results"]] = "results"

    def __init__(self, real: Setup, styles: Mapping[str, Style]) -> None:
        super().__init__(real, _names(real, styles))


def _tools(setup: Setup, style: Style) -> list[str]:
    """The toolset's own names of the tools with a key that `style` changes."""
    names = [name for tool in setup.tools for name in tool.stands_for]
    touched = {_tool(place) for place in _names(setup, dict.fromkeys(names, style))}
    return [name for name in dict.fromkeys(names) if name in touched]


def _tool(place: str) -> str:
    return place.partition(">")[0]


def _names(setup: Setup, styles: Mapping[str, Style]) -> dict[str, str]:
    """The new name of each key that changes, by place."""
    found: dict[str, str] = {}
    for schema in schemas_now(setup, "results"):
        for properties in schemas.siblings(schema):
            for name, child in properties.items():
                style = styles.get(_tool(child.get("x-place", "")))
                if style is None:
                    continue
                new = restyle(name, style)
                # Keys are told apart whatever their capitals, as some readers of JSON do.
                if new != name and list(_folded(properties, style)).count(new.lower()) == 1:
                    found[child["x-place"]] = new
    return found


def _folded(properties: Mapping[str, Schema], style: Style) -> Iterator[str]:
    """Each key in lower case, in its own form and in the new one where they differ in more than capitals."""
    for name in properties:
        yield from {name.lower(), restyle(name, style).lower()}
