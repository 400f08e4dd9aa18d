"""Errors as the JSON of a response that is otherwise like any other: HTTP says 200, and the body says no.

A status with an error beside it; Slack's Web API (`ok`, `error`, `response_metadata.messages`); JSend; Cloudflare's v4 API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from perturb.operators.errors.codes import CODES
from perturb.operators.errors.told import Told
from perturb.types import JSON, FailureKind, Schema


class Shape(NamedTuple):
    """How one house says no: the body, its schema, and what can be read off it; `read` raises for a body in no such shape."""

    title: str
    write: Callable[[Told], dict[str, JSON]]
    read: Callable[[Any], Told]
    schema: Schema


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


_TEXT: Schema = {"type": "string"}
_SECONDS: Schema = {"type": "number", "description": "When to come back, in seconds."}


def _details(told: Told) -> dict[str, JSON]:
    """What a failure tells beside its kind and message."""
    details: dict[str, JSON] = {} if told.field is None else {"field": told.field}
    return details if told.retry_after is None else {**details, "retry_after": told.retry_after}


def _write_status(told: Told) -> dict[str, JSON]:
    return {"status": "error", "error": {"code": told.kind, "message": told.message, **_details(told)}}


def _read_status(body: Any) -> Told:
    error = body["error"]
    return Told(error["code"], error["message"], error.get("field"), error.get("retry_after"))


_POINTED = re.compile(r"\[ERROR\] (.*) \[json-pointer:/([^\[\]\n]*)\]|\[ERROR\] (.*)", re.S)


def _write_slack(told: Told) -> dict[str, JSON]:
    pointer = "" if told.field is None else f" [json-pointer:/{_escaped(told.field)}]"
    if not pointer and "[json-pointer:" in told.message:
        pointer = " "  # a message that ends as if it pointed at something is told from one that does
    body: dict[str, JSON] = {
        "ok": False,
        "error": told.kind,
        "response_metadata": {"messages": [f"[ERROR] {told.message}{pointer}"]},
    }
    return body if told.retry_after is None else {**body, "retry_after": told.retry_after}


def _read_slack(body: Any) -> Told:
    message = body["response_metadata"]["messages"][0]
    match = _POINTED.fullmatch(message)
    if match is None:
        raise ValueError(message)
    if match[2] is not None:
        return Told(body["error"], match[1], _unescaped(match[2]), body.get("retry_after"))
    text = match[3][:-1] if "[json-pointer:" in match[3] and match[3].endswith(" ") else match[3]
    return Told(body["error"], text, None, body.get("retry_after"))


def _escaped(field: str) -> str:
    """A dotted name as a JSON Pointer (RFC 6901) without its first stroke; what would end it is written as URLs have it."""
    plain = field.replace("%", "%25").replace("[", "%5B").replace("]", "%5D").replace("\n", "%0A")
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in plain.split("."))


def _unescaped(pointer: str) -> str:
    steps = ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/"))
    return steps.replace("%0A", "\n").replace("%5D", "]").replace("%5B", "[").replace("%25", "%")


_BY_HTTP: dict[int, FailureKind] = {codes.http: kind for kind, codes in CODES.items()}


def _write_jsend(told: Told) -> dict[str, JSON]:
    body: dict[str, JSON] = {"status": "error", "message": told.message, "code": CODES[told.kind].http}
    details = _details(told)
    return {**body, "data": details} if details else body


def _read_jsend(body: Any) -> Told:
    details = body.get("data", {})
    return Told(_BY_HTTP[body["code"]], body["message"], details.get("field"), details.get("retry_after"))


def _write_cloudflare(told: Told) -> dict[str, JSON]:
    # Its codes have at least four digits.
    error: dict[str, JSON] = {"code": CODES[told.kind].http * 10 + 1, "message": told.message}
    if told.field is not None:
        error["source"] = {"pointer": "/" + "/".join(s.replace("~", "~0").replace("/", "~1") for s in told.field.split("."))}
    messages: list[JSON] = (
        [] if told.retry_after is None else [{"code": 1000, "message": f"Retry after {told.retry_after!r} s"}]
    )
    return {"success": False, "errors": [error], "messages": messages, "result": None}


_AFTER = re.compile(r"Retry after (\S+) s")


def _read_cloudflare(body: Any) -> Told:
    error = body["errors"][0]
    field = retry = None
    if "source" in error:
        steps = error["source"]["pointer"][1:].split("/")
        field = ".".join(step.replace("~1", "/").replace("~0", "~") for step in steps)
    if body["messages"]:
        match = _AFTER.fullmatch(body["messages"][0]["message"])
        if match is None:
            raise ValueError(body["messages"])
        retry = json.loads(match[1])
    return Told(_BY_HTTP[error["code"] // 10], error["message"], field, retry)


_NOTE = _object({"code": {"type": "integer", "minimum": 1000}, "message": _TEXT}, source=_object({"pointer": _TEXT}))
SHAPES: dict[str, Shape] = {
    "status": Shape(
        "a status with an error",
        _write_status,
        _read_status,
        _object(
            {
                "status": {"const": "error"},
                "error": _object({"code": _TEXT, "message": _TEXT}, field=_TEXT, retry_after=_SECONDS),
            }
        ),
    ),
    "slack": Shape(
        "Slack's ok and error",
        _write_slack,
        _read_slack,
        _object(
            {"ok": {"const": False}, "error": _TEXT},
            response_metadata=_object({"messages": {"type": "array", "items": _TEXT}}),
            retry_after=_SECONDS,
        ),
    ),
    "jsend": Shape(
        "a JSend error",
        _write_jsend,
        _read_jsend,
        _object(
            {"status": {"const": "error"}, "message": _TEXT},
            code={"type": "integer"},
            data={"type": "object", "properties": {"field": _TEXT, "retry_after": _SECONDS}},
        ),
    ),
    "cloudflare": Shape(
        "Cloudflare's success and errors",
        _write_cloudflare,
        _read_cloudflare,
        _object(
            {
                "success": {"const": False},
                "errors": {"type": "array", "items": _NOTE},
                "messages": {"type": "array", "items": _NOTE},
                "result": {"type": "null"},
            }
        ),
    ),
}
"""Every shape by its name in plans."""
