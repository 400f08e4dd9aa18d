"""What was made of an object, kept with the object itself: unchanged parts of setups are shared by many setups."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


def collect_less() -> None:
    """Let the garbage collector look through a process of our own less often: much is kept, and little of it is garbage."""
    gc.set_threshold(50_000, 20, 50)


class Kept(Generic[Made]):
    """A store by identity. An object is held beside what was made of it, so that no other one can get its id meanwhile."""

    def __init__(self, make: Callable[[Any], Made], size: int = 16_384) -> None:
        self._make = make
        self._size = size
        self._made: dict[int, tuple[object, Made]] = {}

    def __call__(self, of: object) -> Made:
        known = self._made.get(id(of))
        if known is None:
            if len(self._made) >= self._size:
                self._made.clear()
            known = self._made[id(of)] = (of, self._make(of))
        return known[1]


class KeptByContent(Generic[Made]):
    """A store by what values say, their types and order among it, for what takes far longer to make than their `repr`."""

    def __init__(self, make: Callable[..., Made], size: int = 65_536) -> None:
        self._make = make
        self._size = size
        self._made: dict[bytes, Made] = {}

    def __call__(self, *of: object) -> Made:
        key = hashlib.blake2b(repr(of).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._made:
            if len(self._made) >= self._size:
                self._made.clear()
            self._made[key] = self._make(*of)
        return self._made[key]
