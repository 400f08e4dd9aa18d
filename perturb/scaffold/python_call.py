"""Calls as Python: functions with keyword arguments, in blocks of code. They are read, and never run."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Sequence
from typing import Any

from perturb.messages import Answered, ToolCall, Tools
from perturb.scaffold.formats import CallFormat, Reading, arguments_of, as_it_is, blocks, called, fenced, paragraphs
from perturb.types import JSON

_TOLD = """\
To call a tool, write a block of Python like this one, and nothing behind it:

```python
its_name(an_argument="its value", another=2)
```

Each line is one call, with literal values: nothing else is run, and no value can be taken from another call. The results come
with the next message. When you need no tool any more, answer in plain words, without such a block."""
_ODD = """\
A tool whose name is none in Python is called as tools["its-name"](…), and arguments of such names are given as
**{"a-name": "its value"}."""
_CONSTANTS = {"true": True, "false": False, "null": None}


def _told(tools: Tools) -> str:
    names = [name for tool in tools for name in (tool.name, *(tool.parameters.get("properties") or ()))]
    return _TOLD if all(is_name(name) for name in names) else f"{_TOLD}\n\n{_ODD}"


def is_name(text: str) -> bool:
    """Whether a text is a name in Python that means nothing else there."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text) and text not in ("tools", *_CONSTANTS)


def _write_calls(text: str, calls: Sequence[ToolCall], tools: Tools) -> str:
    return paragraphs(text, fenced("python", "\n".join(map(_written, calls))))


def _written(call: ToolCall) -> str:
    arguments = arguments_of(call)
    if not isinstance(arguments, dict):
        arguments = {"": arguments}
    plain = [f"{name}={value!r}" for name, value in arguments.items() if is_name(name)]
    odd = {name: value for name, value in arguments.items() if not is_name(name)}
    function = call.name if is_name(call.name) else f"tools[{call.name!r}]"
    return f"{function}({', '.join([*plain, *([f'**{odd!r}'] if odd else [])])})"


def _write_results(answered: Sequence[Answered]) -> str:
    return paragraphs(*(f"Output of {one.name}:\n{one.text}" for one in answered))


def _read(text: str, tools: Tools) -> Reading:
    found = blocks(text, "python", "py", "tool_code")
    if not found:
        return Reading(answer=text)
    calls: list[ToolCall] = []
    for block in found:
        try:
            calls += [called(name, arguments) for name, arguments in _calls_in(ast.parse(block), tools)]
        except SyntaxError as error:
            return _complaint(f"line {error.lineno} is no Python: {error.msg}")
        except (ValueError, RecursionError) as error:
            return _complaint(str(error))
    return Reading(calls=tuple(calls)) if calls else _complaint("there is no call in the block")


def _calls_in(module: ast.Module, tools: Tools) -> Iterator[tuple[str, dict[str, JSON]]]:
    for statement in module.body:
        value = getattr(statement, "value", None) if isinstance(statement, (ast.Expr, ast.Assign)) else None
        if not isinstance(value, ast.Call):
            raise ValueError(f"line {statement.lineno} is no call of a tool")
        yield _name_of(value.func), _arguments_of(value, tools)


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Subscript) and isinstance(function.slice, ast.Constant):
        return str(function.slice.value)
    if isinstance(function, (ast.Name, ast.Attribute)):
        return ast.unparse(function)
    raise ValueError(f"line {function.lineno} calls what is no tool")


def _arguments_of(call: ast.Call, tools: Tools) -> dict[str, JSON]:
    name = _name_of(call.func)
    declared = [list(one.parameters.get("properties") or ()) for one in tools if one.name == name]
    names = declared[0] if declared else []
    if len(call.args) > len(names):
        raise ValueError(f"line {call.lineno} gives {name} values without names; give each as name=value")
    arguments: dict[str, JSON] = {key: _literal(value) for key, value in zip(names, call.args, strict=False)}
    for given in call.keywords:
        value = _literal(given.value)
        if given.arg is not None:
            arguments[given.arg] = value
        elif isinstance(value, dict):
            arguments |= value
    return arguments


def _literal(node: ast.expr) -> Any:
    """The JSON value of an expression; a model may write its constants as JSON has them."""
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_key(key): _literal(value) for key, value in zip(node.keys, node.values, strict=True)}
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        value = ...
    if value is not None and not isinstance(value, (str, int, float, bool)):
        raise ValueError(f"line {node.lineno} holds {ast.unparse(node)[:60]!r}, which is no literal value of JSON")
    return value


def _key(node: ast.expr | None) -> str:
    key = None if node is None else _literal(node)
    if not isinstance(key, str):
        raise ValueError("a key of an object is no text")
    return key


def _complaint(why: str) -> Reading:
    return Reading(
        complaint=f"Your call could not be read: {why}. Write it again as a ```python block with a call a line, or answer in "
        "plain words."
    )


PYTHON = CallFormat(_told, _write_calls, as_it_is, _write_results, _read)
