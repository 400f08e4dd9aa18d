"""What operators that move the keys of records share: which records these are, and carrying mentions of moved keys along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, reworded
from perturb.operators.vocabulary import Style, split
from perturb.types import Schema, Tool

_FIXED = frozenset({"patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties"})
"""What speaks of the keys of an object as a whole."""


def regroupable(schema: Schema) -> bool:
    """Whether an object's keys may move: it has declared ones, no free ones of a kind, and no condition over several."""
    return (
        bool(schema.get("properties"))
        and not schemas.conditional(schema)
        and not isinstance(schema.get("additionalProperties"), dict)
        and _FIXED.isdisjoint(schema)
    )


def records_in(schema: Schema | None) -> Iterator[Schema]:
    """Each object of a schema, at any depth, whose keys may move."""
    if not isinstance(schema, dict):
        return
    if regroupable(schema):
        yield schema
    for child in (schema.get("properties") or {}).values():
        yield from records_in(child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from records_in(schema[key])
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key) or ():
            yield from records_in(branch)


def prevailing_style(names: Iterable[str]) -> Style:
    """The style that most names of several words are written in; snake case where there is none."""
    styles = Counter(split(name)[1] for name in names if len(split(name)[0]) > 1)
    style: Style = styles.most_common(1)[0][0] if styles else "snake"
    return style


def retold(tool: Tool, told: Mapping[str, str]) -> tuple[Tool, list[str]]:
    """The tool with mentions of keys of its result carried along where a key of that name is nowhere left in it, and the names
    that are gone so."""
    live = {name for schema in (tool.parameters, tool.returns) for names in schemas.siblings(schema) for name in names}
    gone = {old: new for old, new in told.items() if old not in live}
    if not gone:
        return tool, []
    changed = reworded(msgspec.structs.replace(tool, parameters={}), Mentions(gone))
    return msgspec.structs.replace(changed, parameters=tool.parameters), list(gone)
