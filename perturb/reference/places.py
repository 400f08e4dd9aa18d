"""Where a value stands in a result, and the like place in another result: other keys, other rows, another wrapping."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from perturb.reference.documents import read
from perturb.reference.words import pieces, words
from perturb.types import JSON


class Key(NamedTuple):
    """The last step of a path that ends at a key itself: where keys are data."""

    name: str


Path: TypeAlias = tuple["str | int | Key", ...]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WORD = re.compile(r"\w+")
_KEY = 0.3
"""How alike two keys must be to be taken for one where the objects do not have the same number of keys."""
_ALIKE = 0.5
"""The share of a row's words, rare ones counting more, that another row must hold to be taken for the same."""


def plain(value: JSON) -> str:
    """A scalar as text that is the same however the value is typed: `12`, `12.0` and `"12"` are one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    if _NUMBER.fullmatch(text) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "" if text == "null" else text.lower() if text in ("True", "False") else text


def leaves(node: JSON, path: Path = ()) -> Iterator[tuple[Path, JSON]]:
    """The scalars of a value with their paths, and each key with a path that ends in a `Key`."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield (*path, Key(name)), name
            yield from leaves(child, (*path, name))
    elif isinstance(node, list):
        for place, child in enumerate(node):
            yield from leaves(child, (*path, place))
    else:
        yield path, node


class Document:
    """A result: its text, and what it holds as data."""

    def __init__(self, text: str, tree: JSON) -> None:
        self.text = text
        self.tree = tree
        self._bags: dict[int, frozenset[str]] = {}

    @cached_property
    def leaves(self) -> tuple[tuple[Path, JSON], ...]:
        return tuple(leaves(self.tree))

    @cached_property
    def layout(self) -> frozenset[Path]:
        """The paths of its scalars: the same for two documents that differ in values alone."""
        return frozenset(path for path, _ in self.leaves)

    @cached_property
    def values(self) -> Counter[str]:
        """Every scalar and every key, as `plain` text, with how often it stands."""
        return Counter(plain(value) for _, value in self.leaves)

    @cached_property
    def size(self) -> int:
        """How many words its scalars have."""
        values = (plain(value) for path, value in self.leaves if not (path and isinstance(path[-1], Key)))
        return sum(len(_WORD.findall(value)) for value in values)

    def words(self, node: JSON) -> frozenset[str]:
        """The words of the scalars within a node of this document."""
        return frozenset(word for value in self.bag(node) for word in _WORD.findall(value))

    def bag(self, node: JSON) -> frozenset[str]:
        """The scalars within a node of this document, as `plain` text."""
        known = self._bags.get(id(node))
        if known is None:
            found = (plain(value) for path, value in leaves(node) if not (path and isinstance(path[-1], Key)))
            known = self._bags[id(node)] = frozenset(found) - {""}
        return known


@lru_cache(maxsize=512)
def document(text: str) -> Document:
    """A text as a document; equal texts are one."""
    return Document(text, read(text))


def joined(first: Document, then: Document) -> Document:
    """Two pages as one: their lists one after the other, all else as in the second."""
    return Document(first.text + "\n" + then.text, _joined(first.tree, then.tree))


def _joined(first: JSON, then: JSON) -> JSON:
    if isinstance(first, list) and isinstance(then, list):
        return first + then
    if isinstance(first, dict) and isinstance(then, dict):
        return {**first, **{name: _joined(first[name], child) if name in first else child for name, child in then.items()}}
    return then


@lru_cache(maxsize=8192)
def locate(learnt: Document, path: Path, shown: Document) -> JSON:
    """The scalar of `shown` at the place that is like `path` in `learnt`; `None` where no place is like it."""
    value = next(value for place, value in learnt.leaves if place == path)
    text = plain(value)
    if len(text) > 3 and learnt.values[text] == shown.values[text] == 1:
        # What stood there once, and stands here once, is the same.
        return value
    return _search(learnt, shown).at(learnt.tree, path, shown.tree)


@lru_cache(maxsize=512)
def _search(learnt: Document, shown: Document) -> _Search:
    return _Search(learnt, shown)


