"""What goes wrong between us and a provider, and what each deserves."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from perturb.types import JSON

Kind = Literal[
    "rate_limited",
    "overloaded",
    "server_error",
    "unreachable",
    "cut",
    "hang",
    "malformed",
    "too_long",
    "filtered",
    "forgotten",
    "tools_refused",
    "refused",
    "not_allowed",
]
"""Busy (`rate_limited`, `overloaded`), failing (`server_error`, `unreachable`, `cut`, `hang`, `malformed`), or a verdict on the
request: its context is too long, a filter stops it, an earlier response is no longer stored, its tools are refused or something
else in it is, nobody may ask."""

BUSY: frozenset[str] = frozenset({"rate_limited", "overloaded"})
"""Kinds under which fewer requests at once would help."""
FAILING: frozenset[str] = frozenset({"server_error", "unreachable", "cut", "hang", "malformed"})
"""Kinds under which the same request may work the next time."""

_STATUS: dict[int, Kind] = {
    401: "not_allowed",
    402: "not_allowed",
    403: "not_allowed",
    404: "not_allowed",
    408: "server_error",
    409: "server_error",
    425: "server_error",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_TYPES: dict[str, Kind] = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "api_error": "server_error",
    "server_error": "server_error",
    "internal_error": "server_error",
    "timeout_error": "server_error",
    "authentication_error": "not_allowed",
    "permission_error": "not_allowed",
    "billing_error": "not_allowed",
    "not_found_error": "not_allowed",
    "invalid_request_error": "refused",
}
_LONG = re.compile(
    r"(?i)context.{0,3}(length|window)|prompt is too long|input is too long|maximum context|too many (input )?tokens|"
    r"reduce the length|exceeds? .{0,40}token"
)
_FILTER = re.compile(
    r"(?i)content.?filter|content.?policy|content management policy|responsible.?ai|prohibited.?content|invalid_prompt"
)
_QUOTA = re.compile(r"(?i)insufficient.?quota|credit balance|billing|payment required|exceeded your current quota")
_TOOLS = re.compile(r"(?i)invalid_function_parameters|schema for function|\btools[\[.]\d+|\binput_schema\b")
_FORGOTTEN = re.compile(r"(?i)previous.?response")


class Trouble(Exception):
    """A request that brought no response. `wait` is how many seconds the provider asks for, where it does; `message` never
    holds a key."""

    def __init__(self, kind: Kind, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait


def of_status(status: int, body: JSON, headers: Mapping[str, str], endpoint: str) -> Trouble:
    """The trouble that a response with an error tells; `status` is 200 for one that a stream tells."""
    error = body.get("error", body) if isinstance(body, dict) else body
    code, message = _code(error), _message(error)
    told = f"{code} {message} {error.get('param') or ''}" if isinstance(error, dict) else message
    kind = _kind(status, code, told)
    named = f"HTTP {status}" if status >= 400 else "an error in place of a response"
    return Trouble(kind, f"{endpoint} answered {named}: {message[:500] or code or 'no reason given'}", wait_of(headers))


def _kind(status: int, code: str, told: str) -> Kind:
    if _FORGOTTEN.search(told) and status in (400, 404):
        return "forgotten"
    if _QUOTA.search(told):
        return "not_allowed"
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return "server_error"
    if status < 400 and code.isdigit() and int(code) >= 400:
        return _kind(int(code), "", told)
    kind = next((kind for name, kind in _TYPES.items() if name in code), None)
    if kind is not None and kind != "refused":
        return kind
    if _LONG.search(told):
        return "too_long"
    if _FILTER.search(told):
        return "filtered"
    if status < 400 and kind is None:
        return "server_error"
    return "tools_refused" if _TOOLS.search(told) else "refused"


def _code(error: JSON) -> str:
    if not isinstance(error, dict):
        return ""
    return " ".join(str(error[name]) for name in ("code", "type") if error.get(name))


def _message(error: JSON) -> str:
    if isinstance(error, dict):
        found = next((error[name] for name in ("message", "detail", "error") if error.get(name)), error)
        return found if isinstance(found, str) else str(found)
    return "" if error is None else str(error)


def wait_of(headers: Mapping[str, str]) -> float | None:
    """The seconds that a provider asks to wait, from `Retry-After` (seconds or a date) or `retry-after-ms`."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        seconds = _seconds(text, unit)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _seconds(text: str, unit: float) -> float | None:
    try:
        number = float(text) * unit
    except ValueError:
        try:
            return parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return number if math.isfinite(number) else None


def of_exception(error: BaseException, sdk: Any, endpoint: str, seconds: float) -> Trouble | None:
    """The trouble that an exception of an SDK, or of the HTTP library below it, stands for; `None` where it is another one."""
    import httpx2

    if isinstance(error, sdk.APIStatusError):
        return of_status(error.response.status_code, error.body, error.response.headers, endpoint)
    if isinstance(error, (sdk.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        return Trouble(
            "hang", f"{endpoint} gave no whole response within {seconds:g} s; a run allows more with --request-timeout"
        )
    if isinstance(error, (sdk.APIConnectionError, httpx2.TransportError, httpx2.StreamError)):
        cause = error.__cause__ or error
        kind: Kind = "cut" if isinstance(cause, (httpx2.ReadError, httpx2.RemoteProtocolError)) else "unreachable"
        return Trouble(kind, f"the connection to {endpoint} failed: {type(cause).__name__}: {cause}")
    if isinstance(error, sdk.APIError):
        return of_status(200, error.body, {}, endpoint)
    if isinstance(error, (ValueError, RecursionError, httpx2.DecodingError)):
        return Trouble("malformed", f"{endpoint} sent what is no JSON: {error}")
    return None
