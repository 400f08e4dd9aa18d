"""How results and failures become the text that an agent reads: a small table of named renderers.

Toolsets add their own with `register_result` and `register_failure` (an adapter whose package prints YAML in its own way).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from perturb.types import JSON, Failure, Result

_RESULTS: dict[str, Callable[[JSON], str]] = {}
_FAILURES: dict[str, Callable[[Failure], str]] = {}


def register_result(name: str, render: Callable[[JSON], str]) -> None:
    """Let `Result(renderer=name)` be shown by `render(data)`."""
    _RESULTS[name] = render


def register_failure(name: str, render: Callable[[Failure], str]) -> None:
    """Let `Failure(renderer=name)` be shown by `render(failure)`."""
    _FAILURES[name] = render


def result_text(result: Result) -> str:
    """The text of a result, as its renderer makes it."""
    return _RESULTS[result.renderer](result.data)


def failure_text(failure: Failure) -> str:
    """The text of a failure, as its renderer makes it."""
    return _FAILURES[failure.renderer](failure)


def writable(text: str) -> str:
    """`text` itself, or with its lone surrogates written as escapes: no file and no database takes those."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def told(error: BaseException) -> str:
    """An exception as one text, also where its own `__str__` fails: `LookupError: no key`."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be told)"
    return writable(f"{type(error).__name__}: {message}" if message else type(error).__name__)


def _compact(data: JSON) -> str:
    return msgspec.json.encode(data).decode()


def _indented(data: JSON) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _verbatim(data: JSON) -> str:
    return data if isinstance(data, str) else _compact(data)


def _error_object(failure: Failure) -> str:
    error: dict[str, JSON] = {"code": failure.kind, "message": failure.message}
    if failure.field is not None:
        error["field"] = failure.field
    if failure.retry_after is not None:
        error["retry_after"] = failure.retry_after
    return _compact({"error": error})


register_result("json", _compact)
register_result("indented", _indented)
register_result("text", _verbatim)
register_failure("plain", lambda failure: failure.message)
register_failure("json", _error_object)
