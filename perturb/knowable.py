"""What can be read in what an agent has been shown: the test that a value is known before it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from perturb.types import JSON, Schema, Tool

_TOKEN = re.compile(r"[^\W_]+")
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
    """The words of a text in lower case, numbers also without their zeros."""
    lowered = text.lower()
    parted = _PARTED.sub(" ", lowered)
    if parted != lowered:
        lowered += " " + parted
    tokens = set(_TOKEN.findall(lowered))
    return frozenset(tokens | {token.lstrip("0") for token in tokens})


_tokens_kept = lru_cache(maxsize=50_000)(_tokens)
SHORT = 300
"""Texts of fewer characters are mostly names and descriptions of schemas, which come again for every task and plan."""


class Visible:
    """The words that have been shown so far. A value is visible when each of its words is: `2026-05-01` by `2026`, `05`,
    `01`, in any order, since an agent may put together what it has read; numbers also without their zeros."""

    def __init__(self, texts: Iterable[str], tools: Sequence[Tool]) -> None:
        self._tokens: set[str] = set()
        for text in texts:
            self.add(text)
        for tool in tools:
            self.add(tool.description)
            self._add_schema(tool.parameters)

    def add(self, text: str) -> None:
        self._tokens |= _tokens_kept(text) if len(text) < SHORT else _tokens(text)

    def _add_schema(self, schema: Schema) -> None:
        stack: list[Any] = [schema]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                for key, item in node.items():
                    if isinstance(item, str):
                        self.add(item)
                    elif key in ("enum", "examples", "const", "default"):
                        self.add(" ".join(str(leaf) for leaf in leaves(item)))
                    else:
                        stack.append(item)
            elif isinstance(node, list):
                stack.extend(node)

    def has(self, value: JSON) -> bool:
        """Whether a scalar can be read, or needs no reading (booleans, null, the empty text)."""
        if value is None or isinstance(value, bool):
            return True
        tokens = _TOKEN.findall(str(value).lower())
        return all(token in self._tokens or token.lstrip("0") in self._tokens for token in tokens)

    def missing(self, arguments: JSON, also: frozenset[str] = frozenset()) -> list[JSON]:
        """The scalars of `arguments` that cannot be read, `also` aside."""
        return [value for value in leaves(arguments) if not self.has(value) and str(value) not in also]
