"""`errors.in_band`: an error comes as results do, and its body says that it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import texts
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.errors.codes import CODES
from perturb.operators.errors.in_band_shapes import SHAPES, Shape
from perturb.operators.errors.told import Told, is_sound, restored
from perturb.types import Axis, Call, Failure, FailureKind, Schema, Tool

_ON_THE_WAY: frozenset[FailureKind] = frozenset({"unknown_tool", "rate_limited", "unavailable", "timeout"})
"""What a server that answers 200 to everything still refuses before its handlers are reached."""


class InBand(Operator, frozen=True, kw_only=True):
    """A tool's failures come as results do, not marked as errors, and their body says so, in one shape for all tools; the
    output schema allows for it.

    Before: an error with the text `User 'bo' does not exist`
    After: a result, `{"ok": false, "error": "not_found", "response_metadata": {"messages": ["[ERROR] User 'bo' …"]}}`

    Kind, message and field can be read off the body. What fails before a tool is reached (an unknown tool, too many requests,
    a service that is not there) stays an error. Places are tools; intensity is the share of them. Does not apply where there
    are no tools; in an episode without a failure nothing but the output schema changes. Not together with operators that give
    errors a text of their own.
    """

    id: ClassVar[str] = "errors.in_band"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "rendering"
    conditional: ClassVar[bool] = True
    conflicts: ClassVar[frozenset[str]] = frozenset({"errors.style", "errors.codes", "errors.terse"})
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="failure",
            plan={"op": "errors.in_band", "version": 1, "shapes": {"get_user": shape}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}, effect="read"),
            call=Call("get_user", {"id": "bo"}),
            before={"kind": "not_found", "message": "User 'bo' does not exist", "tool": "get_user", "field": "id"},
            after=after,
        )
        for shape, after in (
            (
                "status",
                '{"status": "error", "error": {"code": "not_found", "message": "User \'bo\' does not exist", "field": "id"}}',
            ),
            (
                "slack",
                '{"ok": false, "error": "not_found", "response_metadata": '
                '{"messages": ["[ERROR] User \'bo\' does not exist [json-pointer:/id]"]}}',
            ),
        )
    )

    shapes: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> InBand | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(shapes=dict.fromkeys(pick.chosen(places, intensity), pick.choice("shape", list(SHAPES))))

    def lens(self, setup: Setup) -> Lens:
        return InBandLens(setup, self.shapes)


class InBandLens(Lens):
    """Writes failures as bodies of results and reads them back from their text alone."""

    def __init__(self, real: Setup, shapes: Mapping[str, str]) -> None:
        super().__init__(real)
        self._shapes: dict[str, Shape] = {}
        for tool in real.tools:
            name = next((shapes[place] for place in tool.stands_for if place in shapes), None)
            if name is not None:
                self._shapes[tool.name] = SHAPES[name]
        if self._shapes:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        shape = self._shapes.get(tool.name)
        if shape is None or tool.returns is None:
            return tool
        return msgspec.structs.replace(tool, returns=_widened(tool.returns, shape))

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        shape = self._shapes.get(call.name)
        return schema if shape is None else _widened(schema, shape)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        shape = self._shapes.get(call.name)
        # A text that is such a body by itself is put into one too, or it would be taken for it.
        if shape is None or (failure.kind in _ON_THE_WAY and _read(shape, texts.failure_text(failure)) is None):
            return failure
        body = shape.write(Told(failure.kind, failure.message, failure.field, failure.retry_after))
        return msgspec.structs.replace(failure, message=json.dumps(body, ensure_ascii=False), renderer="plain", in_band=True)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        shape = self._shapes.get(call.name)
        told = _read(shape, texts.failure_text(failure)) if shape is not None else None
        return failure if told is None else restored(self.real, call, msgspec.structs.replace(failure, in_band=False), told)


def _widened(schema: Schema, shape: Shape) -> Schema:
    """The schema of a result, or of an error in its place."""
    return {"anyOf": [schema, shape.schema]}


def _read(shape: Shape, text: str) -> Told | None:
    """What a text tells that is to the letter a body in the shape; `None` for any other."""
    try:
        told = shape.read(json.loads(text))
        sound = is_sound(told) and told.kind in CODES and json.dumps(shape.write(told), ensure_ascii=False) == text
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return told if sound else None
