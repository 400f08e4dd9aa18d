"""Reading a system prompt as an outline: from Markdown, XML tags, plain text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from perturb.operators.system.outline import (
    CODE_SPAN,
    LIGHT,
    ROOT,
    STRONG,
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

_TAG = re.compile(r"<([A-Za-z_][\w-]*)((?: [\w-]+=\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_NUMBER = re.compile(r"(\d+)\. ")


def markup_of(text: str) -> Markup:
    """What a prompt is written in; `plain` where there are neither headings nor emphasis, fences, tags or JSON."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except ValueError:
            pass
        else:
            return "json"
    if any(f"</{match.group(1)}>" in text[match.end() :] for match in _TAG.finditer(text)):
        return "xml"
    marked = re.search(r"(?m)^#{1,6} \S|^\s*```", text) or any(
        STRONG.search(part) or LIGHT.search(part) for part in CODE_SPAN.split(text)[::2]
    )
    return "markdown" if marked else "plain"


def read(text: str, markup: Markup) -> Outline:
    """The blocks of a prompt. Raises `ValueError` where it is not what the markup says."""
    if markup == "json":
        return _of_json(json.loads(text))
    if markup == "xml":
        return _of_xml(text)
    return _of_markdown(text, _from_plain if markup == "plain" else _from_markdown)


def _from_markdown(text: str) -> str:
    return emphasised(text, "**{}**", "*{}*")


def _from_plain(text: str) -> str:
    """Plain text says `*strong*` and `_light_`, as mail does."""
    parts = CODE_SPAN.split(text)
    for place in range(0, len(parts), 2):
        made = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])", "**\\1**", parts[place])
        parts[place] = re.sub(r"(?<![\w_])_(?=[^\s_])([^_\n]+?)(?<=[^\s_])_(?![\w_])", "*\\1*", made)
    return "".join(parts)


# Markdown and plain text.


def _of_markdown(text: str, inline: Callable[[str], str]) -> Outline:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"html": False}).disable(["code", "html_block", "blockquote", "hr"]).parse(text)
    flat = list(_flat(iter(tokens), inline))
    return _nested(flat, 0)[0]


class _Heading(NamedTuple):
    level: int
    title: str


def _flat(tokens: Iterator[Any], inline: Callable[[str], str], until: str = "") -> Iterator[Any]:
    """Blocks, with headings among them, up to the token that ends the one that they are in."""
    made: list[Any] = []
    for token in tokens:
        if token.type == until:
            break
        if token.type == "heading_open":
            made.append(_Heading(int(token.tag[1]), inline(next(tokens).content)))
        elif token.type == "inline":
            made.append(Paragraph(_lines(inline(token.content))))
        elif token.type == "fence":
            made.append(Code(token.content.removesuffix("\n"), token.info.strip()))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            items = []
            for item in tokens:
                if item.type == token.type.replace("open", "close"):
                    break
                items.append(_nested(list(_flat(tokens, inline, "list_item_close")), 0)[0])
            first = int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else 0
            title, made = _titled(made)
            made.append(Listing(title, first, tuple(items)))
    yield from made


def _lines(text: str) -> str:
    return "\n".join(re.sub(r"\s*\\?$", "", line).strip() for line in text.splitlines())


def _titled(before: list[Any]) -> tuple[str, list[Any]]:
    """The title of a list and what stands before it: the last line there, where it ends in a colon and stands by itself."""
    if not before or not isinstance(before[-1], Paragraph):
        return "", before
    *lines, last = before[-1].text.split("\n")
    bare = re.fullmatch(r"(?:\*\*)?(?P<title>[^*:\n]{1,80}):(?:\*\*)?", last)
    if bare is None or re.search(r"[.!?] ", bare["title"]):
        return "", before
    return bare["title"], [*before[:-1], *([Paragraph("\n".join(lines))] if lines else [])]


def _nested(flat: Sequence[Any], level: int) -> tuple[Outline, int]:
    """Blocks with what follows a heading put under it, and how many of the flat ones that took."""
    made: list[Block] = []
    at = 0
    while at < len(flat):
        one = flat[at]
        at += 1
        if not isinstance(one, _Heading):
            made.append(one)
        elif one.level <= level:
            return tuple(made), at - 1
        else:
            blocks, taken = _nested(flat[at:], one.level)
            made.append(Section(one.title, blocks))
            at += taken
    return tuple(made), at


# XML tags.


