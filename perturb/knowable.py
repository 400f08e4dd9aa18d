"""What can be read in what an agent has been shown: the test that a value is known before it is needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from perturb.kept import Kept
from perturb.notations import explained, plainly
from perturb.spellings import Notation, notations_told
from perturb.types import JSON, Schema, Tool

_CODE = re.compile(r"\w[\w-]*")
_TOKEN = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"(?<![\w.])-?\d+\.\d+(?![\w.])|[^\W_]+")
_TENTHS = re.compile(r"(?<![\d.])\d+\.\d(?![\d.])")
"""What an amount is as a number, where a text writes it with its cents: `52.80`."""
_ESCAPED = re.compile(r"\\+(?:x([0-9a-f]{2})|u([0-9a-f]{4}))")
"""A character that a text holds by its number, as YAML and JSON write those beyond ASCII."""
_MIDNIGHT = re.compile(r"(?<=\d{4}-\d\d-\d\d)[ t]00:00(?::00)?$")
"""The time at which a day begins, which nobody has to say."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = re.compile(
    rf"\b(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"
    rf"|\b(?P<first>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<of>{_MONTH})\b"
)
"""A day as people write it: `January 2nd`, `2 of January`."""
_COUNTS = {
    word: str(number)
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}
"""Numbers as people write them in letters; `one` mostly stands for something else."""
_PARTED = re.compile(r"\\+[nrt]|(?<=\d)t(?=\d\d:)")
"""What parts words though it is written in letters: escaped line ends and tabs, at any depth of JSON within JSON, and the T
between a date and its time."""


