"""Errors as text: a Python traceback, an exit status with its stderr, an HTML page, one sentence."""

from __future__ import annotations

import html
import json
import re

from perturb.operators.errors.codes import CODES
from perturb.operators.errors.http_text import phrase, with_head, without_head
from perturb.operators.errors.told import Style, Told
from perturb.types import JSON, FailureKind

_BY_EXCEPTION: dict[str, FailureKind] = {codes.exception: kind for kind, codes in CODES.items()}
_BY_EXIT: dict[int, FailureKind] = {codes.exit: kind for kind, codes in CODES.items()}
_BY_STATUS: dict[int, FailureKind] = {codes.http: kind for kind, codes in CODES.items()}
_BY_SENTENCE: dict[str, FailureKind] = {codes.sentence: kind for kind, codes in CODES.items()}

_QUOTED = r'"(?:[^"\\]|\\.)*"'


def _unquoted(text: str | None) -> str | None:
    read: str | None = None if text is None else json.loads(text)
    return read


_TRACE = (
    "Traceback (most recent call last):\n"
    '  File "service/dispatch.py", line 118, in dispatch\n'
    "    return handler(**arguments)\n"
    '  File "service/handlers.py", line 41, in {tool}\n'
    "    raise error\n"
    "service.errors."
)
_TRACE_TEXT = re.compile(
    r"Traceback \(most recent call last\):\n(?:  [^\n]*\n)+service\.errors\.(\w+)(?:: (.+))?\ncontext: (\{[^\n]*\})", re.S
)


def _write_traceback(told: Told, tool: str) -> str:
    context: dict[str, JSON] = {}
    if told.field is not None:
        context["argument"] = told.field
    if told.retry_after is not None:
        context["retry_after"] = told.retry_after
    # Python prints no colon after an exception without a message, and notes (PEP 678) on lines below it.
    message = f": {told.message}" if told.message else ""
    return f"{_TRACE.replace('{tool}', tool)}{CODES[told.kind].exception}{message}\ncontext: {json.dumps(context)}"


def _read_traceback(text: str) -> Told | None:
    match = _TRACE_TEXT.fullmatch(text)
    if match is None or match[1] not in _BY_EXCEPTION:
        return None
    context = json.loads(match[3])
    return Told(_BY_EXCEPTION[match[1]], match[2] or "", context.get("argument"), context.get("retry_after"))


_EXIT_TEXT = re.compile(
    rf"exit status (\d+)(?:, retry after (\S+) seconds)?\nstderr:\n\S+: error: (?:argument (--[\w.-]+|{_QUOTED}): |)(.*)", re.S
)
_OPTION = re.compile(r"[\w.-]+")


def _write_exit(told: Told, tool: str) -> str:
    retry = "" if told.retry_after is None else f", retry after {told.retry_after!r} seconds"
    option = ""
    if told.field is not None:
        option = f"argument {'--' + told.field if _OPTION.fullmatch(told.field) else json.dumps(told.field)}: "
    elif told.message.lstrip(" ").startswith("argument "):
        # A message that begins as if it named an argument is told from one that does by a further space.
        option = " "
    return f"exit status {CODES[told.kind].exit}{retry}\nstderr:\n{tool}: error: {option}{told.message}"


def _read_exit(text: str) -> Told | None:
    match = _EXIT_TEXT.fullmatch(text)
    if match is None or int(match[1]) not in _BY_EXIT:
        return None
    kind, retry, option, message = _BY_EXIT[int(match[1])], match[2], match[3], match[4]
    field = option[2:] if option and option.startswith("--") else _unquoted(option)
    if option is None and message.startswith(" ") and message.lstrip(" ").startswith("argument "):
        message = message[1:]
    return Told(kind, message, field, None if retry is None else float(retry))


_PAGE_TEXT = re.compile(
    r"<!DOCTYPE html>\n.*?<h1>(\d{3}) [^\n]*</h1>\n"
    r"<pre>\n(.*?)</pre>\n(?:<p>Argument: <code>(.*?)</code></p>\n)?</body>\n</html>",
    re.S,
)


def _escaped(text: str) -> str:
    return html.escape(text).replace("\r", "&#13;")


def _write_page(told: Told, tool: str) -> str:
    status = CODES[told.kind].http
    title = f"{status} {phrase(status)}"
    argument = "" if told.field is None else f"<p>Argument: <code>{_escaped(told.field)}</code></p>\n"
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n</head>\n<body>\n'
        f"<h1>{title}</h1>\n<pre>\n{_escaped(told.message)}</pre>\n{argument}</body>\n</html>"
    )
    return with_head(status, "text/html; charset=utf-8", told.retry_after, page)


def _read_page(text: str) -> Told | None:
    parts = without_head(text)
    match = _PAGE_TEXT.fullmatch(parts[1]) if parts is not None else None
    if parts is None or match is None or int(match[1]) not in _BY_STATUS:
        return None
    field = None if match[3] is None else _unescaped(match[3])
    return Told(_BY_STATUS[int(match[1])], _unescaped(match[2]), field, parts[0])


_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#13;": "\r"}
_ENTITY = re.compile("|".join(_ENTITIES))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match.group()], text)


_SENTENCE_TEXT = re.compile(
    r"The call of \S+ did not work because (?P<why>[a-z ]+)"
    rf"(?: \(see (?P<field>{_QUOTED})\))?(?:; try again in (?P<retry>\S+) seconds)?: (?P<message>.*)",
    re.S,
)


def _write_sentence(told: Told, tool: str) -> str:
    field = "" if told.field is None else f" (see {json.dumps(told.field, ensure_ascii=False)})"
    retry = "" if told.retry_after is None else f"; try again in {told.retry_after!r} seconds"
    return f"The call of {tool} did not work because {CODES[told.kind].sentence}{field}{retry}: {told.message}"


def _read_sentence(text: str) -> Told | None:
    match = _SENTENCE_TEXT.fullmatch(text)
    if match is None or match["why"] not in _BY_SENTENCE:
        return None
    retry = None if match["retry"] is None else float(match["retry"])
    return Told(_BY_SENTENCE[match["why"]], match["message"], _unquoted(match["field"]), retry)


TEXT_STYLES: dict[str, Style] = {
    "traceback": Style("a Python traceback", _write_traceback, _read_traceback),
    "exit_status": Style("an exit status with its stderr", _write_exit, _read_exit),
    "html": Style("an HTML page", _write_page, _read_page),
    "sentence": Style("one sentence", _write_sentence, _read_sentence),
}
