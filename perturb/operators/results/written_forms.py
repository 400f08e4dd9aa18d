"""JSON data written as YAML, XML, CSV, a Markdown table or JSON of another layout, and read back with all types.

Each form says of every value of which type it is by itself: YAML quotes text that looks like something else, XML bears
`type` attributes, CSV quotes text and nothing else, and a Markdown cell is quoted as JSON where it would be mistaken. Rows
that are not flat are written as one line of JSON, which no table is.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple
from xml.etree import ElementTree

from perturb.types import JSON


class Written(NamedTuple):
    """One form: its name in prose, media type, a sentence on how values are told apart, and the two directions.

    `write` takes the data and the columns that the schema declares (for a table without rows). `read` raises `ValueError`
    for a text that is not of the form. `flat` forms hold lists of rows with scalars only.
    """

    title: str
    media_type: str
    note: str
    write: Callable[[JSON, Sequence[str]], str]
    read: Callable[[str, Sequence[str]], JSON]
    flat: bool = False


def _json(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pretty(data: JSON, columns: Sequence[str]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


def _minified(data: JSON, columns: Sequence[str]) -> str:
    return _json(data)


def _read_json(text: str, columns: Sequence[str]) -> JSON:
    return json.loads(text)


# YAML. Text over several lines is written as a block where YAML gives it back unchanged.
_BLOCK = re.compile(r"[!-~\u00a1-\ud7ff][ -~\u00a0-\ud7ff]*(?:\n+[!-~\u00a1-\ud7ff][ -~\u00a0-\ud7ff]*)+\n?")
_SPACE_AT_END = re.compile(r"[^\S\n](?:\n|\Z)")


@cache
def _yaml() -> tuple[Any, Any]:
    """A dumper and a loader that know JSON's types alone: no times, no sets."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    class Loader(yaml.CSafeLoader):
        pass

    def text(dumper: Any, value: str) -> Any:
        block = "\n" in value and _BLOCK.fullmatch(value) and not _SPACE_AT_END.search(value.removesuffix("\n"))
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else None)

    Dumper.add_representer(str, text)
    for kind in (Dumper, Loader):
        kind.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in kind.yaml_implicit_resolvers.items()
        }
    return Dumper, Loader


def _write_yaml(data: JSON, columns: Sequence[str]) -> str:
    import yaml

    text: str = yaml.dump(data, Dumper=_yaml()[0], allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)
    return text


def _read_yaml(text: str, columns: Sequence[str]) -> JSON:
    import yaml

    try:
        return yaml.load(text, Loader=_yaml()[1])
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


# XML. Names that are no XML names, and characters that XML cannot hold, are moved into attributes and escapes.
_NAME = re.compile(r"(?![xX][mM][lL])[A-Za-z_][A-Za-z0-9_.-]*")
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_IN_ATTRIBUTE = _IN_XML | {"\n": "&#10;", "\t": "&#9;"}


