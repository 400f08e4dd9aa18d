"""The records of MCP as ours, and back: tools, results, errors.

A result of MCP is several things at once: content blocks, structured content, a mark of error. Ours is data with a renderer
that makes its text. What a server sends is read into data where it declares a schema of its results, and the renderer is one
that makes the very text that it sent, where there is such a one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import mcp_types as mcp
import msgspec

from perturb import schemas, texts
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Reply, Result, Schema, Tool

WRAPPED = "x-fastmcp-wrap-result"
"""The mark of FastMCP's at a schema of results that says: the result is what stands under `result`, since the root must be an
object."""
_UNDER = "result"
PROTOCOL = "mcp-protocol"
"""The renderer of a failure that came as an error of the protocol, not as a result that is marked as one."""
_SPACED, _SOLE = "mcp-spaced", "mcp-sole"


def _spaced(data: JSON) -> str:
    return json.dumps(data, ensure_ascii=False)


def _sole(data: JSON) -> str:
    """The text that an object holds and nothing else; of any other data, its JSON."""
    if isinstance(data, dict) and len(data) == 1:
        (only,) = data.values()
        if isinstance(only, str):
            return only
    return msgspec.json.encode(data).decode()


texts.register_result(_SPACED, _spaced)
texts.register_result(_SOLE, _sole)
texts.register_failure(PROTOCOL, lambda failure: failure.message)
_RENDERERS = ("json", "indented", _SPACED, "text", _SOLE)


def tool_of(listed: mcp.Tool) -> Tool:
    """A tool as a server lists it. One that is not declared to be read-only is a write."""
    hints = listed.annotations
    returns = listed.output_schema
    if returns is not None and is_wrapped(returns):
        returns = {**(returns.get("properties") or {}).get(_UNDER, {}), **_definitions(returns)}
    return Tool(
        name=listed.name,
        description=listed.description or "",
        parameters={"type": "object", **listed.input_schema},
        returns=returns,
        effect="read" if hints is not None and hints.read_only_hint else "write",
        idempotent=bool(hints is not None and (hints.idempotent_hint or hints.read_only_hint)),
        renderer="json" if returns is not None else "text",
    )


def is_wrapped(returns: Schema) -> bool:
    """Whether a schema of results declares that the result is what stands under `result`."""
    return returns.get(WRAPPED) is True and set(returns.get("properties") or {}) == {_UNDER}


def _definitions(schema: Schema) -> Schema:
    return {key: schema[key] for key in ("$defs", "definitions") if key in schema}


def answer_of(call: Call, given: mcp.CallToolResult, tool: Tool | None, listed: mcp.Tool | None) -> Answer:
    """What a server answered. `tool` is the called tool, as `tool_of` made it or as someone has declared more of it, and
    `listed` what the server says of it; both `None` for an unknown one."""
    text = text_of(given.content)
    if given.is_error:
        return Failure(kind="unknown" if tool is not None else "unknown_tool", message=text, tool=call.name)
    if tool is None or tool.returns is None:
        return Result(text, "text")
    data = given.structured_content
    if data is None:
        return _from_text(text)
    if listed is not None and listed.output_schema is not None and is_wrapped(listed.output_schema) and _UNDER in data:
        data = data[_UNDER]
    return Result(data, _renderer(data, text))


def _from_text(text: str) -> Result:
    """The data that a text is the JSON of, for a tool whose results somebody else than the server has declared."""
    try:
        data = json.loads(text)
    except ValueError:
        return Result(text, "text")
    return Result(data, _renderer(data, text))


def _renderer(data: JSON, text: str) -> str:
    """The renderer that makes of the data the text that a server sent beside it; plain JSON where none does."""
    made = (name for name in _RENDERERS if texts.result_text(Result(data, name)) == text)
    return next(made, "json")


def text_of(content: Sequence[mcp.ContentBlock]) -> str:
    """The text of content blocks, one after the other; what is no text is named in brackets."""
    return "\n".join(_text(block) for block in content)


def _text(block: mcp.ContentBlock) -> str:
    if isinstance(block, mcp.TextContent):
        return texts.writable(block.text)
    if isinstance(block, mcp.EmbeddedResource):
        resource = block.resource
        return texts.writable(resource.text) if isinstance(resource, mcp.TextResourceContents) else f"[{resource.uri}]"
    if isinstance(block, mcp.ResourceLink):
        return f"[{block.uri}]"
    return f"[{block.type}, {block.mime_type}]"


_CODES: dict[int, FailureKind] = {mcp.INVALID_PARAMS: "invalid_argument", mcp.METHOD_NOT_FOUND: "unknown_tool"}


def failure_of(call: Call, error: mcp.ErrorData, known: bool) -> Failure:
    """An error of the protocol as the answer to a call; `known` says whether the server lists the tool."""
    kind: FailureKind = "unknown_tool" if not known else _CODES.get(error.code, "unknown")
    message = texts.writable(error.message)
    return Failure(kind=kind, message=message, tool=call.name, renderer=PROTOCOL)


def shown_tool(tool: Tool, effect: Literal["read", "write"], original: mcp.Tool | None) -> mcp.Tool:
    """A tool as a client of the proxy is to see it. `original` is what the server lists for the one tool that it stands for,
    `None` where there are several or none. A title would tell a name that has been changed, so it goes with the name."""
    told: dict[str, Any] = {} if original is None else original.model_dump(by_alias=True, exclude_none=True, mode="json")
    hints = dict(told.pop("annotations", {}))
    if original is None or original.name != tool.name:
        told.pop("title", None)
        hints.pop("title", None)
        told.pop("_meta", None)  # may hold the name again
    if original is None:
        hints = {"readOnlyHint": effect == "read"}
    told |= {"name": tool.name, "description": tool.description, "inputSchema": tool.parameters}
    told.pop("outputSchema", None)
    if tool.returns is not None:
        told["outputSchema"] = output_schema(tool.returns)
    return mcp.Tool.model_validate(told | ({"annotations": hints} if hints else {}))


def output_schema(returns: Schema) -> Schema:
    """A schema of results with an object at its root, as MCP wants it: itself, or what FastMCP makes of any other."""
    if schemas.kinds_of(returns) == {"object"}:
        return {**returns, "type": "object"}
    rest = {key: value for key, value in returns.items() if key not in ("$defs", "definitions")}
    return {"type": "object", "properties": {_UNDER: rest}, "required": [_UNDER], WRAPPED: True, **_definitions(returns)}


def shown_result(reply: Reply, tool: Tool | None, original: mcp.CallToolResult | None) -> mcp.CallToolResult:
    """A reply as a client of the proxy is to receive it. `original` is what the server sent, whose images and other blocks that
    are no text go along; `tool` is the called tool as it is shown."""
    kept = [block for block in original.content if not isinstance(block, mcp.TextContent)] if original is not None else []
    content: list[mcp.ContentBlock] = [mcp.TextContent(type="text", text=reply.text), *kept]
    structured = None
    if not reply.is_error and tool is not None and tool.returns is not None:
        structured = reply.data if schemas.kinds_of(tool.returns) == {"object"} else {_UNDER: reply.data}
    return mcp.CallToolResult(content=content, structured_content=structured, is_error=reply.is_error)
