"""What a call format is: how calls, answers and results are written as text, and how a model's text is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from perturb.messages import Answered, ToolCall, Tools
from perturb.types import JSON


class Reading(NamedTuple):
    """What a text says: the calls that it asks for, or the answer that it gives. `complaint` is what is said back where it can
    be read as neither."""

    calls: tuple[ToolCall, ...] = ()
    answer: str = ""
    complaint: str = ""


class CallFormat(NamedTuple):
    """A call format. `told` is what the system prompt says of it.

    `write_calls` gives the text of calls that follow `text`, which may be empty; `write_answer` that of an answer, and
    `write_results` that of what calls gave. `read` is their inverse: what it reads in a written text are the same calls, their
    arguments as equal JSON, or the same answer. All take the tools, whose schemas a format may need.
    """

    told: Callable[[Tools], str]
    write_calls: Callable[[str, Sequence[ToolCall], Tools], str]
    write_answer: Callable[[str], str]
    write_results: Callable[[Sequence[Answered]], str]
    read: Callable[[str, Tools], Reading]


def json_text(value: JSON) -> str:
    """JSON on one line, as people write it; half a surrogate pair, which no file can hold, as its escape."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def arguments_of(call: ToolCall) -> JSON:
    """The arguments of a call; those that are no JSON as the text that they are."""
    try:
        return json.loads(call.arguments or "{}")
    except ValueError:
        return call.arguments


def called(name: str, arguments: JSON) -> ToolCall:
    """A call that was read in a text. Its `wire` says that the text holds it already: it is never written a second time."""
    return ToolCall("", name, json_text(arguments), IN_TEXT)


IN_TEXT = ""
"""The `wire` of a call that stands in the text of its turn."""


def as_it_is(text: str) -> str:
    """An answer that needs no form."""
    return text


def paragraphs(*parts: str) -> str:
    """Those that are not empty, with an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def fenced(language: str, text: str) -> str:
    """A block of code, with a fence that is longer than any within it."""
    longest = max((len(run) for run in re.findall(r"^\s*(`{3,})", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


_FENCED = re.compile(r"^[ \t]*(`{3,})[ \t]*([\w-]*)[ \t]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def blocks(text: str, *languages: str) -> list[str]:
    """What stands in the blocks of code of these languages; a block that is never closed ends with the text."""
    return [block for _, language, block in _FENCED.findall(text) if language.lower() in languages]