class _Search:
    """The likenesses between two documents, each worked out once."""

    def __init__(self, learnt: Document, shown: Document) -> None:
        self._keys: dict[tuple[int, int], dict[str, str]] = {}
        self._mine = learnt.bag
        self._theirs = shown.bag
        self._words = learnt.words, shown.words

    def at(self, mine: Any, path: Path, theirs: Any) -> JSON:
        if not path:
            return theirs if not isinstance(theirs, (dict, list)) else _most_like(str(mine), theirs)
        head, rest = path[0], path[1:]
        if isinstance(mine, list):
            assert isinstance(head, int)
            rows = self._rows(mine, theirs)
            place = self._row(mine, head, rows)
            return None if place is None else self.at(mine[head], rest, rows[place])
        name = head.name if isinstance(head, Key) else str(head)
        if isinstance(theirs, list):
            return self._in_rows(mine, name, path, theirs)
        if not isinstance(theirs, dict):
            return None
        inner = self._within(mine, theirs)
        if inner is not None:
            return self.at(mine, path, inner)
        key = self._key(mine, name, theirs)
        if key is not None:
            return key if isinstance(head, Key) else self.at(mine[name], rest, theirs[key])
        return self._flattened(path, theirs)

    def _in_rows(self, mine: dict[str, Any], name: str, path: Path, rows: list[Any]) -> JSON:
        """The place in a list that stands for an object: one row for all of it, or a row for each of its keys."""
        one = self._row([mine], 0, rows)
        if one is not None:
            return self.at(mine, path, rows[one])
        named = [row for row in rows if isinstance(row, dict) and name in self._theirs(row)]
        same = rows[list(mine).index(name)] if len(rows) == len(mine) else None
        row = named[0] if named else same
        if not isinstance(row, dict) or not row:
            return None
        first = next((key for key, value in row.items() if plain(value) == name), next(iter(row)))
        if isinstance(path[0], Key):
            return row[first]
        rest = {key: value for key, value in row.items() if key != first}
        return self.at(mine[name], path[1:], next(iter(rest.values())) if len(rest) == 1 else rest)

    def _within(self, mine: dict[str, Any], theirs: dict[str, Any]) -> Any:
        """The object or list inside `theirs` that is more like `mine` than `theirs` itself is, where there is one."""
        sought = _direct(mine)
        best, found = len(sought & _direct(theirs)), None
        for child in theirs.values():
            if isinstance(child, dict) and (score := len(sought & _direct(child))) > best:
                best, found = score, child
        return found

    def _key(self, mine: dict[str, Any], name: str, theirs: dict[str, Any]) -> str | None:
        if name in theirs:
            return name
        known = self._keys.get((id(mine), id(theirs)))
        if known is None:
            known = self._keys[id(mine), id(theirs)] = self._paired(mine, theirs)
        return known.get(name)

    def _paired(self, mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, str]:
        """The keys of one object as those of another: the most alike in value, name and place, taken all together."""
        ours = [name for name in mine if name not in theirs]
        others = [name for name in theirs if name not in mine]
        score = np.array([[self._alike(mine, one, theirs, other) for other in others] for one in ours])
        if not score.size:
            return {}
        pairs = zip(*linear_sum_assignment(-score), strict=True)
        least = _KEY if len(mine) != len(theirs) else -1.0
        return {ours[row]: others[column] for row, column in pairs if score[row, column] > least}

    def _alike(self, mine: dict[str, Any], one: str, theirs: dict[str, Any], other: str) -> float:
        old, new = mine[one], theirs[other]
        score = _share(self._mine(old), self._theirs(new)) + _share(self._words[0](old), self._words[1](new))
        score += _share(pieces(one), pieces(other))
        score += 0.35 * (len(mine) == len(theirs) and list(mine).index(one) == list(theirs).index(other))
        return score - 0.3 * (isinstance(old, (dict, list)) != isinstance(new, (dict, list)))

    def _flattened(self, path: Path, theirs: dict[str, Any]) -> JSON:
        """The scalar whose own key says what the whole path says."""
        sought = words(" ".join(str(step) for step in path))
        best, found = 0.6, None
        for name, child in theirs.items():
            if not isinstance(child, (dict, list)) and (score := _share(sought, words(name))) > best:
                best, found = score, child
        return found

    def _rows(self, mine: list[Any], theirs: Any) -> list[Any]:
        """The rows of `theirs` that stand for those of `mine`: a list in it, else its parts, else itself."""
        if isinstance(theirs, list):
            return theirs
        if not isinstance(theirs, dict):
            return [theirs]
        lists = list(_lists(theirs))
        if lists:
            sought = self._mine(mine)
            return max(lists, key=lambda rows: (len(sought & self._theirs(rows)), len(rows)))
        parts = [child for child in theirs.values() if isinstance(child, dict)]
        if parts and len(parts) == len(theirs):
            return parts
        return [theirs] if isinstance(mine[0], dict) else list(theirs.values())

    def _row(self, mine: list[Any], place: int, rows: list[Any]) -> int | None:
        """Which of `rows` stands for `mine[place]`: the one most like it that is not more like another of `mine`; where none is
        like it, the one at the same place, if the rows are as many."""
        spread = Counter(word for row in mine for word in self._mine(row))
        whole = sum(1 / spread[word] for word in self._mine(mine[place]))

        def shared(learnt: Any, shown: Any) -> float:
            return sum(1 / spread[word] for word in self._mine(learnt) & self._theirs(shown))

        alike = [shared(mine[place], row) for row in rows]
        if alike and whole:
            best = max(range(len(rows)), key=lambda other: (alike[other], -abs(other - place)))
            if alike[best] >= _ALIKE * whole and all(shared(row, rows[best]) <= alike[best] for row in mine):
                return best
        return place if len(rows) == len(mine) else None


def _direct(node: dict[str, Any]) -> frozenset[str]:
    """The keys of an object, and the scalars right under them."""
    return frozenset(node) | frozenset(plain(child) for child in node.values() if not isinstance(child, (dict, list)))


def _lists(node: dict[str, Any], depth: int = 3) -> Iterator[list[Any]]:
    for child in node.values():
        if isinstance(child, list):
            yield child
        elif isinstance(child, dict) and depth > 1:
            yield from _lists(child, depth - 1)


def _share(one: Any, other: Any) -> float:
    mine, theirs = frozenset(one), frozenset(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def _most_like(text: str, node: Any) -> JSON:
    """The scalar in `node` that shares the most words with a text, or is the only one."""
    scalars = [value for path, value in leaves(node) if not (path and isinstance(path[-1], Key)) and plain(value)]
    if len(scalars) == 1:
        return scalars[0]
    sought = words(text)
    scored = [(_share(sought, words(str(value))), value) for value in scalars]
    best = max(scored, key=lambda one: one[0], default=(0.0, None))
    return best[1] if best[0] >= _ALIKE else None
