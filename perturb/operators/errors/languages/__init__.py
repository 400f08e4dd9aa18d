"""Messages of errors in other languages, written by hand: rows of English, German, French, Spanish and Japanese.

A row is a template with slots (`{field}`), whose values stay as they are in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from perturb.operators.errors.languages.refusals import REFUSALS
from perturb.operators.errors.languages.validators import LOCATED, VALIDATORS

LANGUAGES: tuple[str, ...] = ("de", "fr", "es", "ja")

Row = tuple[str, str, str, str, str]


def _by_language(rows: tuple[Row, ...]) -> dict[str, dict[str, str]]:
    return {row[0]: dict(zip(LANGUAGES, row[1:], strict=True)) for row in rows}


@cache
def own_messages() -> dict[str, dict[str, str]]:
    """What our own refusals and the validators say: each English template with its translations by language."""
    return {**_by_language(REFUSALS), **_by_language(VALIDATORS), **_by_language((LOCATED,))}


__all__ = ["LANGUAGES", "LOCATED", "composed", "own_messages"]


def composed(messages: Mapping[str, str], language: str) -> dict[str, str]:
    """What an argument is refused with where a validator says why: `…; input should be a valid integer`, for each message of a
    validator that is translated."""
    head = own_messages()[LOCATED[0]][language]
    known = {row[0] for row in VALIDATORS}
    return {
        f"{LOCATED[0]} {english[:1].lower()}{english[1:]}": f"{head} {other}"
        for english, other in messages.items()
        if english in known and LOCATED[0] in messages
    }
