"""Errors as the JSON bodies of well-known APIs and protocols.

RFC 9457 (problem details), JSON-RPC 2.0 section 5.1, Google AIP-193, the AWS JSON protocol of Smithy, Stripe's API reference,
the GraphQL specification section 7.1.2, and `CallToolResult` of the Model Context Protocol.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_UP, Decimal
from typing import Any
from urllib.parse import quote, unquote

from perturb.operators.errors.codes import CODES, Codes
from perturb.operators.errors.http_text import status_of, with_head, without_head
from perturb.operators.errors.told import Style, Told
from perturb.operators.vocabulary import graphql_name
from perturb.types import JSON, FailureKind, digest


def _dumped(data: JSON) -> str:
    return json.dumps(data, ensure_ascii=False)


def _parsed(read: Callable[[Any], Told]) -> Callable[[str], Told | None]:
    """A reader of text from a reader of data."""
    return lambda text: read(json.loads(text))


def _kind_by(code: Callable[[Codes], Any]) -> dict[Any, FailureKind]:
    return {code(codes): kind for kind, codes in CODES.items()}


_PROBLEMS = "https://api.example.com/problems/"


def _write_problem(told: Told, tool: str) -> str:
    # RFC 9457, 4.2.1: `about:blank` says no more than the status does, and then the title is the status' own phrase.
    known = told.kind != "unknown"
    body: dict[str, JSON] = {
        "type": _PROBLEMS + told.kind.replace("_", "-") if known else "about:blank",
        "title": told.kind.replace("_", " ").capitalize() if known else CODES["unknown"].reason,
        "status": CODES[told.kind].http,
        "detail": told.message,
    }
    if told.field is not None:
        steps = "/".join(step.replace("~", "~0").replace("/", "~1") for step in told.field.split("."))
        body["errors"] = [{"detail": "This value is the cause.", "pointer": "#/" + quote(steps, safe="/~")}]
    if told.retry_after is not None:
        body["retry_after"] = told.retry_after
    return _dumped(body)


@_parsed
def _read_problem(body: Any) -> Told:
    name = body["type"].removeprefix(_PROBLEMS).replace("-", "_")
    kind: Any = "unknown" if body["type"] == "about:blank" else name
    if kind not in CODES:
        raise ValueError(name)
    field = None
    for problem in body.get("errors", ()):
        steps = unquote(problem["pointer"].removeprefix("#/")).split("/")
        field = ".".join(step.replace("~1", "/").replace("~0", "~") for step in steps)
    return Told(kind, body["detail"], field, body.get("retry_after"))


def _write_json_rpc(told: Told, tool: str) -> str:
    data: dict[str, JSON] = {"tool": tool}
    if told.field is not None:
        data["field"] = told.field
    if told.retry_after is not None:
        data["retryAfter"] = told.retry_after
    error = {"code": CODES[told.kind].json_rpc, "message": told.message, "data": data}
    return _dumped({"jsonrpc": "2.0", "error": error, "id": digest([told, tool], 8)})


@_parsed
def _read_json_rpc(body: Any) -> Told:
    error = body["error"]
    data = error["data"]
    return Told(
        _kind_by(lambda codes: codes.json_rpc)[error["code"]], error["message"], data.get("field"), data.get("retryAfter")
    )


_NANO = Decimal("1e-9")
_GOOGLE = "type.googleapis.com/google.rpc."


def _write_google(told: Told, tool: str) -> str:
    metadata = {"method": tool}
    details: list[JSON] = [
        {"@type": _GOOGLE + "ErrorInfo", "reason": told.kind.upper(), "domain": "api.example.com", "metadata": metadata}
    ]
    if told.field is not None:
        violation = {"field": told.field, "description": "This value is the cause."}
        details.append({"@type": _GOOGLE + "BadRequest", "fieldViolations": [violation]})
    if told.retry_after is not None:
        # A protobuf Duration in JSON: decimal seconds with an "s", at most nine digits behind the point, never an exponent.
        delay = Decimal(repr(told.retry_after))
        rounded = delay.quantize(_NANO, ROUND_UP) if delay % _NANO else delay
        details.append({"@type": _GOOGLE + "RetryInfo", "retryDelay": f"{rounded:f}s"})
        if rounded != delay:
            metadata["retryDelaySeconds"] = repr(told.retry_after)
    codes = CODES[told.kind]
    error = {"code": codes.google_http, "message": told.message, "status": codes.google, "details": details}
    return _dumped({"error": error})


@_parsed
def _read_google(body: Any) -> Told:
    error = body["error"]
    field = retry_after = None
    exact = error["details"][0]["metadata"].get("retryDelaySeconds")
    for detail in error["details"]:
        if detail["@type"] == _GOOGLE + "BadRequest":
            field = detail["fieldViolations"][0]["field"]
        elif detail["@type"] == _GOOGLE + "RetryInfo":
            retry_after = float(Decimal(exact or detail["retryDelay"].removesuffix("s")))
    return Told(_kind_by(lambda codes: codes.google)[error["status"]], error["message"], field, retry_after)


def _write_aws(told: Told, tool: str) -> str:
    body: dict[str, JSON] = {"__type": CODES[told.kind].aws, "message": told.message}
    if told.field is not None:
        body["fieldList"] = [{"name": told.field, "message": "This value is the cause."}]
    if told.retry_after is not None:
        body["retryAfterSeconds"] = told.retry_after
    return _dumped(body)


@_parsed
def _read_aws(body: Any) -> Told:
    fields = body.get("fieldList")
    kind = _kind_by(lambda codes: codes.aws)[body["__type"]]
    return Told(kind, body["message"], fields[0]["name"] if fields else None, body.get("retryAfterSeconds"))


_STRIPE_HTTP: dict[FailureKind, int] = {
    "invalid_argument": 400,
    "unknown_tool": 404,
    "precondition_failed": 400,
    "conflict": 400,
    "unknown": 402,
}
"""Where Stripe's status differs from the plain one; 402 is its status for a request that was right and failed."""


