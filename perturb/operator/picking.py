"""Where an operator's choices come from: seeded streams, one for each place."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


class NotOffered(Exception):
    """What is to be chosen at a place is not among the options there."""


class Pick:
    """The source of an operator's choices. Each place has a stream of its own, so that leaving one place out leaves the
    choices at the others as they were."""

    def rank(self, place: str) -> float:
        """Where a place stands in the seeded order: a number from 0 to 1."""
        raise NotImplementedError

    def choice(self, place: str, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        raise NotImplementedError

    def integer(self, place: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        raise NotImplementedError

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        """The items in another order."""
        raise NotImplementedError

    def settled(self, what: str, default: T) -> T:
        """What is not drawn, such as the size of a page, and may be settled for an operator beforehand; else `default`."""
        return default

    def chosen(self, places: Iterable[str], intensity: float) -> list[str]:
        """The first ⌈intensity · n⌉ of n places in the seeded order, given back in the order they came in."""
        listed = list(dict.fromkeys(places))
        count = dose(intensity, len(listed))
        ranked = sorted(listed, key=lambda place: (self.rank(place), place))
        kept = set(ranked[:count])
        return [place for place in listed if place in kept]


def dose(intensity: float, count: int) -> int:
    """⌈intensity · count⌉, with the error of binary fractions kept out."""
    return min(count, max(0, math.ceil(round(intensity * count, 9))))


class SeededPick(Pick):
    """Choices from a seed and a scope (operator, task, trial): the same in any process."""

    def __init__(self, seed: int, *scope: object) -> None:
        self._prefix = "\x1f".join([str(seed), *map(str, scope)])

    def _number(self, use: str, place: str) -> int:
        """A whole number below 2⁶⁴ for a use at a place."""
        return int.from_bytes(hashlib.sha256(f"{self._prefix}\x1f{use}\x1f{place}".encode()).digest()[:8], "big")

    def rank(self, place: str) -> float:
        return self._number("rank", place) / 2**64

    def choice(self, place: str, options: Sequence[T]) -> T:
        return options[self._number("choice", place) % len(options)]

    def integer(self, place: str, low: int, high: int) -> int:
        return low + self._number("integer", place) % (high - low + 1)

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        shuffled = list(items)
        random.Random(self._number("order", place)).shuffle(shuffled)
        return shuffled
