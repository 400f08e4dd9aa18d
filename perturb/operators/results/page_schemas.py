"""What tells of pages: the arguments and the note of a tool, and the schema of its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from perturb.operators.added_argument import declared
from perturb.operators.results.page_keys import declared_at, list_key
from perturb.types import JSON, Schema, Tool

if TYPE_CHECKING:
    from perturb.operators.results.paginate import Paginate

_THERE = {"null": "is not null", "empty": "is not empty", "absent": "is there"}
_LAST = {"null": "null on the last one", "empty": "empty on the last one", "absent": "left out on the last one"}


def declared_tool(tool: Tool, plan: Paginate) -> Tool:
    """The tool with the arguments for pages, a note on them, and, where it is one tool's, the schema of a page."""
    parameters = tool.parameters
    if plan.size_argument:
        most = ", ".join(sorted({str(plan.sizes[name]) for name in tool.stands_for if name in plan.sizes}))
        told = f"How many rows a page holds: at most {most}, as many as there are where this is left out."
        parameters = declared(parameters, plan.size_argument, {"type": "integer", "description": told})
    before = f"The `{plan.next_key}` of the page before" if plan.next_key else f"The `{plan.row_key}` of the last row before"
    cursor = {
        "type": _row_type(tool.returns, plan) if plan.row_key else "string",
        "description": f"{before}, to get the page after it. Leave it out for the first page.",
    }
    there = f"`{plan.more_key}` is true" if plan.more_key else f"`{plan.next_key}` {_THERE[plan.last]}"
    note = f"Long lists come in pages: as long as {there}, there are more rows."
    single = len(tool.stands_for) == 1
    return msgspec.structs.replace(
        tool,
        description=f"{tool.description}\n{note}".strip(),
        parameters=declared(parameters, plan.argument, cursor),
        returns=page_schema(tool.returns, plan) if single and tool.returns is not None else tool.returns,
    )


def page_schema(schema: Schema, plan: Paginate) -> Schema:
    """The schema of a page, from that of the whole result."""
    key = list_key(schema)
    if key is None:
        return schema
    always = key == "" or key in schema.get("required", ())
    made = schema
    if key == "":
        made = {"type": "object", "properties": {plan.rows_key: schema}, "required": [plan.rows_key]}
    if plan.next_key:
        kind = _row_type(schema, plan) if plan.row_key else "string"
        following: Schema = {
            "type": [kind, "null"] if plan.last == "null" else kind,
            "description": f"The cursor of the next page; {_LAST[plan.last]}.",
        }
        made = declared_at(made, plan.next_key, following, always and plan.last != "absent")
    if plan.more_key:
        made = declared_at(made, plan.more_key, {"type": "boolean", "description": "Whether there are more rows."}, always)
    return made


def _row_type(schema: Schema | None, plan: Paginate) -> JSON:
    """The type of the key of a row that serves as the cursor."""
    key = list_key(schema)
    rows = schema if key == "" else ((schema or {}).get("properties") or {}).get(key)
    row = ((rows or {}).get("items") or {}).get("properties") or {}
    return (row.get(plan.row_key) or {}).get("type", "string")