def stripe_codes(kind: FailureKind) -> tuple[int, str, str | None]:
    """Status, type and code: most errors of Stripe's have no code, and are told apart by their status."""
    return _STRIPE_HTTP.get(kind, CODES[kind].http), *CODES[kind].stripe


_BY_STRIPE: dict[tuple[int | None, str, str | None], FailureKind] = {stripe_codes(kind): kind for kind in CODES}


def _write_stripe(told: Told, tool: str) -> str:
    status, kind, code = stripe_codes(told.kind)
    error: dict[str, JSON] = {"type": kind, "message": told.message}
    if code is not None:
        error["code"] = code
    if told.field is not None:
        error["param"] = told.field
    # Stripe tells when to come back in a header, as plain HTTP does.
    return with_head(status, "application/json", told.retry_after, json.dumps({"error": error}, ensure_ascii=False, indent=2))


def _read_stripe(text: str) -> Told | None:
    parts = without_head(text)
    if parts is None:
        return None
    retry_after, body = parts

    @_parsed
    def read(body: Any) -> Told:
        error = body["error"]
        kind = _BY_STRIPE[status_of(text), error["type"], error.get("code")]
        return Told(kind, error["message"], error.get("param"), retry_after)

    return read(body)


def _write_graphql(told: Told, tool: str) -> str:
    extensions: dict[str, JSON] = {"code": CODES[told.kind].graphql}
    if told.field is not None:
        extensions["argumentName"] = told.field
    if told.retry_after is not None:
        extensions["retryAfter"] = told.retry_after
    field = graphql_name(tool)
    error = {"message": told.message, "path": [field], "extensions": extensions}
    return _dumped({"errors": [error], "data": {field: None}})


@_parsed
def _read_graphql(body: Any) -> Told:
    error = body["errors"][0]
    more = error["extensions"]
    kind = _kind_by(lambda codes: codes.graphql)[more["code"]]
    return Told(kind, error["message"], more.get("argumentName"), more.get("retryAfter"))


def _write_mcp(told: Told, tool: str) -> str:
    structured: dict[str, JSON] = {"code": told.kind}
    if told.field is not None:
        structured["field"] = told.field
    if told.retry_after is not None:
        structured["retryAfterSeconds"] = told.retry_after
    content = [{"type": "text", "text": told.message}]
    return _dumped({"content": content, "structuredContent": structured, "isError": True})


@_parsed
def _read_mcp(body: Any) -> Told:
    structured = body["structuredContent"]
    if body["isError"] is not True or structured["code"] not in CODES:
        raise ValueError("no error of a tool")
    return Told(structured["code"], body["content"][0]["text"], structured.get("field"), structured.get("retryAfterSeconds"))


API_STYLES: dict[str, Style] = {
    "problem": Style("RFC 9457 problem details", _write_problem, _read_problem),
    "json_rpc": Style("a JSON-RPC 2.0 error", _write_json_rpc, _read_json_rpc),
    "google": Style("a Google API error", _write_google, _read_google),
    "aws": Style("an AWS API error", _write_aws, _read_aws),
    "stripe": Style("a Stripe API error", _write_stripe, _read_stripe),
    "graphql": Style("a GraphQL error", _write_graphql, _read_graphql),
    "mcp": Style("an MCP tool result with isError", _write_mcp, _read_mcp),
}
