"""Names in prose: which words of a text are mentions of a tool or an argument, and how a rename carries them along.

A mention looks like an identifier: it stands in code marks or quotes, is followed by a parenthesis, holds an underscore
or a capital inside, stands alone on a line, or next to the word "tool", "function", "argument", "parameter" or "field".
Plain words that merely look the same (`date`, `use`) are never touched. An argument is also mentioned where a docstring
within the text describes it (`date: The day.` in a section `Args`, or `:param date:`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from perturb.docstrings import names_described
from perturb.types import Tool

_WORD = re.compile(r"\w+")
_SPECIAL = re.compile(r"[^A-Za-z]|[a-z][A-Z]")
_NOUNS = r"(?:tool|function|method|argument|parameter|field|property|key)"


def looks_like_identifier(name: str) -> bool:
    """Whether a name can be told from an ordinary word by its looks alone (`get_user`, `getUser`)."""
    return _SPECIAL.search(name) is not None


def _pattern(name: str) -> str:
    word = re.escape(name)
    if looks_like_identifier(name):
        return rf"(?<![\w-]){word}(?![\w-])"
    # Also as the last step of a path: `"input.date"`.
    quoted = rf"(?<=[`'\"]){word}(?=[`'\"(])|(?<=\w\.){word}(?=[`'\"])"
    # The lookbehinds are spelt out one by one because each must have a fixed width.
    after = "|".join(
        rf"(?<=\b{noun} ){word}(?!\w)" for noun in ("tool", "function", "method", "argument", "parameter", "field")
    )
    # Where a man page or an operation of OpenAPI has the name of what it describes.
    after += "".join(rf"|(?<={place}){word}(?![\w-])" for place in ("\\bNAME\n {7}", "\\bSYNOPSIS\n {7}", "\\boperationId: "))
    return rf"{quoted}|(?<![\w-]){word}(?=\()|(?<![\w-]){word}(?= {_NOUNS}\b)|(?m:^{word}$)|{after}"


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    """The words of a text. Kept: every plan looks through the same descriptions."""
    return frozenset(_WORD.findall(text))


@lru_cache(maxsize=65536)
def _compiled(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_pattern(name)})" for name in names))


class _Names:
    """Names, of which few stand in any one text: found by their first word, since a mention begins and ends with whole ones."""

    __slots__ = ("_by_word", "_wordless")

    def __init__(self, names: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        self._wordless: list[str] = []
        for name in names:
            word = _WORD.search(name)
            (self._wordless if word is None else self._by_word.setdefault(word.group(), [])).append(name)

    def met_in(self, text: str) -> re.Pattern[str] | None:
        """The pattern of the names that stand in a text at all, mentions or not; `None` where there are none. A pattern of a
        few names is compiled in no time and serves many plans; one of all names of a setup serves one plan alone."""
        found = {name for name in self._wordless if name in text}
        for word in self._by_word.keys() & _words(text) if self._by_word else ():
            found.update(name for name in self._by_word[word] if name in text)
        return _compiled(tuple(sorted(found, key=lambda name: (-len(name), name)))) if found else None


_names_once = lru_cache(maxsize=1024)(_Names)


class Mentions:
    """A rename over text: every mention of a key of `renames` becomes its value, all in one pass. Names of `arguments` are
    also found where a docstring within the text describes them."""

    __slots__ = ("_arguments", "_names", "_renames")

    def __init__(self, renames: Mapping[str, str], *, arguments: bool = False) -> None:
        self._renames = {old: new for old, new in renames.items() if old != new}
        self._arguments = arguments
        self._names = _Names(self._renames)

    def __bool__(self) -> bool:
        return bool(self._renames)

    def __call__(self, text: str) -> str:
        pattern = self._names.met_in(text)
        if pattern is None:
            return text
        described = [span for span in names_described(text) if text[slice(*span)] in self._renames] if self._arguments else []
        if not described:
            return pattern.sub(lambda match: self._renames[match.group()], text)
        made, position = "", 0
        for start, end in sorted({*described, *(match.span() for match in pattern.finditer(text))}):
            if start >= position:
                made += text[position:start] + self._renames[text[start:end]]
                position = end
        return made + text[position:]


def mentioned(names: Iterable[str], text: str, *, arguments: bool = False) -> set[str]:
    """Those of `names` that a text mentions; as names of `arguments` also where a docstring within it describes them."""
    names = frozenset(names)
    pattern = _names_once(names).met_in(text)
    if pattern is None:
        return set()
    described = {text[slice(*span)] for span in names_described(text)} if arguments else set()
    return {match.group() for match in pattern.finditer(text)} | described.intersection(names)


def reworded(tool: Tool, change: Callable[[str], str]) -> Tool:
    """The tool with `change` applied to its own description and to every description within its schemas."""
    return msgspec.structs.replace(
        tool,
        description=change(tool.description),
        parameters=_reworded(tool.parameters, change),
        returns=None if tool.returns is None else _reworded(tool.returns, change),
    )


def _reworded(node: Any, change: Callable[[str], str], names: bool = False) -> Any:
    """The node with its prose changed; parts in which nothing changes are shared, not copied."""
    if isinstance(node, list):
        items = [_reworded(item, change) if isinstance(item, (dict, list)) else item for item in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    made: dict[str, Any] | None = None
    for key, value in node.items():
        if isinstance(value, str):
            if names or key not in ("description", "title"):
                continue
            new: Any = change(value)
        elif isinstance(value, (dict, list)):
            if not names and key in ("enum", "const", "default", "examples", "required"):
                continue
            new = _reworded(value, change, key == "properties" and not names)
        else:
            continue
        if new is not value:
            made = made or dict(node)
            made[key] = new
    return made or node
