"""A lens that is a set of edits on declared properties of arguments or results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator.lens import Lens
from perturb.operator.setups import Setup
from perturb.types import Call, Failure, Result, Schema, Tool


class RewritingLens(Lens):
    """A lens that is a set of edits on declared properties: of arguments where `part` is `arguments`, of results where it
    is `results`; and, with `regroup`, of what becomes of the keys of each object. Schemas, calls, results and failures follow
    from them; see `perturb.schemas.Edit` and `Regroup`."""

    part: ClassVar[Literal["arguments", "results"]]

    def __init__(self, real: Setup, edits: Mapping[str, schemas.Edit], regroup: schemas.Regroup | None = None) -> None:
        super().__init__(real)
        self._edits = edits
        self._regroup = regroup
        self._by_tool: dict[str, schemas.Rewritten] = {}
        self._by_schema: dict[int, tuple[Schema, schemas.Rewritten]] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            schema = tool.parameters if self.part == "arguments" else tool.returns
            if schema is None or not (edits or regroup):
                tools.append(tool)
                continue
            made = schemas.rewrite(schema, edits, regroup)
            self._by_tool[tool.name] = made
            self._by_schema[id(schema)] = (schema, made)
            changes: dict[str, Any] = {"parameters" if self.part == "arguments" else "returns": made.schema}
            tools.append(tool if made.schema is schema else msgspec.structs.replace(tool, **changes))
        # Results of merged tools have no schema here, and change all the same.
        changed = self.part == "results" and bool(edits or regroup)
        changed = changed or any(new is not old for new, old in zip(tools, real.tools, strict=True))
        self.setup = self.shown(tools=tools) if changed else real
        if self.setup is real:
            # A lens that changes nothing must not stand in for the one that made the setup within.
            self._by_tool.clear()

    def _results(self, call: Call) -> schemas.Rewritten | None:
        schema = self.real.returns(call)
        return None if schema is None else self._rewritten(schema)

    def _rewritten(self, schema: Schema) -> schemas.Rewritten:
        known = self._by_schema.get(id(schema))
        if known is None:
            # Kept with the schema itself, or its id could come again as another's.
            known = (schema, schemas.rewrite(schema, self._edits, self._regroup))
            self._by_schema[id(schema)] = known
        return known[1]

    def show_call(self, call: Call) -> Call:
        if self.part != "arguments":
            return call
        made = self._by_tool.get(call.name)
        return call if made is None or made.show is None else Call(call.name, made.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        if self.part != "arguments":
            return call
        made = self._by_tool.get(call.name)
        if made is None or made.read is None:
            return call
        try:
            return Call(call.name, made.read(call.arguments))
        except schemas.StaleName as stale:
            return self.real.refusal("invalid_argument", tool=call.name, field=stale.name, value=stale.value)
        except schemas.Unreadable as unreadable:
            return self.real.refusal("invalid_argument", tool=call.name, field=unreadable.name, value=unreadable.value)

    def show_result(self, call: Call, result: Result) -> Result:
        if self.part != "results":
            return result
        made = self._results(call)
        return result if made is None or made.show is None else Result(made.show(result.data), result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        if self.part != "results":
            return result
        made = self._results(call)
        return result if made is None or made.read is None else Result(made.read(result.data), result.renderer)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return self._rewritten(schema).schema if self.part == "results" else schema
