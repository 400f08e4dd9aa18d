"""Where an operator's choices come from: seeded streams, one for each place."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


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

    def _stream(self, use: str, place: str) -> random.Random:
        seed = hashlib.sha256(f"{self._prefix}\x1f{use}\x1f{place}".encode()).digest()
        return random.Random(int.from_bytes(seed[:8], "big"))

    def rank(self, place: str) -> float:
        return self._stream("rank", place).random()

    def choice(self, place: str, options: Sequence[T]) -> T:
        return self._stream("choice", place).choice(options)

    def integer(self, place: str, low: int, high: int) -> int:
        return self._stream("integer", place).randint(low, high)

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        shuffled = list(items)
        self._stream("order", place).shuffle(shuffled)
        return shuffled
