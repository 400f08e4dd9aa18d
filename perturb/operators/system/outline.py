"""A system prompt as what it is made of: paragraphs, lists and sections, whichever markup it is written in.

Texts within are Markdown as far as emphasis and code go (`**strong**`, `*light*`, `` `code` ``); marks that only break lines
are gone.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Markup = Literal["markdown", "xml", "json", "plain"]
MARKUPS: tuple[Markup, ...] = get_args(Markup)


class Paragraph(NamedTuple):
    """Lines of prose."""

    text: str


class Code(NamedTuple):
    """Text between fences, and what stands behind the first of them."""

    text: str
    language: str


class Listing(NamedTuple):
    """Items under a title, which may be empty; `first` is the number of the first item, 0 where they have none."""

    title: str
    first: int
    items: tuple[tuple[Any, ...], ...]


class Section(NamedTuple):
    """Blocks under a heading."""

    title: str
    blocks: tuple[Any, ...]


Block: TypeAlias = Paragraph | Code | Listing | Section
Outline: TypeAlias = tuple[Block, ...]

ROOT = "instructions"
"""What a whole prompt is called where its markup wants a name for it."""
CODE_SPAN = re.compile(r"(`+[^`]+`+)")
STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*(?![\w*])|(?<![\w_])__(?=\S)([^_\n]+?)(?<=\S)__(?![\w_])")
LIGHT = re.compile(
    r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_\n]+?)(?<=[^\s_])_(?![\w_])"
)


def emphasised(text: str, strong: str, light: str) -> str:
    """A text with its emphasis written by other patterns (`<strong>{}</strong>`), code left alone."""
    parts = CODE_SPAN.split(text)
    for place in range(0, len(parts), 2):
        # Strong text is set aside first, since its marks are twice those of light text.
        aside: list[str] = []

        def put(match: re.Match[str], aside: list[str] = aside) -> str:
            aside.append(strong.format(match.group(1) or match.group(2)))
            return f"\0{len(aside) - 1}\0"

        made = STRONG.sub(put, parts[place])
        made = LIGHT.sub(lambda match: light.format(match.group(1) or match.group(2)), made)
        for number, strong_text in enumerate(aside):
            made = made.replace(f"\0{number}\0", strong_text)
        parts[place] = made
    return "".join(parts)


def prose(part: Block | Outline) -> str:
    """All that a block, or several, says: titles and texts, one a line."""
    if isinstance(part, Paragraph | Code):
        return part.text
    if isinstance(part, Section):
        return "\n".join([part.title, *map(prose, part.blocks)])
    if isinstance(part, Listing):
        return "\n".join([*([part.title] if part.title else []), *map(prose, part.items)])
    return "\n".join(map(prose, part))


def name_of(tag: str) -> str:
    """The title that a tag stands for: `rules_of_the_desk` for `Rules of the desk`."""
    words = re.sub(r"[_-]+", " ", tag).strip()
    return words[:1].upper() + words[1:]
