"""Errors in the shape of one vendor's JSON, which a plan brings along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from perturb.errors import PlanError
from perturb.operators.errors.told import Style, Told
from perturb.types import JSON, FailureKind

_OPTIONAL = frozenset({"$field", "$retry_after", "$retry_after_ms"})
_PARTS = _OPTIONAL | {"$message", "$tool"}


class _Absent:
    """What stands for a part that a failure does not have."""


_ABSENT = _Absent()


class ErrorShape(msgspec.Struct, frozen=True):
    """A JSON body with places for the parts of a failure.

    Texts that begin with `$` are places: `$message`, `$tool`, `$field` (also as a key), `$retry_after` in seconds or
    `$retry_after_ms`, and any other by its name in `codes`, which holds its value for each kind of failure. What a failure
    does not have is left out, with the object or list around it where that says nothing else. A kind without codes is not
    written in this shape.
    """

    body: JSON
    codes: dict[FailureKind, dict[str, JSON]]

    @property
    def whole(self) -> bool:
        """Whether it tells everything that a failure of its kinds may have."""
        used, waits = set(_places(self.body)), {"rate_limited", "unavailable"}
        timed = waits.isdisjoint(self.codes) or not used.isdisjoint({"$retry_after", "$retry_after_ms"})
        return timed and ("$field" in used or self.codes.keys() <= waits)

    def fits(self, told: Told) -> bool:
        """Whether a failure is written in this shape."""
        return told.kind in self.codes and (told.field is not None or not _under_a_field(self.body))

    def style(self, name: str) -> Style:
        """The shape as a style; raises `PlanError` where what is written could not be read back."""
        used = set(_places(self.body))
        if "$message" not in used:
            raise PlanError(f"the error shape {name!r} has no place for '$message'; put one into its body")
        told: dict[str, FailureKind] = {}
        for kind, codes in self.codes.items():
            if missing := used - _PARTS - {f"${key}" for key in codes}:
                raise PlanError(f"the error shape {name!r} has no {min(missing)!r} for {kind!r}; add it to its codes")
            text = json.dumps({key: codes[key] for key in sorted(codes) if f"${key}" in used})
            if text in told:
                raise PlanError(
                    f"in the error shape {name!r}, {told[text]!r} and {kind!r} have the same codes; tell them apart"
                )
            told[text] = kind
        return Style(name, self.write, self.read)

    def write(self, told: Told, tool: str) -> str:
        retry = told.retry_after
        parts: dict[str, JSON] = {f"${key}": value for key, value in self.codes[told.kind].items()}
        parts |= {"$message": told.message, "$tool": tool}
        parts |= {} if told.field is None else {"$field": told.field}
        parts |= {} if retry is None else {"$retry_after": _number(retry, 1), "$retry_after_ms": _number(retry, 1000)}
        return json.dumps(_filled(self.body, parts), ensure_ascii=False)

    def read(self, text: str) -> Told | None:
        found: dict[str, JSON] = {}
        if not _matches(self.body, json.loads(text), found):
            return None
        for kind, codes in self.codes.items():
            if all(codes.get(key[1:], _ABSENT) == value for key, value in found.items() if key not in _PARTS):
                retry: Any = found.get("$retry_after")
                if "$retry_after_ms" in found:
                    retry = found["$retry_after_ms"] / 1000
                return Told(kind, found["$message"], found.get("$field"), retry)
        return None


def _number(seconds: float, times: int) -> float:
    """So many times a number of seconds, in exact decimals, and whole where it is."""
    number = Decimal(repr(seconds)) * times
    return int(number) if number == number.to_integral_value() else float(number)


def _is_place(value: JSON) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _places(body: JSON) -> Iterator[str]:
    if isinstance(body, dict):
        for key, value in body.items():
            yield from _places(key)
            yield from _places(value)
    elif isinstance(body, list):
        for item in body:
            yield from _places(item)
    elif _is_place(body):
        yield body


def _filled(body: JSON, parts: Mapping[str, JSON]) -> JSON:
    if _is_place(body):
        return parts.get(body, _ABSENT)
    if not isinstance(body, (dict, list)):
        return body
    places = set(_places(body))
    if places and places.isdisjoint(parts):
        return _ABSENT
    if isinstance(body, list):
        return [item for one in body if (item := _filled(one, parts)) is not _ABSENT]
    pairs = ((_filled(key, parts), _filled(value, parts)) for key, value in body.items())
    return {key: value for key, value in pairs if key is not _ABSENT and value is not _ABSENT}


def _matches(body: JSON, data: JSON, found: dict[str, JSON]) -> bool:
    """Whether data is in the shape; the parts are put into `found`."""
    if _is_place(body):
        return bool(found.setdefault(body, data) == data)
    if isinstance(body, dict):
        if not isinstance(data, dict):
            return False
        left = dict(data)
        for key, value in sorted(body.items(), key=lambda pair: _is_place(pair[0])):
            name = next(iter(left), "") if _is_place(key) else key
            if name in left:
                if not _matches(key, name, found) or not _matches(value, left.pop(name), found):
                    return False
            elif not _is_place(key) and not _may_be_absent(value):
                return False
        return not left
    if isinstance(body, list):
        if not isinstance(data, list):
            return False
        rest = list(data)
        for one in body:
            trial = dict(found)
            if rest and _matches(one, rest[0], trial):
                found.update(trial)
                del rest[0]
            elif not _may_be_absent(one):
                return False
        return not rest
    return bool(body == data) and isinstance(body, bool) == isinstance(data, bool)


def _may_be_absent(body: JSON) -> bool:
    """Whether a part of a body is left out where a failure has no field, or no time to come back."""
    places = set(_places(body))
    return bool(places) and places <= _OPTIONAL


def _under_a_field(body: JSON) -> bool:
    """Whether the message stands below a key that is the field's name."""
    if isinstance(body, list):
        return any(_under_a_field(one) for one in body)
    if not isinstance(body, dict):
        return False
    return any("$message" in _places(value) if key == "$field" else _under_a_field(value) for key, value in body.items())
