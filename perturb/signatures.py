"""A typed Python function as a tool: its schema from the type hints, its descriptions from the docstring, and a
compiled validator of its arguments.

Pydantic and docstring_parser are imported when the first function is read, so that nothing else pays for them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from perturb import schemas
from perturb.errors import ToolsetError
from perturb.types import JSON, Call, Failure, Schema, Tool

METADATA = "__perturb_tool__"
"""The attribute in which `perturb.authoring.read` and `write` leave what an author declares about a tool."""

STATE = "state"
"""The parameter by which a plain function takes the state of the episode; it is no argument of the tool."""

_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")


class ToolFunction:
    """A function with the tool that it is shown as.

    `read(call)` checks and converts the arguments in about two microseconds and gives keyword arguments or a `Failure`;
    `invoke(subject, arguments)` runs the function on the episode's instance (a method) or state (a plain function).
    """

    __slots__ = ("_takes_subject", "_validate", "function", "is_async", "tool")

    def __init__(self, function: Callable[..., Any], *, method: bool) -> None:
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        hints = _hints(function)
        parameters = dict(inspect.signature(function).parameters)
        if method:
            parameters.pop(next(iter(parameters)))
        self._takes_subject: str | None = None if method else STATE
        if not method and parameters.pop(STATE, None) is None:
            self._takes_subject = ""
        schema, self._validate = _arguments(function, parameters, hints)
        description = _describe(function, schema)
        declared = getattr(function, METADATA, {})
        returns = hints.get("return", inspect.Parameter.empty)
        self.tool = Tool(
            name=function.__name__,
            description=description,
            parameters=schema,
            returns=None if returns is inspect.Parameter.empty else _returned(function, returns),
            renderer="text" if returns is str else "json",
            stands_for=(function.__name__,),
            **declared,
        )

    def read(self, call: Call) -> dict[str, Any] | Failure:
        try:
            return typing.cast("dict[str, Any]", self._validate(msgspec.json.encode(call.arguments), strict=True))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            return _refused(call, error)

    def invoke(self, subject: Any, arguments: dict[str, Any]) -> Any:
        if self._takes_subject is None:
            return self.function(subject, **arguments)
        if self._takes_subject:
            arguments = {**arguments, self._takes_subject: subject}
        return self.function(**arguments)


def tool_functions(subject: type) -> list[Callable[..., Any]]:
    """The public methods of a class in the order they are written, those of its bases first."""
    found: dict[str, Callable[..., Any]] = {}
    for kind in reversed(subject.__mro__[:-1]):
        for name, value in vars(kind).items():
            if not name.startswith("_") and name not in ("dump", "load", "close") and inspect.isfunction(value):
                found[name] = value
    return list(found.values())


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise ToolsetError(
            f"the type hints of tool {function.__name__!r} cannot be read: {error}; define their types at the top of the module"
        ) from error


def _arguments(
    function: Callable[..., Any], parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]
) -> tuple[Schema, Callable[..., Any]]:
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict

    fields: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolsetError(f"tool {function.__name__!r} takes {str(parameter)!r}; write each argument out by its name")
        if name not in hints:
            raise ToolsetError(f"argument {name!r} of tool {function.__name__!r} has no type; write one, such as `{name}: str`")
        fields[name] = hints[name]
        if parameter.default is not parameter.empty:
            fields[name] = typing.NotRequired[hints[name]]
    typed_dict: Any = TypedDict
    shape = typed_dict(function.__name__, fields)
    shape.__pydantic_config__ = ConfigDict(extra="forbid")
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(shape)
        schema = _tidy(adapter.json_schema())
    except Exception as error:
        raise ToolsetError(f"the arguments of tool {function.__name__!r} have no JSON Schema: {_first_line(error)}") from error
    schema.pop("description", None)
    schema.setdefault("properties", {})
    for name, parameter in parameters.items():
        if parameter.default is None:
            schema["properties"][name] = _without_null(schema["properties"][name])
        elif parameter.default is not parameter.empty:
            schema["properties"][name].setdefault("default", msgspec.to_builtins(parameter.default))
    return schema, adapter.validator.validate_json


def _returned(function: Callable[..., Any], annotation: Any) -> Schema:
    from pydantic import TypeAdapter

    try:
        return _tidy(TypeAdapter(annotation).json_schema(mode="serialization"))
    except Exception as error:
        raise ToolsetError(f"the result of tool {function.__name__!r} has no JSON Schema: {_first_line(error)}") from error


def _describe(function: Callable[..., Any], schema: Schema) -> str:
    """Put the docstring's words on arguments into the schema, and return those on the tool."""
    import docstring_parser

    parsed = docstring_parser.parse(function.__doc__ or "", style=docstring_parser.DocstringStyle.GOOGLE)
    for parameter in parsed.params:
        if parameter.arg_name in schema["properties"] and parameter.description:
            schema["properties"][parameter.arg_name].setdefault("description", " ".join(parameter.description.split()))
        elif parameter.arg_name != STATE and parameter.arg_name not in schema["properties"]:
            raise ToolsetError(
                f"the docstring of tool {function.__name__!r} describes {parameter.arg_name!r}, which is none of its arguments"
            )
    words = " ".join(filter(None, (parsed.short_description, parsed.long_description)))
    return " ".join(words.split())


def _tidy(schema: Schema) -> Schema:
    return schemas.inline(_untitled(schema))


def _untitled(schema: Any) -> Any:
    """`schema` without the titles that Pydantic derives from names: they would tell an agent a renamed argument."""
    if not isinstance(schema, dict):
        return schema
    tidy: Schema = {}
    for key, value in schema.items():
        if key in _SCHEMA_MAPS:
            tidy[key] = {name: _untitled(each) for name, each in value.items()}
        elif key in _SCHEMA_LISTS:
            tidy[key] = [_untitled(each) for each in value]
        elif key in _SCHEMAS:
            tidy[key] = _untitled(value)
        elif key != "title":
            tidy[key] = value
    return tidy


def _without_null(schema: Schema) -> Schema:
    """An argument that may be left out is shown as its type alone; an explicit null is still read as left out."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) != 1 or len(schema["anyOf"]) == 1:
        return schema
    return {**choices[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _refused(call: Call, error: Exception) -> Failure:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        message = f"Invalid arguments for {call.name}: they are not JSON ({_first_line(error)})"
        return Failure(kind="invalid_argument", message=message, tool=call.name)
    first = error.errors(include_url=False, include_context=False)[0]
    path, value = _reached(call.arguments, first["loc"])
    field = ".".join(path) or None
    if first["type"] == "missing":
        message, value = f"Invalid arguments for {call.name}: '{field}' is required", None
    elif first["type"] == "extra_forbidden":
        message = f"Invalid arguments for {call.name}: '{field}' is not an argument"
    elif field is None:
        message = f"Invalid arguments for {call.name}: expected a JSON object"
    else:
        wanted = first["msg"][:1].lower() + first["msg"][1:]
        message = f"Invalid argument for {call.name}: '{field}' was {msgspec.json.encode(value).decode()}; {wanted}"
    return Failure(kind="invalid_argument", message=message, tool=call.name, field=field, value=value)


def _reached(arguments: JSON, location: tuple[int | str, ...]) -> tuple[list[str], JSON]:
    """The part of an error's location that is a path in the arguments (Pydantic adds names of union members), and the
    value there."""
    path: list[str] = []
    value = arguments
    for index, part in enumerate(location):
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif isinstance(value, dict) and index == len(location) - 1:
            value = None
        else:
            continue
        path.append(str(part))
    return path, value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
