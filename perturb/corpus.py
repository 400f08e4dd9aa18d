"""The words, the names and the values of a toolset: what new names must stay clear of, and what other wordings must keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from perturb import schemas
from perturb.knowable import leaves
from perturb.types import to_json

if TYPE_CHECKING:
    from perturb.operator import Setup
    from perturb.toolset import Toolset

_WORD = re.compile(r"[^\W\d]\w*")
_MARKED = re.compile(r"[`'\"]([^\W\d][\w.-]*)[`'\"(]")
_LETTERS = re.compile(r"[^\W\d_]+")
_PROSE = 6
"""Texts of more words are prose: they have words, and are no values."""


def words_of(setup: Setup) -> frozenset[str]:
    """The words of a toolset's own setup, its prompts, gold calls and answers, and the states its tasks begin in, in lower
    case; identifiers whole and in parts."""
    toolset = setup.source
    texts = [setup.system, to_json(setup.tools).decode()]
    for task in toolset.tasks:
        texts += [task.prompt, *task.follow_ups, task.answer, to_json(task.gold).decode()]
    found: set[str] = set()
    for text in [*texts, *_states(toolset)]:
        found.update(_WORD.findall(text.lower()))
    found.update(part for word in list(found) if "_" in word for part in word.split("_"))
    return frozenset(found)


def names_of(setup: Setup) -> frozenset[str]:
    """The names of a toolset's own setup, in lower case: of tools and properties, values of enums, keys of its states, and
    what its prompts and descriptions set apart with quotes or code marks. Ordinary words of prose are not among them."""
    toolset = setup.source
    found = {tool.name for tool in setup.tools}
    texts = [setup.system, *(text for task in toolset.tasks for text in (task.prompt, *task.follow_ups))]
    for tool in setup.tools:
        texts.append(tool.description)
        for schema in (tool.parameters, tool.returns):
            for names in schemas.siblings(schema):
                found.update(names)
            for key, value in _members(schema):
                if key == "description" and isinstance(value, str):
                    texts.append(value)
                elif key == "enum" and isinstance(value, list):
                    found.update(one for one in value if isinstance(one, str))
    for state in _states(toolset):
        found.update(str(key) for key, _ in _members(msgspec.json.decode(state)))
    for text in texts:
        found.update(_MARKED.findall(text))
    return frozenset(name.lower() for name in found)


def values_of(setup: Setup) -> frozenset[str]:
    """The values of a toolset's own setup: scalars of gold calls, what schemas list, the names of entities, and the scalars of
    the states that its tasks begin in. Texts that are prose, of more than six words, are values only in gold calls."""
    toolset = setup.source
    found = {name for names in toolset.entities.values() for name in names}
    for task in toolset.tasks:
        for call in task.gold or ():
            found.update(str(leaf) for leaf in leaves(call.arguments))
    held = [msgspec.json.decode(state) for state in _states(toolset)]
    for tool in setup.tools:
        for schema in (tool.parameters, tool.returns):
            held += [value for key, value in _members(schema) if key in ("enum", "const", "default", "examples")]
    for value in held:
        found.update(leaf for leaf in leaves(value) if isinstance(leaf, str) and len(leaf.split()) <= _PROSE)
    return frozenset(found - {""})


def letters_of(values: frozenset[str]) -> frozenset[str]:
    """The words of values, in lower case; what digits and underscores join is several words."""
    return frozenset(word for value in values for word in _LETTERS.findall(value.lower()))


def _states(toolset: Toolset) -> list[str]:
    """The states that the tasks begin in, as JSON, each once."""
    found: set[bytes] = set()
    for task in toolset.tasks if toolset.dumps_state else ():
        environment = toolset.environment(task)
        try:
            found.add(to_json(environment.dump()))
        finally:
            environment.close()
    return [state.decode() for state in sorted(found)]


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a JSON value with what it holds, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _members(value)
    elif isinstance(node, list):
        for item in node:
            yield from _members(item)
