"""Identifiers within texts and within data whose schema says what they are: traded for their codes, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from perturb.declared import branches
from perturb.operators.results.identifier_codes import Codes, is_scalar_id
from perturb.schemas import kinds_of
from perturb.types import JSON, Identifier, Schema

_OLD_FORM = frozenset(
    {"pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)


class OldForm(Exception):
    """An identifier was given in the form that is out of use; `path` is where."""

    def __init__(self, value: JSON) -> None:
        super().__init__(str(value))
        self.value = value
        self.path: list[str] = []


class IdentifierTexts:
    """The trade of identifiers of some kinds for their codes: total, and one-to-one on texts and on data.

    In a text an identifier is what is written as its toolset declares, between characters that belong to no word. A word that
    is a code already, though none of ours, is set apart from one by an underscore behind it.
    """

    def __init__(self, codes: Mapping[str, Codes], declared: Mapping[str, Identifier], whole: Collection[str] = ()) -> None:
        """`whole` holds the kinds whose identifiers are whole numbers in data."""
        self._codes = dict(codes)
        self._whole = frozenset(whole)
        self._forms = {kind: re.compile(declared[kind].form) for kind in codes}
        mentions = {kind: declared[kind].form if declared[kind].mention is None else declared[kind].mention for kind in codes}
        order = [kind for kind in codes if mentions[kind]]
        self._groups = {f"k{index}": kind for index, kind in enumerate(order)}
        old = [rf"(?<![\w-])(?P<k{index}>{mentions[kind]})(?![\w-])" for index, kind in enumerate(order)]
        known = "|".join(one.pattern for one in codes.values())
        self._show_pattern = re.compile("|".join([rf"(?<!\w)(?P<code>(?:{known})_*)(?!\w)", *old]))
        self._read_pattern = re.compile(rf"(?<!\w)(?:{known})_*(?!\w)")
        self.show_text = lru_cache(maxsize=1 << 12)(self._shown)
        self.read_text = lru_cache(maxsize=1 << 12)(self._read)

    def _decoded(self, code: str) -> JSON:
        return next((value for one in self._codes.values() if (value := one.decode(code)) is not None), None)

    def _shown(self, text: str) -> str:
        return self._show_pattern.sub(self._code_of, text)

    def _code_of(self, match: re.Match[str]) -> str:
        word = match.group()
        if match.lastgroup == "code":
            return word + "_" if self._decoded(word.rstrip("_")) is not None else word
        kind = self._groups[match.lastgroup or ""]
        number = kind in self._whole and word.isdecimal() and str(int(word)) == word
        return self._codes[kind].encode(int(word) if number else word)

    def _read(self, text: str) -> str:
        return self._read_pattern.sub(self._identifier_of, text)

    def _identifier_of(self, match: re.Match[str]) -> str:
        word = match.group()
        value = self._decoded(word.rstrip("_"))
        if value is None:
            return word
        return word[:-1] if word.endswith("_") else str(value)

    def mentioned(self, text: str) -> Iterator[str]:
        """The identifiers that a text mentions."""
        for match in self._show_pattern.finditer(text):
            if match.lastgroup != "code":
                yield match.group()

    def show(self, value: JSON, schema: Schema) -> JSON:
        """Data of a schema with codes in place of identifiers."""
        return self._walked(value, schema, self._show_scalar, self.show_text)

    def read(self, value: JSON, schema: Schema) -> JSON:
        """The inverse of `show`. Raises `OldForm`."""
        return self._walked(value, schema, self._read_scalar, self.read_text)

    def _show_scalar(self, value: JSON, kind: str) -> JSON:
        if isinstance(value, int) or self._forms[kind].fullmatch(value):
            return self._codes[kind].encode(value)
        return self.show_text(value)

    def _read_scalar(self, value: JSON, kind: str) -> JSON:
        if isinstance(value, str):
            found = self._decoded(value)
            if found is not None:
                return found
        if isinstance(value, int) or self._forms[kind].fullmatch(value):
            raise OldForm(value)
        return self.read_text(value)

    def _walked(
        self, value: JSON, schema: Any, scalar: Callable[[JSON, str], JSON], text: Callable[[str], str], kind: str | None = None
    ) -> JSON:
        if isinstance(value, str) or is_scalar_id(value):
            kind = kind or self.kind_of(schema, value)
            if kind is not None:
                return scalar(value, kind)
            return text(value) if isinstance(value, str) else value
        if isinstance(value, list):
            items = _child(schema, lambda branch: branch.get("items"))
            return [self._walked(item, items, scalar, text) for item in value]
        if isinstance(value, dict):
            made: dict[str, JSON] = {}
            for key, item in value.items():
                child, declared, named = _property(schema, key)
                try:
                    made[key if declared else text(key)] = self._walked(
                        item, child, scalar, text, named if named in self._codes and is_scalar_id(item) else None
                    )
                except OldForm as old:
                    old.path.insert(0, key)
                    raise
            return made
        return value

    def kind_of(self, schema: Any, value: JSON) -> str | None:
        """The kind that a schema declares for a scalar, where it is one that is traded."""
        for branch in branches(schema):
            kind = branch.get("x-identifier")
            if kind in self._codes and (len(kinds := kinds_of(branch)) == 0 or _fits(value, kinds) or branch is schema):
                return str(kind)
        return None

    def schema(self, node: Any, names: bool = False) -> Any:
        """A schema as it is under the trade: identifiers are texts of no declared form, and prose and values are traded."""
        if isinstance(node, list):
            return [self.schema(item) for item in node]
        if not isinstance(node, dict):
            return node
        if names:
            return {key: self.schema(child) for key, child in node.items()}
        mine = node.get("x-identifier") in self._codes
        made: dict[str, Any] = {}
        for key, value in node.items():
            if mine and key in _OLD_FORM:
                continue
            if key in ("default", "const"):
                made[key] = self.show(value, node)
            elif key in ("enum", "examples") and isinstance(value, list):
                made[key] = [self.show(one, node) for one in value]
            elif key in ("description", "title") and isinstance(value, str):
                made[key] = self.show_text(value)
            elif mine and key == "type":
                made[key] = _as_text(value)
            elif key.startswith("x-"):
                made[key] = value
            else:
                made[key] = self.schema(value, key == "properties")
        return made if made != node else node


def _as_text(declared: Any) -> Any:
    kinds = [declared] if isinstance(declared, str) else list(declared)
    kinds = list(dict.fromkeys("string" if kind == "integer" else kind for kind in kinds))
    return kinds[0] if isinstance(declared, str) else kinds


def _fits(value: JSON, kinds: frozenset[str]) -> bool:
    return bool(kinds & ({"string"} if isinstance(value, str) else {"integer", "number"}))


def _child(schema: Any, find: Callable[[Schema], Any]) -> Any:
    """What the parts of a schema say of something within, as one schema."""
    found = [child for branch in branches(schema) if isinstance(child := find(branch), dict)]
    return found[0] if len(found) == 1 else {"anyOf": found} if found else {}


def _property(schema: Any, key: str) -> tuple[Any, bool, str | None]:
    """The schema of a key's value, whether the key is declared, and the kind that a free key of that name identifies."""
    named = _child(schema, lambda branch: (branch.get("properties") or {}).get(key))
    if named:
        return named, True, None
    declared = any(key in (branch.get("properties") or {}) for branch in branches(schema))
    kind = next((found for branch in branches(schema) if (found := (branch.get("x-identifiers") or {}).get(key))), None)
    return _child(schema, lambda branch: branch.get("additionalProperties")), declared or kind is not None, kind
