"""`results.drop_fields`: records lack some of their fields, in the data and in the output schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.types import JSON, Axis, Call, Kind, Result, Schema, Tool


class DropFields(Operator, frozen=True, kw_only=True):
    """Declared fields are left out of results and of the output schema, as where the next version of an API drops them.

    Before: `{"id": 7, "name": "Ada", "email": "ada@example.com"}`
    After: `{"id": 7, "name": "Ada"}`

    The first field of each object stays, so that no record is empty. Places are declared keys; intensity is the share of
    them. Does not apply where no tool declares an object with more than one key.
    """

    id: ClassVar[str] = "results.drop_fields"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={"op": "results.drop_fields", "version": 1, "dropped": {"get_user>email": True}},
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                returns={
                    "type": "object",
                    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "email": {"type": "string"}},
                    "required": ["id", "name", "email"],
                },
                effect="read",
            ),
            call=Call("get_user"),
            before={"id": 7, "name": "Ada", "email": "ada@example.com"},
            after={"id": 7, "name": "Ada"},
        ),
    )

    dropped: dict[str, bool] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DropFields | NotApplicable:
        places = list(dict.fromkeys(place for schema in schemas_now(setup, "results") for place in _droppable(schema)))
        if not places:
            return NotApplicable("nothing_to_change", "no tool declares a result with more than one key")
        return cls(dropped=dict.fromkeys(pick.chosen(places, intensity), True))

    def lens(self, setup: Setup) -> Lens:
        return DropFieldsLens(setup, self.dropped)


def _droppable(schema: Schema | None) -> Iterator[str]:
    for properties in schemas.siblings(schema):
        for child in list(properties.values())[1:]:
            if "x-place" in child:
                yield child["x-place"]


class DropFieldsLens(Lens):
    """Leaves the fields out."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, dropped: Mapping[str, bool]) -> None:
        super().__init__(real)
        self._dropped = dropped
        if dropped:
            tools = []
            for tool in real.tools:
                made = self._less(tool.returns)
                tools.append(tool if made is tool.returns else msgspec.structs.replace(tool, returns=made))
            self.setup = self.shown(tools=tools)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        made: Schema = self._less(schema)
        return made

    def show_result(self, call: Call, result: Result) -> Result:
        schema = self.real.returns(call)
        return result if schema is None or not self._dropped else Result(self._left(result.data, schema), result.renderer)

    def _gone(self, child: Any) -> bool:
        return isinstance(child, dict) and child.get("x-place") in self._dropped

    def _less(self, schema: Any) -> Any:
        """The schema without the fields; parts that have none are shared."""
        if not isinstance(schema, dict):
            return schema
        made = dict(schema)
        if isinstance(properties := schema.get("properties"), dict):
            made["properties"] = {key: self._less(child) for key, child in properties.items() if not self._gone(child)}
            if "required" in schema:
                made["required"] = [key for key in schema["required"] if not self._gone(properties.get(key))]
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                made[key] = self._less(schema[key])
        for key in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(key), list):
                made[key] = [self._less(branch) for branch in schema[key]]
        return schema if made == schema else made

    def _left(self, data: JSON, schema: Any) -> JSON:
        if not isinstance(schema, dict):
            return data
        for key in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(key) or ():
                data = self._left(data, branch)
        if isinstance(data, list):
            return [self._left(item, schema.get("items")) for item in data]
        if isinstance(data, dict):
            declared: dict[str, Schema] = schema.get("properties") or {}
            free = schema.get("additionalProperties")
            kept = {key: value for key, value in data.items() if not self._gone(declared.get(key))}
            return {key: self._left(value, declared.get(key, free)) for key, value in kept.items()}
        return data
