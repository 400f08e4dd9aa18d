"""The parts of a plan, and the plan with fewer of them: what a search for the smallest plan takes away."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from perturb.operator.record import Operator
from perturb.operator.stack import Stack


def parts(operator: Operator) -> dict[str, frozenset[str]]:
    """What can be taken away from a plan that is no stack, each with the places that go with it, in the plan's own order.

    A part is an entry of the plan: most often a place, else the name of what is made of several (a tool into which others are
    merged). Entries without which the plan touches as many places as before are no parts; they stay where they are.
    """
    whole = operator.places()
    found: dict[str, frozenset[str]] = {}
    for key in dict.fromkeys(_keys(operator)):
        gone = whole - _without(operator, {key}).places()
        if gone:
            found[key] = gone
    return found


def restricted(operator: Operator, kept: Collection[str]) -> Operator:
    """The plan with those of its parts alone. Every other choice is as it was; nothing is drawn again."""
    return _without(operator, parts(operator).keys() - set(kept))


def members(operator: Operator) -> tuple[Operator, ...]:
    """The operators of a stack, those of stacks within it too; an operator that is none by itself."""
    if isinstance(operator, Stack):
        return tuple(one for member in operator.operators for one in members(member))
    return (operator,)


def _keys(operator: Operator) -> Iterator[str]:
    for value in _values(operator).values():
        yield from value


def _values(operator: Operator) -> dict[str, Any]:
    """The fields that hold entries: dictionaries, and tuples of texts."""
    fields = {name: getattr(operator, name) for name in operator.__struct_fields__}
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, dict) or (isinstance(value, tuple) and all(isinstance(item, str) for item in value))
    }


def _without(operator: Operator, keys: Collection[str]) -> Operator:
    if not keys:
        return operator
    changes: dict[str, Any] = {}
    for name, value in _values(operator).items():
        if isinstance(value, dict):
            changes[name] = {key: entry for key, entry in value.items() if key not in keys}
        else:
            changes[name] = tuple(item for item in value if item not in keys)
    return msgspec.structs.replace(operator, **changes)
