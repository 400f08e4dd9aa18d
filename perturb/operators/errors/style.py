"""`errors.style`: the same failures, in the shape of another kind of server."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.errors import PlanError, nearest
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.errors.api_styles import API_STYLES
from perturb.operators.errors.shapes import ErrorShape
from perturb.operators.errors.text_styles import TEXT_STYLES
from perturb.operators.errors.told import Told, guarded, restored
from perturb.types import Axis, Call, Failure, Kind, Tool

STYLES = {name: guarded(style) for name, style in {**API_STYLES, **TEXT_STYLES}.items()}
"""Every style by its name in plans."""


class ErrorStyle(Operator, frozen=True, kw_only=True):
    """Failures come in the shape of another kind of server, one style for all tools; their messages stay word for word.

    Before: `User 'bo' does not exist`
    After: `{"__type": "ResourceNotFoundException", "message": "User 'bo' does not exist", "fieldList": [{"name": "id", …}]}`

    A plan may be written with a shape of its own, as a vendor's documentation has it. Kind, message, field and the time to
    come back can be read off the text alone. Where the kind is not known, the style says so. Places are tools; intensity is
    the share of them. Does not apply where there are no tools; in an episode without a failure nothing changes.
    """

    id: ClassVar[str] = "errors.style"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "rendering"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="failure",
            plan={"op": "errors.style", "version": 1, "tools": {"get_user": "sentence"}},
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                parameters={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
                effect="read",
            ),
            call=Call("get_user", {"id": "bo"}),
            before={
                "kind": "not_found",
                "message": "User 'bo' does not exist",
                "tool": "get_user",
                "field": "id",
                "value": "bo",
            },
            after="The call of get_user did not work because something was not found (see \"id\"): User 'bo' does not exist",
        ),
    )

    tools: dict[str, str] = msgspec.field(default_factory=dict)
    shapes: dict[str, ErrorShape] = msgspec.field(default_factory=dict)
    """Further styles, by the names that `tools` gives them."""

    @property
    def kind(self) -> Kind:
        """A shape that has no place for all that a failure may tell withholds something."""
        used = [self.shapes[name] for name in self.tools.values() if name in self.shapes]
        return "equivalent" if all(shape.whole for shape in used) else "ablation"

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ErrorStyle | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        style = pick.choice("style", list(STYLES))
        return cls(tools=dict.fromkeys(pick.chosen(places, intensity), style))

    def lens(self, setup: Setup) -> Lens:
        return ErrorStyleLens(setup, self)


class ErrorStyleLens(Lens):
    """Writes failures in the style and reads them back from their text alone."""

    def __init__(self, real: Setup, plan: ErrorStyle) -> None:
        super().__init__(real)
        own = {name: guarded(shape.style(name)) for name, shape in plan.shapes.items()}
        for name in plan.tools.values():
            if name not in own and name not in STYLES:
                raise PlanError(f"there is no error style {name!r}; {nearest(name, [*STYLES, *own])}")
        self._plan = plan
        self._names = {
            tool.name: next(plan.tools[place] for place in tool.stands_for if place in plan.tools)
            for tool in real.tools
            if any(place in plan.tools for place in tool.stands_for)
        }
        self._styles = {tool: own.get(name) or STYLES[name] for tool, name in self._names.items()}

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        style = self._styles.get(call.name)
        if style is None:
            return failure
        told = Told(failure.kind, failure.message, failure.field, failure.retry_after)
        shape = self._plan.shapes.get(self._names[call.name])
        if shape is not None and not shape.fits(told):
            return failure
        return msgspec.structs.replace(failure, message=style.write(told, call.name), renderer="plain")

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        style = self._styles.get(call.name)
        told = style.read(failure.message) if style is not None else None
        if told is None:
            return failure
        shape = self._plan.shapes.get(self._names[call.name])
        if shape is not None and not shape.whole:
            told = Told(told.kind, told.message, told.field or failure.field, told.retry_after or failure.retry_after)
        return restored(self.real, call, failure, told)
