"""Writing a system prompt, as an outline, in Markdown, XML tags, plain text or JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from perturb.operators.system.outline import (
    ROOT,
    Block,
    Code,
    Listing,
    Markup,
    Outline,
    Paragraph,
    Section,
    emphasised,
    name_of,
)
from perturb.operators.system.readings import read

_RESERVED = ("item", "section", "list", ROOT, "strong", "em")
_UNDERLINES = "=-"


def written(outline: Outline, markup: Markup) -> str | None:
    """The prompt in a markup; `None` where that markup cannot hold it, so that it would read as something else."""
    try:
        text = {"markdown": _markdown, "xml": _xml, "json": _json, "plain": _plain}[markup](outline)
        return text if read(text, markup) == outline else None
    except ValueError:
        return None


def _fence(block: Code) -> str:
    return f"```{block.language}\n{block.text}\n```"


def _indented(text: str, by: int) -> str:
    return text.replace("\n", "\n" + " " * by)


# Markdown.


def _markdown(outline: Outline, level: int = 1) -> str:
    return "\n\n".join(_in_markdown(block, level) for block in outline)


def _in_markdown(block: Block, level: int) -> str:
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Code):
        return _fence(block)
    if isinstance(block, Section):
        if level > 6:
            raise ValueError("Markdown has six levels of headings")
        return f"{'#' * level} {block.title}\n\n{_markdown(block.blocks, level + 1)}".rstrip()
    title = f"**{block.title}:**\n\n" if block.title else ""
    return title + _items(block, lambda item: _markdown(item, level))


def _items(block: Listing, write: Any) -> str:
    lines = []
    for place, item in enumerate(block.items):
        mark = f"{block.first + place}. " if block.first else "- "
        lines.append(mark + _indented(write(item), len(mark)))
    return "\n".join(lines)


# Plain text.


def _plain(outline: Outline, level: int = 0) -> str:
    made = ""
    for block in outline:
        gap = "" if not made else "\n\n"
        made += gap + _in_plain(block, level)
    return made


def _in_plain(block: Block, level: int) -> str:
    if isinstance(block, Paragraph):
        return emphasised(block.text, "*{}*", "_{}_")
    if isinstance(block, Code):
        raise ValueError("plain text has no fences")
    if isinstance(block, Section):
        if level >= len(_UNDERLINES):
            raise ValueError("plain text has two levels of headings")
        title = emphasised(block.title, "*{}*", "_{}_")
        return f"{title}\n{_UNDERLINES[level] * len(title)}\n\n{_plain(block.blocks, level + 1)}".rstrip()
    # A number other than 1 begins a list only behind an empty line.
    title = f"{block.title}:\n" + ("\n" if block.first > 1 else "") if block.title else ""
    return title + _items(block, lambda item: _plain(item, level))


# XML tags.


def _xml(outline: Outline) -> str:
    return f"<{ROOT}>\n{_within_xml(outline)}\n</{ROOT}>"


def _within_xml(outline: Outline) -> str:
    return "\n\n".join(map(_in_xml, outline))


def _in_xml(block: Block) -> str:
    if isinstance(block, Paragraph):
        return emphasised(block.text, "<strong>{}</strong>", "<em>{}</em>")
    if isinstance(block, Code):
        return _fence(block)
    if isinstance(block, Section):
        opening, closing = _tags(block.title, "section")
        return f"{opening}\n{_within_xml(block.blocks)}\n{closing}"
    opening, closing = _tags(block.title, "list")
    items = []
    for place, item in enumerate(block.items):
        number = f' number="{block.first + place}"' if block.first else ""
        inner = _within_xml(item)
        items.append(f"<item{number}>\n{inner}\n</item>" if "\n" in inner else f"<item{number}>{inner}</item>")
    return "\n".join([opening, *items, closing])


def _tags(title: str, otherwise: str) -> tuple[str, str]:
    """A tag of its own for a title that can be read off it, else one that holds the title."""
    tag = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    if title and name_of(tag) == title and tag not in _RESERVED and not tag[0].isdigit():
        return f"<{tag}>", f"</{tag}>"
    attribute = f' title="{title.replace(chr(34), "&quot;")}"' if title else ""
    return f"<{otherwise}{attribute}>", f"</{otherwise}>"


# JSON.


def _json(outline: Outline) -> str:
    return json.dumps({ROOT: _content(outline)}, ensure_ascii=False, indent=2)


def _content(outline: Outline) -> Any:
    if len(outline) == 1 and isinstance(outline[0], Paragraph):
        return outline[0].text
    return [_in_json(block) for block in outline]


def _in_json(block: Block) -> Any:
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Code):
        return {"code": block.text, "language": block.language}
    if isinstance(block, Section):
        inner = block.blocks
        if len(inner) == 1 and isinstance(inner[0], Listing) and not inner[0].title:
            return {"section": block.title, "points": _in_json(inner[0])}
        return {"section": block.title, "content": _content(inner)}
    items = [_item(item, block.first + place if block.first else 0) for place, item in enumerate(block.items)]
    return {block.title: items} if block.title else items


def _item(item: Outline, number: int) -> Any:
    head = f"{number}. " if number else ""
    if len(item) == 1 and isinstance(item[0], Paragraph):
        return head + item[0].text
    if head and item and isinstance(item[0], Paragraph):
        item = (Paragraph(head + item[0].text), *item[1:])
    elif head:
        raise ValueError("an item without a first paragraph has nowhere to bear its number")
    return {"item": _content(item)}
