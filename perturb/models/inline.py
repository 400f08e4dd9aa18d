"""Reasoning that is written into the text of a message, between `<think>` and `</think>`."""

from __future__ import annotations

import re

from perturb.models.records import Text, Thought

_OPEN, _CLOSE = "<think>", "</think>"
_BEGINS = re.compile(r"\s*<think>")
_BLANK = re.compile(r"\s*")


def split(content: str) -> tuple[Thought | Text, ...]:
    """The thoughts and the text of a content; the `wire` of the parts, one after the other, is the content.

    A content begins with a thought if it begins with `<think>`, or if `</think>` stands in it with no `<think>` before (a
    template that had opened it for the model). Only then are later marks taken for marks; elsewhere they are text.
    """
    opened = _BEGINS.match(content) is not None
    close = content.find(_CLOSE)
    if not opened and (close < 0 or _OPEN in content[:close]):
        return (Text(content, content),) if content else ()
    parts: list[Thought | Text] = []
    place = 0
    while place < len(content):
        begins = place == 0 or _BEGINS.match(content, place) is not None
        if begins:
            close = content.find(_CLOSE, place)
            inner = content[place : len(content) if close < 0 else close]
            # The empty lines behind a thought go with it, so that a text without its thought begins as a text does.
            end = len(content) if close < 0 else _BLANK.match(content, close + len(_CLOSE)).end()  # type: ignore[union-attr]
            piece = content[place:end]
            mark = _BEGINS.match(inner)
            parts.append(Thought((inner[mark.end() :] if mark else inner).strip("\n"), "content", piece))
        else:
            following = content.find(_OPEN, place)
            end = len(content) if following < 0 else following
            piece = content[place:end]
            parts.append(Text(piece, piece))
        place = end
    return tuple(parts)


def written(thought: Thought) -> str:
    """A thought as it stands in a content."""
    return thought.wire if isinstance(thought.wire, str) else f"{_OPEN}\n{thought.text}\n{_CLOSE}\n\n"
