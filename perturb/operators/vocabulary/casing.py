"""Identifiers as words and a style: `get_user`, `getUser`, `GetUser`, `get-user`, `GET_USER`, `get.user`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

Style = Literal["snake", "camel", "pascal", "kebab", "screaming", "dotted"]
STYLES: tuple[Style, ...] = get_args(Style)

_SEPARATORS: dict[str, Style] = {".": "dotted", "-": "kebab", "_": "snake"}
_HUMP = re.compile(r"[A-Z]{2,}s(?=[A-Z]|$)|[A-Z]{2,}(?=[A-Z][a-z]|[0-9]|$)[0-9]*|[A-Z]?[a-z0-9]+|[A-Z]")
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+")


@lru_cache(maxsize=65536)
def split(identifier: str) -> tuple[tuple[str, ...], Style]:
    """The words of an identifier, and the style that joins them: `join(*split(x)) == x` for every string.

    Words are in lower case, except acronyms (`getHTTPStatus` gives `get`, `HTTP`, `status`) and words whose capitals the
    style does not explain (`get_HTTP_status`). Digits stay with their word (`get_user_2fa`). Underscores at either end
    stay with the first or the last word (`id_`). Where separators are mixed, the outermost of `.`, `-`, `_` counts and
    a word may be an identifier of its own (`crm.get_user` gives `crm`, `get_user`). What is no identifier is one word.
    """
    core = identifier.strip("_")
    for separator, style in _SEPARATORS.items():
        words = core.split(separator)
        if len(words) > 1 and all(words):
            if style == "snake" and core.isupper():
                style, words = "screaming", [word.lower() for word in words]
            return _with_edges(identifier, words), style
    if _IDENTIFIER.fullmatch(core) is None:
        return (identifier,), "snake"
    if core.isupper():
        return _with_edges(identifier, [core.lower()]), "screaming"
    humps = [hump if _is_acronym(hump) else hump[0].lower() + hump[1:] for hump in _HUMP.findall(core)]
    style = "pascal" if core[0].isupper() else "camel" if len(humps) > 1 else "snake"
    if _joined(humps, style) != core:
        return (identifier,), "snake"
    return _with_edges(identifier, humps), style


def join(words: Sequence[str], style: Style) -> str:
    """The identifier that `words` make in `style`; the inverse of `split`."""
    if not words:
        return ""
    lead = len(words[0]) - len(words[0].lstrip("_"))
    tail = len(words[-1]) - len(words[-1].rstrip("_"))
    bare = list(words)
    bare[0] = bare[0].lstrip("_")
    bare[-1] = bare[-1].rstrip("_")
    return "_" * lead + _joined(bare, style) + "_" * tail


@lru_cache(maxsize=65536)
def restyle(identifier: str, style: Style) -> str:
    """The same words in another style, acronyms no longer set apart where the style has no capitals."""
    words = [part for word in split(identifier)[0] for part in split(word)[0]]
    return join([word.lower() for word in words], style)


def graphql_name(name: str) -> str:
    """The name as one that GraphQL allows (specification, section 2.1.9)."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _joined(words: Sequence[str], style: Style) -> str:
    if style == "camel":
        return words[0].lower() + "".join(map(_capital, words[1:])) if words else ""
    if style == "pascal":
        return "".join(map(_capital, words))
    if style == "screaming":
        return "_".join(words).upper()
    return {"snake": "_", "kebab": "-", "dotted": "."}[style].join(words)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _is_acronym(word: str) -> bool:
    return sum(letter.isupper() for letter in word) > 1


def _with_edges(identifier: str, words: Sequence[str]) -> tuple[str, ...]:
    lead = len(identifier) - len(identifier.lstrip("_"))
    tail = len(identifier) - len(identifier.rstrip("_"))
    edged = list(words)
    edged[0] = "_" * lead + edged[0]
    edged[-1] += "_" * tail
    return tuple(edged)