def _of_xml(text: str) -> Outline:
    children = _elements(text)
    if len(children) == 1 and isinstance(children[0], _Element) and children[0].tag == ROOT:
        children = _elements(children[0].body)
    return _blocks(children)


class _Element(NamedTuple):
    tag: str
    attributes: dict[str, str]
    body: str


def _elements(text: str) -> list[str | _Element]:
    """The text cut into elements and what stands between them. A tag within a line of prose is prose."""
    made: list[str | _Element] = []
    start = 0
    while (match := _TAG.search(text, start)) is not None:
        at_line = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        end = _closing(text, match)
        if end < 0 or not at_line or match.group(1) in ("strong", "em"):
            raw = text[start : match.end()]
            made = [*made[:-1], made[-1] + raw] if made and isinstance(made[-1], str) else [*made, raw]
            start = match.end()
            continue
        between = text[start : match.start()]
        made = [*made[:-1], made[-1] + between] if made and isinstance(made[-1], str) else [*made, between]
        attributes = {name: value.replace("&quot;", '"') for name, value in _ATTRIBUTE.findall(match.group(2))}
        body = text[match.end() : end]
        made.append(_Element(match.group(1), attributes, body))
        start = end + len(f"</{match.group(1)}>")
    rest = text[start:]
    made = [*made[:-1], made[-1] + rest] if made and isinstance(made[-1], str) else [*made, rest]
    return [one for one in made if not isinstance(one, str) or one.strip()]


def _closing(text: str, opening: re.Match[str]) -> int:
    """Where the tag that closes an opening one begins; -1 where there is none."""
    depth = 1
    for match in re.finditer(rf"<(/?){re.escape(opening.group(1))}(?: [^<>]*)?>", text[opening.end() :]):
        depth += -1 if match.group(1) else 1
        if depth == 0:
            return opening.end() + match.start()
    return -1


def _blocks(children: Sequence[str | _Element]) -> Outline:
    made: list[Block] = []
    for child in children:
        if isinstance(child, str):
            made += _of_markdown(_dedented(child), _from_xml)
            continue
        title = child.attributes.get("title", "" if child.tag in ("list", "section") else name_of(child.tag))
        inner = _elements(child.body)
        items = [one for one in inner if isinstance(one, _Element)]
        if (
            items
            and len(items) == len(inner)
            and len({one.tag for one in items}) == 1
            and (len(items) > 1 or items[0].tag == "item")
        ):
            first = int(items[0].attributes.get("number", 0))
            made.append(Listing(title, first, tuple(_blocks(_elements(one.body)) for one in items)))
        else:
            made.append(Section(title, _blocks(inner)))
    return tuple(made)


def _from_xml(text: str) -> str:
    return re.sub(r"<em>(.+?)</em>", r"*\1*", re.sub(r"<strong>(.+?)</strong>", r"**\1**", text))


def _dedented(text: str) -> str:
    return text if "```" in text else "\n".join(line.strip() for line in text.split("\n"))


# JSON.


def _of_json(value: Any) -> Outline:
    if isinstance(value, dict) and list(value) == [ROOT]:
        value = value[ROOT]
    if isinstance(value, list):
        return tuple(block for one in value for block in _block(one))
    return tuple(_block(value))


def _block(value: Any) -> Iterator[Block]:
    if isinstance(value, list):
        yield _listing("", value)
    elif not isinstance(value, dict):
        yield Paragraph(value if isinstance(value, str) else json.dumps(value))
    elif set(value) == {"section", "content"}:
        yield Section(value["section"], _of_json(value["content"]))
    elif set(value) == {"section", "points"}:
        yield Section(value["section"], (_listing("", value["points"]),))
    elif set(value) == {"code", "language"}:
        yield Code(value["code"], value["language"])
    else:
        for key, inner in value.items():
            yield (
                _listing(key, inner)
                if isinstance(inner, list)
                else Section(name_of(key) if "_" in key else key, _of_json(inner))
            )


def _listing(title: str, values: list[Any]) -> Listing:
    items = [_of_json(one["item"]) if isinstance(one, dict) and list(one) == ["item"] else tuple(_block(one)) for one in values]
    first = 0
    heads = [_NUMBER.match(one[0].text) if one and isinstance(one[0], Paragraph) else None for one in items]
    if items and all(heads):
        first = int(heads[0].group(1))  # type: ignore[union-attr]
        items = [(Paragraph(_NUMBER.sub("", one[0].text, count=1)), *one[1:]) for one in items]  # type: ignore[union-attr]
    return Listing(title, first, tuple(items))
