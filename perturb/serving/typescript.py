"""Declarations of functions in TypeScript, read with their comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from perturb.types import JSON

_TOKEN = re.compile(
    r"""\s+ | //[^\n]* | (?P<comment>/\*\*.*?\*/) | (?P<string>"(?:[^"\\]|\\.)*") | (?P<number>-?\d[\d.eE+-]*)
    | (?P<word>\w+) | (?P<sign>[{}()\[\]:;|?=])""",
    re.DOTALL | re.VERBOSE,
)


class Field(msgspec.Struct):
    """A field of an object: the names of its types, the values of its union where it is one of values, what its list holds."""

    name: str
    required: bool
    comment: str
    schema: str
    types: list[str] = []
    options: list[JSON] = []
    items: list[str] = []
    inner: list[Field] = []


class Function(msgspec.Struct):
    name: str
    comment: str
    schema: str
    fields: list[Field]


def functions(text: str) -> Iterator[Function]:
    """The functions that a text declares, each with one argument, an object."""
    reader = _Reader(text)
    while reader.left:
        comment = reader.comment()
        if not reader.takes("declare"):
            reader.next()
            continue
        reader.takes("function")
        name = reader.name()
        for sign in ("(", "args", ":", "{"):
            reader.takes(sign)
        yield Function(name, *_parted(comment), reader.fields())


class _Reader:
    def __init__(self, text: str) -> None:
        self.left: list[tuple[str, str]] = []
        for found in _TOKEN.finditer(text):
            if found.lastgroup is not None:
                self.left.append((found.lastgroup, found[0]))

    def next(self) -> str:
        return self.left.pop(0)[1]

    def takes(self, text: str) -> bool:
        if self.left and self.left[0][1] == text:
            self.left.pop(0)
            return True
        return False

    def comment(self) -> str:
        return self.next() if self.left and self.left[0][0] == "comment" else ""

    def name(self) -> str:
        kind, text = self.left.pop(0)
        return json.loads(text) if kind == "string" else text

    def fields(self) -> list[Field]:
        """The fields up to the brace that closes them."""
        found = []
        while self.left and not self.takes("}"):
            comment = self.comment()
            name = self.name()
            required = not self.takes("?")
            self.takes(":")
            found.append(Field(name, required, *_parted(comment)))
            self._type(found[-1])
        return found

    def _type(self, field: Field) -> None:
        while self.left and not self.takes(";"):
            if self.takes("|"):
                continue
            if self.takes("{"):
                field.inner = self.fields()
                self._held(field, "object")
                continue
            if self.takes("("):
                field.items = self._union()
                self._brackets()
                field.types = [*field.types, "array"]
                continue
            kind, text = self.left.pop(0)
            if kind in ("string", "number") or text in ("true", "false"):
                field.options = [*field.options, json.loads(text)]
            elif text == "null" and field.options:
                field.options = [*field.options, None]
            elif text != "unknown":
                self._held(field, text)
            elif self._brackets():
                field.types = [*field.types, "array"]
        if field.options and "null" in field.types:
            field.options, field.types = [None, *field.options], []

    def _held(self, field: Field, name: str) -> None:
        if self._brackets():
            field.items, name = [name], "array"
        field.types = [*field.types, name]

    def _union(self) -> list[str]:
        names = []
        while not self.takes(")"):
            name = self.next()
            if name != "|":
                names.append("array" if name == "unknown" and self._brackets() else name)
        return names

    def _brackets(self) -> bool:
        return self.takes("[") and self.takes("]")


def _parted(comment: str) -> tuple[str, str]:
    """What a comment says, and the schema that it holds."""
    inner = comment.removeprefix("/**").removesuffix("*/").strip()
    lines = [re.sub(r"^\s*\* ?", "", line).replace("*\\/", "*/") for line in inner.splitlines()]
    told = [line for line in lines if not line.startswith("@schema ")]
    schema = [line.removeprefix("@schema ") for line in lines if line.startswith("@schema ")]
    return "\n".join(told), "".join(schema)
