"""Pydantic records from the JSON they were dumped to, without checking them again.

A suite's models check every e-mail address when they are validated, ten milliseconds for a workspace, and rebuild their
tables from the lists they began with, which would undo an episode. A dump holds values that were checked already.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from perturb.types import JSON

Record = TypeVar("Record", bound=BaseModel)
_Reader = Callable[[JSON], Any]


def read_record(model: type[Record], data: JSON) -> Record:
    """The record of `model` that `data` was dumped from; fields that are not there take their defaults.

    The values are new objects: `data` stays apart from the record. Raises `TypeError`, `ValueError` or `KeyError` for
    data that `model` cannot have been dumped to.
    """
    readers = _readers(model)
    values = {name: readers[name](value) for name, value in data.items() if name in readers}
    for name, field in model.model_fields.items():
        if name not in values and field.is_required():
            raise KeyError(name)
    return model.model_construct(**values)


@cache
def _readers(model: type[BaseModel]) -> dict[str, _Reader]:
    return {name: _reader(field.annotation) for name, field in model.model_fields.items()}


def _same(value: JSON) -> Any:
    return value


def _reader(annotation: Any) -> _Reader:
    """What makes a value of type `annotation` from JSON."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _union_reader(inner)
    if annotation is list or origin is list:
        item = _reader(inner[0]) if inner else _same
        return list if item is _same else lambda values: [item(value) for value in values]
    if annotation is dict or origin is dict:
        item = _reader(inner[1]) if inner else _same
        return dict if item is _same else lambda values: {key: item(value) for key, value in values.items()}
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return lambda value: read_record(annotation, value)
        if issubclass(annotation, datetime):
            return datetime.fromisoformat
        if issubclass(annotation, date):
            return date.fromisoformat
        if issubclass(annotation, (Enum, float)):
            return annotation
    return _same


def _union_reader(inner: tuple[Any, ...]) -> _Reader:
    """Nothing stays nothing, an object becomes the record among `inner`, and anything else the first that is not one."""
    records = [item for item in inner if isinstance(item, type) and issubclass(item, BaseModel)]
    plain = [item for item in inner if item not in records and item is not type(None)]
    of_object = _reader(records[0]) if records else _same
    of_plain = _reader(plain[0]) if plain else _same
    return lambda value: None if value is None else of_object(value) if isinstance(value, dict) else of_plain(value)
