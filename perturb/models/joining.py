"""The pieces of a stream as one text, whether each piece adds to the last or repeats all that came before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_TELLING = 5
"""How many repeated characters tell that a stream repeats itself: fewer are repeated by chance (`ha`, `ha`)."""


def joined(pieces: Sequence[str], cumulative: bool | None = None) -> str:
    """The text that the pieces make.

    `cumulative` says which kind of stream it is; `None` tells by looking: one whose every piece begins with the whole of the
    piece before repeats itself.
    """
    pieces = [piece for piece in pieces if piece]
    if not pieces:
        return ""
    if cumulative is None:
        cumulative = repeats(pieces)
    return pieces[-1] if cumulative else "".join(pieces)


def repeats(pieces: Sequence[str]) -> bool:
    """Whether every piece begins with the whole of the one before, in more than can be chance."""
    if any(not after.startswith(before) for before, after in pairwise(pieces)):
        return False
    grown = sum(len(before) for before, after in pairwise(pieces) if len(after) > len(before))
    return grown >= _TELLING or (grown > 0 and len(pieces) > 3)