def _write_xml(data: JSON, columns: Sequence[str]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    _element(lines, "result", "", data, "")
    return "\n".join(lines)


def _element(lines: list[str], name: str, attributes: str, value: JSON, indent: str) -> None:
    start = f"{indent}<{name}{attributes}"
    if isinstance(value, dict):
        if not value:
            lines.append(start + ' type="object"/>')
            return
        lines.append(start + ">")
        for key, item in value.items():
            if _NAME.fullmatch(key):
                _element(lines, key, "", item, indent + "  ")
            else:
                shown, escaped = _xml_text(key, _IN_ATTRIBUTE)
                label = "escaped-key" if escaped else "key"
                _element(lines, "entry", f' {label}="{shown}"', item, indent + "  ")
        lines.append(f"{indent}</{name}>")
    elif isinstance(value, list):
        if not value:
            lines.append(start + ' type="array"/>')
            return
        lines.append(start + ' type="array">')
        for item in value:
            _element(lines, "item", "", item, indent + "  ")
        lines.append(f"{indent}</{name}>")
    elif value is None:
        lines.append(start + ' nil="true"/>')
    elif isinstance(value, str):
        shown, escaped = _xml_text(value, _IN_XML)
        mark = ' escaped="true"' if escaped else ""
        lines.append(f"{start}{mark}>{shown}</{name}>")
    else:
        kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "float"
        lines.append(f'{start} type="{kind}">{_json(value)}</{name}>')


def _xml_text(text: str, table: dict[str, str]) -> tuple[str, bool]:
    """The text for XML, and whether it had to be escaped as JSON escapes it."""
    escaped = _FORBIDDEN.search(text) is not None
    if escaped:
        text = json.dumps(text)[1:-1]
    return "".join(table.get(character, character) for character in text), escaped


def _read_xml(text: str, columns: Sequence[str]) -> JSON:
    try:
        return _value(ElementTree.fromstring(text.encode()))
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None


def _value(node: ElementTree.Element) -> JSON:
    kind = node.get("type")
    if node.get("nil") == "true":
        return None
    if kind in ("integer", "float", "boolean"):
        return json.loads(node.text or "")
    if kind == "array":
        return [_value(child) for child in node]
    if kind == "object" or len(node):
        return {_key(child): _value(child) for child in node}
    held = node.text or ""
    return json.loads(f'"{held}"') if node.get("escaped") == "true" else held


def _key(node: ElementTree.Element) -> str:
    if (escaped := node.get("escaped-key")) is not None:
        key: str = json.loads(f'"{escaped}"')
        return key
    return node.get("key", node.tag)


# Tables: rows with scalars only. An empty cell is a key that the row does not have.
def _columns(rows: JSON, declared: Sequence[str]) -> list[str] | None:
    """The columns of flat rows; `None` for data that is no list of flat rows."""
    if not isinstance(rows, list):
        return None
    found: dict[str, None] = dict.fromkeys(declared)
    for row in rows:
        if not isinstance(row, dict) or any(isinstance(value, (dict, list)) for value in row.values()):
            return None
        found.update(dict.fromkeys(row))
    return list(found) or None


def _read_rows(lines: Sequence[Sequence[JSON]]) -> list[JSON]:
    header, *rows = lines
    if any(len(row) != len(header) for row in rows):
        raise ValueError("rows of different lengths")
    return [{str(key): value for key, value in zip(header, row, strict=True) if value is not _ABSENT} for row in rows]


_ABSENT = object()
_CSV_CELL = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')


def _write_csv(data: JSON, declared: Sequence[str]) -> str:
    columns = _columns(data, declared)
    if columns is None:
        return _json(data)

    def cell(row: dict[str, JSON], key: str) -> str:
        if key not in row:
            return ""
        value = row[key]
        return _quoted(value) if isinstance(value, str) else _json(value)

    header = ",".join(_quoted(key) for key in columns)
    return "".join(f"{line}\n" for line in [header, *(",".join(cell(row, key) for key in columns) for row in data)])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _read_csv(text: str, declared: Sequence[str]) -> JSON:
    if "\n" not in text:
        return json.loads(text)
    lines: list[list[JSON]] = []
    position = 0
    while position < len(text):
        line: list[JSON] = []
        while True:
            match = _CSV_CELL.match(text, position)
            if match is None:
                raise ValueError(f"no cell of CSV at character {position}")
            position = match.end()
            inside, bare = match.groups()
            line.append(inside.replace('""', '"') if inside is not None else json.loads(bare) if bare else _ABSENT)
            ending = text[position : position + 1]
            position += 1
            if ending != ",":
                break
        if ending != "\n":
            raise ValueError(f"a line of CSV goes on with {ending!r}")
        lines.append(line)
    return _read_rows(lines)


_PLAIN_CELL = re.compile(r'[^\s"\\](?:[^\x00-\x1f\x7f\x85\u2028\u2029\\]*[^\s\\])?')
_PIPE = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|(?: --- \|)+")


def _write_markdown(data: JSON, declared: Sequence[str]) -> str:
    columns = _columns(data, declared)
    if columns is None:
        return _json(data)
    lines = [
        "| " + " | ".join(_cell(key) for key in columns) + " |",
        "|" + " --- |" * len(columns),
        *("| " + " | ".join(_cell(row[key]) if key in row else "" for key in columns) + " |" for row in data),
    ]
    return "\n".join(lines)


def _cell(value: JSON) -> str:
    if not isinstance(value, str):
        return _json(value)
    if _PLAIN_CELL.fullmatch(value) and _literal(value) is _ABSENT:
        return value.replace("|", "\\|")
    return _SEPARATING.sub(lambda match: f"\\u{ord(match.group()):04x}", _json(value))


_SEPARATING = re.compile(r"[|\x7f\x85\u2028\u2029]")


def _literal(text: str) -> JSON:
    """The number, truth value or null that a bare cell stands for; `_ABSENT` where it is text."""
    try:
        return json.loads(text)
    except ValueError:
        return _ABSENT


def _read_markdown(text: str, declared: Sequence[str]) -> JSON:
    if "\n" not in text:
        return json.loads(text)
    header, rule, *rows = text.split("\n")
    if not _RULE.fullmatch(rule):
        raise ValueError("the second line is no rule")
    return _read_rows([_cells(line) for line in (header, *rows)])


def _cells(line: str) -> list[JSON]:
    if not (line.startswith("|") and line.endswith("|")):
        raise ValueError("a row begins and ends with a bar")
    return [_read_cell(cell.strip(" ")) for cell in _PIPE.split(line[1:-1])]


def _read_cell(cell: str) -> JSON:
    if not cell:
        return _ABSENT
    if cell.startswith('"'):
        return json.loads(cell)
    value = _literal(cell)
    return cell.replace("\\|", "|") if value is _ABSENT else value


FORMS: dict[str, Written] = {
    "yaml": Written("YAML", "application/yaml", "Text that looks like a number is quoted.", _write_yaml, _read_yaml),
    "xml": Written(
        "XML",
        "application/xml",
        "What is not text has a type attribute, and nil marks a null.",
        _write_xml,
        _read_xml,
    ),
    "csv": Written(
        "CSV",
        "text/csv",
        "The first line names the columns; text is quoted, an empty cell is a missing value.",
        _write_csv,
        _read_csv,
        True,
    ),
    "markdown": Written(
        "a Markdown table",
        "text/markdown",
        "An empty cell is a missing value; text that looks like a number is quoted.",
        _write_markdown,
        _read_markdown,
        True,
    ),
    "pretty": Written("indented JSON", "application/json", "", _pretty, _read_json),
    "minified": Written("JSON on one line", "application/json", "", _minified, _read_json),
}
"""Every form by its name in plans."""


def written(name: str, data: JSON, columns: tuple[str, ...]) -> str:
    """`data` in the form called `name`. The text is kept under the data's own bytes (`marshal`, which unlike JSON keeps every
    value apart): YAML takes tens of milliseconds for a full inbox, and episode after episode reads the same rows."""
    return _written(name, marshal.dumps(data, 2), columns)


@lru_cache(maxsize=512)
def _written(name: str, frozen: bytes, columns: tuple[str, ...]) -> str:
    return FORMS[name].write(marshal.loads(frozen), columns)
