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

    Returns an array of len(left) by len(right), which is not to be changed in place.
    """
    return _likeness(tuple(left), tuple(right), split)


@lru_cache(maxsize=256)
def _likeness(left: Sequence[str], right: Sequence[str], split: Callable[[str], Iterable[str]]) -> NDArray[np.float64]:
    """Kept, since most setups change some of the names, the descriptions and the arguments of tools, and leave the others."""
    bags = [Counter(split(text)) for text in (*left, *right)]
    spread = Counter(word for bag in bags for word in bag)
    weight = {word: math.log(1 + len(bags) / count) for word, count in spread.items()}
    made = np.zeros((len(left), len(right)))
    # An index from words to texts: few texts share a word, and most words are in few.
    index: dict[str, list[tuple[int, float]]] = {}
    for row, bag in enumerate(bags[: len(left)]):
        for word, share in _scaled(bag, weight):
            index.setdefault(word, []).append((row, share))
    for column, bag in enumerate(bags[len(left) :]):
        scores = [0.0] * len(left)
        for word, share in _scaled(bag, weight):
            for row, other in index.get(word, ()):
                scores[row] += share * other
        made[:, column] = scores
    made.flags.writeable = False
    return made


def _scaled(bag: Counter[str], weight: dict[str, float]) -> list[tuple[str, float]]:
    """The words of a text with their weights, as a vector of length 1."""
    weights = [(word, weight[word] * (1 + math.log(count) if count > 1 else 1)) for word, count in bag.items()]
    size = math.sqrt(sum(value * value for _, value in weights)) or 1.0
    return [(word, value / size) for word, value in weights]
