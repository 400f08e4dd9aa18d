"""A call of a tool as the HTTP request that its operation describes, in the styles of OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from perturb.openapi.operations import Operation, Parameter, is_json
from perturb.types import JSON

_DELIMITERS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


class NotSendable(Exception):
    """A call that no request can be made of: an argument that is missing from the path, or that has no place."""

    def __init__(self, field: str, value: JSON) -> None:
        super().__init__(field)
        self.field = field
        self.value = value


def request_of(operation: Operation, arguments: Mapping[str, JSON], base: str, headers: Mapping[str, str]) -> httpx2.Request:
    """The request. Arguments that are null are not sent, but within a body. Raises `NotSendable`."""
    path = operation.path
    query: list[tuple[str, Any]] = []
    cookies: dict[str, str] = {}
    sent = httpx2.Headers(dict(headers))
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if value is None:
            if parameter.location == "path":
                raise NotSendable(parameter.argument, None)
            continue
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", _in_path(parameter, value))
        elif parameter.location == "query":
            query += _in_query(parameter, value)
        elif parameter.location == "header":
            sent[parameter.name] = _ascii(_simple(parameter, value))
        else:
            cookies[parameter.name] = _simple(parameter, value)
    known = {parameter.argument for parameter in operation.parameters}
    body = operation.body
    if body is not None:
        known |= {body.whole} if body.properties is None else body.properties.keys()
    for name, value in arguments.items():
        if name not in known:
            raise NotSendable(name, value)
    content = _content(operation, arguments, sent)
    url = f"{base.rstrip('/')}{path}"
    return httpx2.Request(operation.method, url, params=query or None, headers=sent, cookies=cookies or None, **content)


def _content(operation: Operation, arguments: Mapping[str, JSON], headers: httpx2.Headers) -> dict[str, Any]:
    body = operation.body
    if body is None:
        return {}
    if body.properties is None:
        if body.whole not in arguments:
            return {}
        value = arguments[body.whole]
    else:
        value = {name: arguments[argument] for argument, name in body.properties.items() if argument in arguments}
        if not value and not body.required:
            return {}
    kind = body.media_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return {"data": {name: _form_value(one) for name, one in value.items() if one is not None}}
    if kind == "multipart/form-data" and isinstance(value, dict):
        parts = [(name, one) for name, many in value.items() for one in (many if isinstance(many, list) else [many])]
        return {"files": [(name, (None, _text(one).encode())) for name, one in parts if one is not None]}
    if "*" not in kind:
        headers["Content-Type"] = body.media_type
    if is_json(kind) or not isinstance(value, str):
        headers.setdefault("Content-Type", "application/json")
        return {"content": json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()}
    return {"content": value.encode()}


def _form_value(value: JSON) -> Any:
    return [_text(one) for one in value] if isinstance(value, list) else _text(value)


def _text(value: JSON) -> str:
    """A value as text: JSON for objects and lists, and for `true` and `false`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _in_path(parameter: Parameter, value: JSON) -> str:
    """A value within a path, each part escaped by itself."""
    if parameter.as_json:
        return _escaped(_text(value))
    exploded = parameter.explode
    if parameter.style == "simple":
        return _listed(value, exploded, ",")
    if parameter.style == "label":
        return "." + _listed(value, exploded, "." if exploded else ",")
    if isinstance(value, (list, dict)) and exploded:
        pairs = value.items() if isinstance(value, dict) else ((parameter.name, one) for one in value)
        return "".join(f";{_escaped(name)}={_escaped(_text(one))}" for name, one in pairs)
    return f";{_escaped(parameter.name)}={_listed(value, False, ',')}"


def _listed(value: JSON, exploded: bool, delimiter: str) -> str:
    if isinstance(value, dict):
        between = "=" if exploded else ","
        return delimiter.join(f"{_escaped(str(name))}{between}{_escaped(_text(one))}" for name, one in value.items())
    if isinstance(value, list):
        return delimiter.join(_escaped(_text(one)) for one in value)
    return _escaped(_text(value))


def _escaped(text: str) -> str:
    """A part of a path. What is nothing but dots would lead to another path."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if set(text) == {"."} else quoted


def _in_query(parameter: Parameter, value: JSON) -> list[tuple[str, str]]:
    name = parameter.name
    if parameter.as_json:
        return [(name, _text(value))]
    if isinstance(value, dict):
        if parameter.style == "deepObject":
            return [pair for key, one in value.items() for pair in _deep(f"{name}[{key}]", one)]
        if parameter.explode:
            return [(str(key), _text(one)) for key, one in value.items()]
        value = [part for pair in value.items() for part in pair]
    elif not isinstance(value, list):
        return [(name, _text(value))]
    elif parameter.explode or parameter.style == "deepObject":
        return [(name, _text(one)) for one in value]
    return [(name, _DELIMITERS[parameter.style].join(map(_text, value)))] if value else []


def _deep(name: str, value: JSON) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, one in value.items() for pair in _deep(f"{name}[{key}]", one)]
    if isinstance(value, list):
        return [(name, _text(one)) for one in value]
    return [(name, _text(value))]


def _simple(parameter: Parameter, value: JSON) -> str:
    """A value in a header or a cookie."""
    if parameter.as_json:
        return _text(value)
    if isinstance(value, dict):
        between = "=" if parameter.explode else ","
        return ",".join(f"{name}{between}{_text(one)}" for name, one in value.items())
    return ",".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _ascii(text: str) -> str:
    """A header's value: one line, of what headers can hold."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        text = quote(text, safe=" !\"#$&'()*+,/:;=?@[]{}|~")
    return " ".join(text.splitlines())