def leaves(value: JSON) -> Iterator[JSON]:
    """The scalars of a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def _tokens(text: str) -> frozenset[str]:
    """The words of a text in lower case, numbers also without their zeros, and small ones also where they are in letters."""
    lowered = text.lower()
    if "\\" in lowered:
        lowered = _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), lowered).lower()
    parted = _PARTED.sub(" ", lowered)
    if parted != lowered:
        lowered += " " + parted
    tokens = set(_TOKEN.findall(lowered))
    tokens |= {_COUNTS[word] for word in _COUNTS.keys() & tokens}
    for match in _DAY.finditer(lowered):
        month, day = match["month"] or match["of"], match["day"] or match["first"]
        tokens |= {str(_MONTHS.index(month[:3]) + 1), day}
    return frozenset(tokens | {token.lstrip("0") for token in tokens})


@lru_cache(maxsize=50_000)
def _told_kept(text: str) -> tuple[frozenset[str], frozenset[Notation]]:
    return _tokens(text), notations_told(text)


SHORT = 300
"""Texts of fewer characters are mostly names and descriptions of schemas, which come again for every task and plan."""


def _told_of(tool: Tool) -> tuple[frozenset[str], frozenset[Notation]]:
    """The words of what a tool tells, its description and the prose and the values within the schema of its arguments; and the
    notations that it tells of."""
    tokens, told = _told_kept(tool.description)
    found, notations = set(tokens), set(told)
    stack: list[Any] = [tool.parameters]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for key, item in node.items():
                if isinstance(item, str):
                    tokens, told = _told_kept(item)
                    found |= tokens
                    notations |= told
                elif key == "contentSchema":
                    text = json.dumps(item, ensure_ascii=False)  # names are words of the text that it describes
                    tokens, told = _told_kept(text)
                    found |= tokens
                    notations |= told
                elif key in ("enum", "examples", "const", "default"):
                    found |= _tokens(" ".join(str(leaf) for leaf in leaves(item)))
                else:
                    stack.append(item)
        elif isinstance(node, list):
            stack.extend(node)
    return frozenset(found), frozenset(notations)


_told_by_tool: Kept[tuple[frozenset[str], frozenset[Notation]]] = Kept(_told_of)


class Visible:
    """The words that have been shown so far. A value is visible when each of its words is: `2026-05-01` by `2026`, `05`,
    `01`, in any order, since an agent may put together what it has read; numbers also without their zeros. So it is where a
    text has told how such values are written, and what it would be written as otherwise is visible. Values in a notation that
    the description of a tool explains count as what they stand for."""

    def __init__(self, texts: Iterable[str], tools: Sequence[Tool]) -> None:
        self._tokens: set[str] = set()
        self._explained: set[str] = set()
        self._notations: set[Notation] = set()
        for text in texts:
            self.add(text)
        self.add_tools(tools)

    def add_tools(self, tools: Sequence[Tool]) -> None:
        for tool in tools:
            self._explained |= explained(tool.description)
            tokens, notations = _told_by_tool(tool)
            self._tokens |= tokens
            self._notations |= notations

    def add(self, text: str) -> None:
        tokens, notations = _told_kept(text) if len(text) < SHORT else (_tokens(text), notations_told(text))
        self._tokens |= tokens
        self._notations |= notations
        if self._explained:
            self._tokens |= _tokens(" ".join(plainly(text, self._explained)))

    def has(self, value: JSON) -> bool:
        """Whether a scalar can be read, or needs no reading (booleans, null, the empty text)."""
        if value is None or isinstance(value, bool):
            return True
        text = _MIDNIGHT.sub("", str(value).lower())
        return self._has_words(text) or self._has_words(_PARTED.sub(" ", text)) or self._written_otherwise(text)

    def _has_words(self, text: str) -> bool:
        if all(map(self._has_word, _TOKEN.findall(text))):
            return True
        cents = _TENTHS.sub(r"\g<0>0", text)
        return cents != text and all(map(self._has_word, _TOKEN.findall(cents)))

    def _has_word(self, token: str) -> bool:
        return token in self._tokens or token.lstrip("0") in self._tokens

    def _written_otherwise(self, text: str) -> bool:
        """Whether a value, or each word of it that is not visible itself, is so in another notation that has been told."""
        if not self._notations:
            return False

        def told(part: str) -> bool:
            return any(self._has_words(other) for notation in self._notations for other in notation.others(part))

        return told(text) or all(self._has_words(piece) or told(piece) for piece in _PIECE.findall(_PARTED.sub(" ", text)))

    def missing(self, arguments: JSON, also: frozenset[str] = frozenset()) -> list[JSON]:
        """The scalars of `arguments` that cannot be read, `also` aside."""
        return [value for value in leaves(arguments) if not self.has(value) and str(value) not in also]


def undeclared(schema: Schema, value: JSON) -> Iterator[str]:
    """The keys of a value that its schema does not name, at any depth; none where the schema allows free keys by a schema of
    their own, or says nothing of keys at all."""
    if isinstance(value, list):
        for item in value:
            yield from undeclared(schema.get("items", _ANY), item)
        return
    if not isinstance(value, dict) or not isinstance(schema, dict):
        return
    named: dict[str, Schema] = {}
    free = isinstance(schema.get("additionalProperties"), dict)
    for part in (schema, *_branches(schema)):
        named |= part.get("properties") or {}
        free = free or isinstance(part.get("additionalProperties"), dict)
    for key, item in value.items():
        if key in named:
            yield from undeclared(named[key], item)
        elif named and not free:
            yield key


def free_keys(schema: Schema, value: JSON) -> Iterator[str]:
    """The keys of a value where its schema says nothing of keys at all, at any depth below that."""
    if not isinstance(schema, dict):
        return
    if isinstance(value, list):
        rows = [part["items"] for part in (schema, *_branches(schema)) if "items" in part] or [_ANY]
        for item in value:
            first, *others = [list(free_keys(row, item)) for row in rows]
            yield from (key for key in first if all(key in other for other in others))
        return
    if not isinstance(value, dict):
        return
    named: dict[str, Schema] = {}
    for part in (schema, *_branches(schema)):
        named |= part.get("properties") or {}
        if isinstance(part.get("additionalProperties"), dict):
            return
    for key, item in value.items():
        if not named:
            yield key
        yield from free_keys(named.get(key, _ANY), item)


_ANY: Schema = {}


def _branches(schema: Schema) -> Iterator[Schema]:
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key) or ():
            if isinstance(branch, dict):
                yield branch
                yield from _branches(branch)


def unexplained(
    real: Tool, arguments: JSON, told: Tool, shown: JSON, renamed: Callable[[str], str] = lambda text: text
) -> Iterator[str]:
    """The enum values of a real call that are not in the shown one, and of which the shown tool does not say what stands for
    them: `E = economy`, `yes: express`, `true for express`; nor that it is for them alone: `The cabin to sit in: economy.`
    `renamed` is what prompts have become."""
    given = [str(leaf) for leaf in (*leaves(shown), *_within_texts(shown))]
    spelt = {word for leaf in given for word in _CODE.findall(leaf)}  # several codes may stand in one text: `E|S`
    gone = [leaf for leaf in leaves(arguments) if isinstance(leaf, str) and leaf and leaf not in given]
    if not gone:
        return
    listed = set(_listed(real.parameters))
    legend = ""
    for value in dict.fromkeys(gone):
        new = renamed(value)
        if value not in listed or any(re.search(rf"(?<!\w){re.escape(new)}(?!\w)", one) for one in given):
            continue
        legend = legend or "\n".join([told.description, *_descriptions(told.parameters)])
        words = r"[\W_]+".join(map(re.escape, _TOKEN.findall(new))) or re.escape(new)
        if re.search(rf"(?im)\S: {words}\.?(?:\s|$)", told.description):
            continue
        codes = "|".join(map(re.escape, sorted({*given, *spelt}, key=len, reverse=True)))
        if not re.search(rf"(?i)(?<!\w)(?:{codes})(?!\w)\W{{0,2}}\s*(?:=|:|for|stands for|means)\W*{words}(?!\w)", legend):
            yield value


def _within_texts(shown: JSON) -> Iterator[JSON]:
    """The scalars of objects that are given as the JSON text of themselves."""
    for leaf in leaves(shown):
        if isinstance(leaf, str) and leaf.startswith("{"):
            try:
                yield from leaves(json.loads(leaf))
            except ValueError:
                continue


def _listed(node: Any) -> Iterator[JSON]:
    """The values that enums and constants of a schema allow."""
    if isinstance(node, dict):
        for key, item in node.items():
            if key == "enum" and isinstance(item, list):
                yield from (one for one in item if isinstance(one, str))
            elif key == "const" and isinstance(item, str):
                yield item
            else:
                yield from _listed(item)
    elif isinstance(node, list):
        for item in node:
            yield from _listed(item)


def _descriptions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, item in node.items():
            if key == "description" and isinstance(item, str):
                yield item
            else:
                yield from _descriptions(item)
    elif isinstance(node, list):
        for item in node:
            yield from _descriptions(item)
