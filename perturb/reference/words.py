"""Words of names and prose, and how alike two texts are by the words they share."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")
_ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word in lower case without its commonest English endings."""
    word = word.lower()
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    return word


@lru_cache(maxsize=16384)
def words(text: str) -> tuple[str, ...]:
    """The stems of a text's words; `get_user`, `getUser` and `get-user` are two words each."""
    return tuple(stem(part) for part in _PART.findall(text))


@lru_cache(maxsize=16384)
def pieces(name: str) -> tuple[str, ...]:
    """The words of a name and, so that shortened and joined names stay alike, its groups of three letters."""
    found = words(name)
    joined = "".join(found)
    return (*found, *(f"~{joined[i : i + 3]}" for i in range(len(joined) - 2)))


def likeness(left: Sequence[str], right: Sequence[str], split: Callable[[str], Iterable[str]] = words) -> NDArray[np.float64]:
    """How alike each of `left` is to each of `right`, from 0 to 1: the cosine of their words, rare words counting more.

    Returns an array of len(left) by len(right).
    """
    return likeness_of_bags([Counter(split(text)) for text in left], [Counter(split(text)) for text in right])


def likeness_of_bags(left: Sequence[Counter[str]], right: Sequence[Counter[str]]) -> NDArray[np.float64]:
    """`likeness` of texts that have been split into words already."""
    spread = Counter(word for bags in (left, right) for bag in bags for word in bag)
    column = {word: place for place, word in enumerate(spread)}
    total = len(left) + len(right)
    weight = np.array([math.log(1 + total / count) for count in spread.values()]) if spread else np.zeros(0)

    def table(bags: Sequence[Counter[str]]) -> NDArray[np.float64]:
        made = np.zeros((len(bags), len(column)))
        for row, bag in enumerate(bags):
            for word, count in bag.items():
                made[row, column[word]] = 1 + math.log(count)
        made *= weight
        size = np.sqrt((made * made).sum(axis=1, keepdims=True))
        scaled: NDArray[np.float64] = made / np.where(size == 0, 1, size)
        return scaled

    product: NDArray[np.float64] = table(left) @ table(right).T
    return product
