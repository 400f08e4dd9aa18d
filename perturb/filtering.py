"""`--filter`: which pairs of task and operator a run consists of, in a small language of patterns.

axis:tools and not task:refund*        fields are task, operator, axis and kind; patterns are globs
tools.* or kind:fault                  without a field, any of the four may match
(axis:user or axis:system) and 'a task with spaces'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from perturb.errors import ConfigurationError, nearest

FIELDS = ("task", "operator", "axis", "kind")
_TOKEN = re.compile(r"""\s*(?:(?P<sign>[()])|(?P<term>(?:[^\s()'"]|'[^']*'|"[^"]*")+))""")

Known = Mapping[str, str | None]
"""The fields of a pair; what is not known yet is `None`."""
Test = Callable[[Known], bool | None]
"""Whether a pair is meant; `None` where what is not known would decide."""


class _Token(NamedTuple):
    text: str
    start: int


def read_filter(text: str) -> Test:
    """The test that a filter names. Raises `ConfigurationError`, with the place and what is right."""
    return _Reader(text).read()


class _Reader:
    """`or` of `and` of `not` of terms and brackets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[_Token] = []
        end = 0
        while end < len(text.rstrip()):
            match = _TOKEN.match(text, end)
            if match is None:
                raise self._mistaken(end, "a quotation mark is not closed")
            self.tokens.append(_Token(match["sign"] or match["term"], match.end() - len(match["sign"] or match["term"])))
            end = match.end()

    def read(self) -> Test:
        test = self._any()
        if self.tokens:
            raise self._mistaken(self.tokens[0].start, "'and' or 'or' is missing before it")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._next("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda known: _or(test(known) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._next("and"):
            tests.append(self._one())
        # Both must hold: none of them fails.
        return tests[0] if len(tests) == 1 else lambda known: _not(_or(_not(test(known)) for test in tests))

    def _one(self) -> Test:
        if self._next("not"):
            inner = self._one()
            return lambda known: _not(inner(known))
        if self._next("("):
            inner = self._any()
            if not self._next(")"):
                raise self._mistaken(len(self.text), "a bracket is not closed")
            return inner
        if not self.tokens or self.tokens[0].text in ("and", "or", ")"):
            raise self._mistaken(self.tokens[0].start if self.tokens else len(self.text), "a pattern is missing")
        return self._term(self.tokens.pop(0))

    def _term(self, token: _Token) -> Test:
        field, colon, pattern = token.text.partition(":")
        if not colon or field[0] in "'\"":
            field, pattern = "", token.text
        elif field not in FIELDS:
            told = nearest(field, FIELDS)
            raise self._mistaken(
                token.start, f"no field is called {field!r}; {told}; put a pattern with a colon in quotation marks"
            )
        pattern = re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda match: match[1] if match[1] is not None else match[2], pattern)
        if not pattern:
            raise self._mistaken(token.start, "a pattern is missing")
        fields = (field,) if field else FIELDS
        return lambda known: _or(None if (value := known[name]) is None else fnmatchcase(value, pattern) for name in fields)

    def _next(self, text: str) -> bool:
        if self.tokens and self.tokens[0].text == text:
            self.tokens.pop(0)
            return True
        return False

    def _mistaken(self, place: int, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"the filter {self.text!r} cannot be read at {self.text[place:] or 'its end'!r}: {why}; write it as in "
            "--filter 'axis:tools and not task:refund*'"
        )


def _or(truths: Iterable[bool | None]) -> bool | None:
    unknown = False
    for truth in truths:
        if truth:
            return True
        unknown |= truth is None
    return None if unknown else False


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
