"""Every message that a toolset can refuse with, read out of its source."""

from __future__ import annotations

import ast
from itertools import count, product
from typing import NamedTuple


class Refusal(NamedTuple):
    """A message with a value in each of its slots, and the line that refuses with it."""

    line: int
    message: str
    values: tuple[str, ...]


class Unreadable(Exception):
    """A message that the source does not write out."""


Wording = tuple[str, tuple[str, ...]]
"""A text and the values in it."""
Scope = ast.FunctionDef | ast.AsyncFunctionDef | None
"""The function that something is in; `None` outside all of them."""


class Assigned(NamedTuple):
    line: int
    block: int
    value: ast.expr | None
    """`None` where a name is added to."""


def refusals(source: str) -> list[Refusal]:
    """Every message that a `ToolError` is made with, once for each of the wordings that it can have.

    What is written out by itself and put into a message, as a sentence that is only sometimes there, is read too; every
    other slot holds a value of its own. Raises `Unreadable` for a message that is not written out.
    """
    tree = ast.parse(source)
    reading = _Reading(tree)
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _last_name(node.func) == "ToolError"]
    made.sort(key=lambda call: call.lineno)
    return [Refusal(call.lineno, *wording) for call in made for wording in reading.of_call(call)]


def _last_name(called: ast.expr) -> str | None:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)


class _Reading:
    """The texts that names can stand for where they are used."""

    def __init__(self, tree: ast.Module) -> None:
        self._assigned: dict[tuple[Scope, str], list[Assigned]] = {}
        self._place: dict[ast.AST, tuple[Scope, tuple[int, ...]]] = {}
        self._numbers = count(101)  # no value is a part of another
        self._note(tree, None, ())

    def of_call(self, call: ast.Call) -> list[Wording]:
        given = [each.value for each in call.keywords if each.arg == "message"] or call.args[1:2]
        wordings = self._texts(given[0]) if given else None
        if not wordings:
            raise Unreadable(f"line {call.lineno}: {ast.unparse(call)}")
        return wordings

    def _note(self, node: ast.AST, scope: Scope, blocks: tuple[int, ...]) -> None:
        """Keep where every node is, and what every name is assigned."""
        self._place[node] = (scope, blocks)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            value = None if isinstance(node, ast.AugAssign) else node.value
            for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
                if isinstance(target, ast.Name):
                    self._assigned.setdefault((scope, target.id), []).append(Assigned(node.lineno, blocks[-1], value))
        inner = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scope
        for _, field in ast.iter_fields(node):
            children = field if isinstance(field, list) else [field]
            within = (*blocks, id(field)) if isinstance(field, list) else blocks
            for child in children:
                if isinstance(child, ast.AST):
                    self._note(child, inner, within)

    def _texts(self, node: ast.expr | None) -> list[Wording] | None:
        """The wordings of what writes a text out; `None` for anything else."""
        match node:
            case ast.Constant(value=str(text)):
                return [(text, ())]
            case ast.IfExp():
                return self._all([node.body, node.orelse])
            case ast.Name():
                return self._all(self._meanings(node))
            case ast.JoinedStr():
                parts = [self._texts(part) or [self._value(part)] for part in map(_slot, node.values)]
                return [_joined(*wording) for wording in product(*parts)]
            case _:
                return None

    def _all(self, nodes: list[ast.expr | None]) -> list[Wording] | None:
        found: list[Wording] = []
        for node in nodes:
            texts = self._texts(node)
            if texts is None:
                return None
            found += texts
        return found or None

    def _meanings(self, name: ast.Name) -> list[ast.expr | None]:
        """What a name may have been assigned last: each branch before its use, back to where it is assigned in any case."""
        scope, blocks = self._place[name]
        if (scope, name.id) not in self._assigned:
            return [each.value for each in self._assigned.get((None, name.id), [])]
        found: list[ast.expr | None] = []
        for line, block, value in reversed(self._assigned[scope, name.id]):
            if line < name.lineno:
                found.append(value)
                if block in blocks and value is not None:
                    break
        return found

    def _value(self, slot: ast.expr) -> Wording:
        number = next(self._numbers)
        value = f"{number}40.50" if isinstance(slot, ast.FormattedValue) else f"X-{number}"
        return value, (value,)


def _slot(part: ast.expr) -> ast.expr:
    """What a slot holds; a slot with a format, which holds a number, as it is."""
    return part.value if isinstance(part, ast.FormattedValue) and part.format_spec is None else part


def _joined(*parts: Wording) -> Wording:
    return "".join(text for text, _ in parts), tuple(value for _, values in parts for value in values)
