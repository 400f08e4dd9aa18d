"""The text of a result read as data, in whatever notation it looks to be written."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import yaml

from perturb.types import JSON

_RULE = re.compile(r"^\s*\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)*\|?\s*$", re.MULTILINE)
_CELLS = re.compile(r"(?<!\\)\|")
_HEADING = re.compile(r"[\w .\[\]-]+")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read(text: str) -> JSON:
    """What a text holds, from JSON, a Python literal, XML or HTML, a Markdown table, CSV or YAML; else the text itself.

    YAML, XML, CSV and tables give every scalar as a string.
    """
    text = text.strip()
    for reader in _readers(text):
        try:
            value = reader(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, csv.Error, yaml.YAMLError, ElementTree.ParseError):
            continue
        if value is not None:
            return value
    return text


def _readers(text: str) -> list[Callable[[str], JSON]]:
    if not text:
        return []
    if text[0] in "[{":
        return [json.loads, ast.literal_eval, _yaml]
    if text[0] == "<":
        return [_xml, _untagged]
    if text[0] in "\"'" or text[0].isdigit():
        return [json.loads, _csv, _yaml]
    return [_table, _csv, _yaml]


def _yaml(text: str) -> JSON:
    if not re.search(r"^\s*(- |[\w\"'.<>@ -]+:(\s|$))", text, re.MULTILINE):
        return None
    value = yaml.load(text, _LOADER)
    return value if isinstance(value, (dict, list)) else None


def _csv(text: str) -> JSON:
    lines = text.splitlines()
    if len(lines) < 2:
        return None
    rows = list(csv.reader(lines, strict=True))
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows) or not all(_HEADING.fullmatch(one) for one in rows[0]):
        return None
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _table(text: str) -> JSON:
    rule = _RULE.search(text)
    if rule is None or "|" not in rule.group():
        return None
    head = _cells(text[: rule.start()].rstrip().rsplit("\n", 1)[-1])
    rows = []
    for line in text[rule.end() :].strip("\n").splitlines():
        cells = _cells(line)
        if len(cells) != len(head):
            break
        rows.append(dict(zip(head, cells, strict=True)))
    return rows


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|").replace("<br>", "\n") for cell in _CELLS.split(inner)]


def _xml(text: str) -> JSON:
    return _element(ElementTree.fromstring(text))


def _element(element: ElementTree.Element) -> JSON:
    """An element as a list where it says that it is one or repeats one tag, as an object where tags or one attribute tell its
    children apart, else as its text."""
    children, attributes = list(element), dict(element.attrib)
    kind = attributes.pop("type", None)
    tags = [child.tag for child in children]
    if keys := _keys(children):
        return {key: _element(child) for key, child in zip(keys, children, strict=True)}
    if kind == "array" or (len(children) > 1 and len(set(tags)) == 1 and not attributes):
        return [_element(child) for child in children]
    made: dict[str, JSON] = dict(attributes)
    for child in children:
        if tags.count(child.tag) > 1:
            made.setdefault(child.tag, []).append(_element(child))
        else:
            made[child.tag] = _element(child)
    text = (element.text or "").strip()
    if not made:
        return {} if kind == "object" else text
    return {**made, "": text} if text else made


def _keys(children: list[ElementTree.Element]) -> list[str]:
    """The values of the attribute that tells children of one tag apart, taken from them; empty where none does."""
    names = [[name for name in child.attrib if name != "type"] for child in children]
    if not children or len({child.tag for child in children}) > 1 or any(len(one) != 1 for one in names):
        return []
    keys = [child.attrib[one[0]] for child, one in zip(children, names, strict=True)]
    if len({one[0] for one in names}) > 1 or len(set(keys)) < len(keys):
        return []
    for child, one in zip(children, names, strict=True):
        del child.attrib[one[0]]
    return keys


def _untagged(text: str) -> JSON:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip() or None
