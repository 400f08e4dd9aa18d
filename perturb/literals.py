"""What stands in prose to be taken to the letter: code, quoted text, addresses, identifiers, numbers, what is told on.

Whoever puts a prompt in other words leaves these as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

_MARKED = re.compile(
    r"""
      ```.*?``` | `[^`\n]+`                                   # code
    | "[^"\n]+" | “[^”\n]+” | «[^»\n]+»                       # quoted text
    | (?<!\w)'(?=\S)[^\n]*?(?<=\S)'(?!\w)                     # in single quotes; an apostrophe stands within a word
    | \{[^{}\n]*\} | <[^<>\n]+>                               # something to be filled in
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(
    r"""
      (?:https?://|www\.)\S*[\w/]                              # addresses
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | (?<![\w-])[+-]?[$€£¥]?\d(?:[\w.,:/%+-]*[\w%])?          # numbers, dates, times
    | \b[^\W\d_]+(?:\w*[\d_]\w*|-\d\w*)(?:[-.]\w+)*           # identifiers and codes: letters with digits or underscores
    | \b[A-Z][A-Z]+(?:-\w+)*\b                                # words in capitals
    | \b[a-z]+[A-Z]\w*                                        # a capital within
    | \b[\w-]+\.[a-z]{2,4}\b(?![\w'])                         # names of files and of sites
    """,
    re.VERBOSE,
)
_TOLD_ON = re.compile(
    r"(?i:\b(?:message|title|subject|question|text|note|description|reply|body|content"
    r"|comment))\b[^.?!:\n'\"]{0,60}:[ \t]*(\S[^\n]*)"
)


def marked(text: str) -> list[Span]:
    """Where code, quoted text and what is to be filled in stand, marks included, in their order."""
    return [match.span() for match in _MARKED.finditer(text)]


def quotations(text: str) -> list[str]:
    """The texts that are set apart by quotes or code marks, without these."""
    return [text[start + 1 : end - 1].strip("`") for start, end in marked(text) if text[start] in "`\"'“«"]


def bare(text: str) -> list[str]:
    """Addresses, numbers, dates, times, identifiers and codes that stand in a text without any marks."""
    return [match.group() for match in _BARE.finditer(text)]


def told_to_the_end(text: str) -> bool:
    """Whether a text ends in what is to be told on: whatever were put behind it would be told on too."""
    whole = text.rstrip()
    return any(match.end() == len(whole) for match in _TOLD_ON.finditer(whole))


def literals(text: str, values: Iterable[str] = ()) -> list[Span]:
    """Where a text is to be taken to the letter, without overlaps: what is marked, what stands bare and is no word, what is to
    be told on behind a colon (`the following message: …`), and each of `values` that stands in it."""
    found = [*marked(text), *(match.span() for match in _BARE.finditer(text))]
    found += [match.span(1) for match in _TOLD_ON.finditer(text)]
    for value in values:
        if value in text:
            found += [match.span() for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
    return _merged(found)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def substituted(
    pattern: re.Pattern[str],
    replacement: str | Callable[[re.Match[str]], str],
    text: str,
    values: Iterable[str] = (),
) -> str:
    """`pattern.sub` on all of a text that is not to be taken to the letter."""
    if not pattern.search(text):
        return text
    fixed = literals(text, values)

    def other(match: re.Match[str]) -> str:
        if within(match.span(), fixed):
            return match.group()
        return match.expand(replacement) if isinstance(replacement, str) else replacement(match)

    return pattern.sub(other, text)


def within(span: Span, spans: Sequence[Span]) -> bool:
    """Whether a span shares a character with any of `spans`."""
    return any(span[0] < end and span[1] > start for start, end in spans)
