"""The head of an HTTP response as text, which says when to come back."""

from __future__ import annotations

import math
import re
from http import HTTPStatus

_HEAD = re.compile(r"HTTP/1\.1 \d{3} [^\n]*\n(?P<headers>(?:[A-Za-z-]+: [^\n]*\n)*)\n")
_EXACT = re.compile(r"^X-Retry-After-Seconds: (.*)$", re.M)
_WHOLE = re.compile(r"^Retry-After: (\d+)$", re.M)


def with_head(status: int, media_type: str, retry_after: float | None, body: str) -> str:
    """A body under its status line and headers. `Retry-After` counts whole seconds (RFC 9110, 10.2.3); where that is not exact,
    a second header tells the rest."""
    lines = [f"HTTP/1.1 {status} {phrase(status)}", f"Content-Type: {media_type}"]
    if retry_after is not None:
        lines.append(f"Retry-After: {max(0, math.ceil(retry_after))}")
        if retry_after < 0 or not float(retry_after).is_integer():
            lines.append(f"X-Retry-After-Seconds: {float(retry_after)!r}")
    return "\n".join(lines) + "\n\n" + body


def without_head(text: str) -> tuple[float | None, str] | None:
    """When to come back, and the body; `None` for a text without a head."""
    head = _HEAD.match(text)
    if head is None:
        return None
    for pattern in (_EXACT, _WHOLE):
        if (found := pattern.search(head["headers"])) is not None:
            return float(found[1]), text[head.end() :]
    return None, text[head.end() :]


def status_of(text: str) -> int | None:
    """The status of a text with a head; `None` for one without."""
    head = _HEAD.match(text)
    return None if head is None else int(text.split(" ", 2)[1])


def phrase(status: int) -> str:
    """The reason phrase of a status, as RFC 9110 words it."""
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase
