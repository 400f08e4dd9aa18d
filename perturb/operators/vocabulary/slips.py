"""How fingers misspell a word: a letter dropped, doubled, swapped with the next, or hit beside its key."""

from __future__ import annotations

from functools import lru_cache

from perturb.operators.vocabulary.ordinary import ORDINARY, TURNING
from perturb.operators.vocabulary.real_words import NEAR_WORDS

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """For each letter of a QWERTY keyboard those that lie beside it, in its row first."""
    found: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for place, key in enumerate(keys):
            beside = keys[max(0, place - 1) : place] + keys[place + 1 : place + 2]
            # A row lies half a key to the right of the one above it.
            over = _ROWS[row - 1][place : place + 2] if row else ""
            under = _ROWS[row + 1][max(0, place - 1) : place + 1] if row < 2 else ""
            found[key] = beside + over + under
    return found


NEIGHBOURS = _neighbours()

SHORTEST = 4
"""Words of fewer letters are misspelt only where two letters may change places."""
_KNOWN_SLIPS = {"the": ("teh",), "and": ("adn",)}
"""Slips so common that everybody reads them, though they are near to other words."""


def _swapped(word: str) -> list[str]:
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1) if word[at] != word[at + 1]]


def _dropped(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(1, len(word))]


def _doubled(word: str) -> list[str]:
    return [word[: at + 1] + word[at:] for at in range(1, len(word)) if word[at] != word[at - 1]]


def _beside(word: str) -> list[str]:
    return [word[:at] + other + word[at + 1 :] for at in range(1, len(word)) for other in NEIGHBOURS.get(word[at], "")]


def candidates(word: str) -> dict[str, list[str]]:
    """Every slip within a word in small letters that leaves its first letter, by what the fingers did; words of English are
    among them."""
    if len(word) < SHORTEST:
        return {"swapped": _swapped(word)} if len(word) == SHORTEST - 1 else {}
    made = {"swapped": _swapped(word), "dropped": _dropped(word), "doubled": _doubled(word), "beside": _beside(word)}
    return {kind: list(dict.fromkeys(found)) for kind, found in made.items() if found}


@lru_cache(maxsize=4096)
def slips(word: str) -> dict[str, tuple[str, ...]]:
    """The ways in which an ordinary word is misspelt, by what the fingers did; none where meaning turns on the word.

    No slip is another word of English, and none is as near to another ordinary word as to its own.
    """
    if word not in ORDINARY or word in TURNING:
        return {}
    if word in _KNOWN_SLIPS:
        return {"swapped": _KNOWN_SLIPS[word]}
    found = {kind: tuple(one for one in made if _clear(one, word)) for kind, made in candidates(word).items()}
    return {kind: made for kind, made in found.items() if made}


def _clear(slip: str, word: str) -> bool:
    if slip in NEAR_WORDS or slip in ORDINARY or slip in TURNING:
        return False
    return all(_shorter_by_one()[less] <= {word} for less in _less_one(slip) if less in _shorter_by_one())


@lru_cache(maxsize=1)
def _shorter_by_one() -> dict[str, set[str]]:
    """The ordinary words, and those that meaning turns on, by themselves and by what is left of them without one letter."""
    found: dict[str, set[str]] = {}
    for word in ORDINARY | TURNING:
        for less in _less_one(word):
            found.setdefault(less, set()).add(word)
    return found


def _less_one(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
