"""What replies tell an agent to do: try again, use something else, ask for the next page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from perturb.agent import LiveEpisode
from perturb.reference.forms import Path, Slot, slots
from perturb.reference.matching import Matching, carried
from perturb.reference.places import Document, plain
from perturb.reference.words import words
from perturb.types import JSON, Call, Reply, Tool

TRIES = 4
"""How often one call is made at most where replies say that it may work the next time."""

_AGAIN = re.compile(
    r"(?i)\b(try|call|send|request)\b[^.]{0,60}\bagain\b|\bretry|\btemporar|\btry later\b|\btoo many requests\b|\btimed? ?out\b"
)
_IDENTIFIER = re.compile(r"[\w-]+")
_QUOTED = re.compile(r"[`'\"“‘]([^`'\"”’]+)[`'\"”’]")


def says_try_again(text: str) -> bool:
    """Whether an error says that the same call may work later."""
    return _AGAIN.search(text) is not None


async def patiently(episode: LiveEpisode, call: Call, expected: str = "") -> Reply:
    """Make a call, again where the error says so and `expected`, the error that was learnt for it, does not."""
    reply = await episode.call(call.name, call.arguments)
    for _ in range(TRIES - 1):
        if not (reply.is_error and says_try_again(reply.text)) or says_try_again(expected):
            break
        reply = await episode.call(call.name, call.arguments)
    return reply


def revised(text: str, call: Call, learnt: Call, taught: Sequence[Tool], shown: Sequence[Tool]) -> Call | None:
    """The call that an error suggests in place of `call`; `None` where it suggests none that is different.

    It may name another tool to use, another argument for a value, or the values that an argument can have.
    """
    named = set(_IDENTIFIER.findall(text))
    tools = {tool.name: tool for tool in shown}
    if others := [tools[name] for name in tools if name in named and name != call.name]:
        own = [tool for tool in taught if tool.name == learnt.name]
        return _other(Matching(own, others).call(learnt), call)
    if call.name not in tools:
        return None
    every = {slot.path: slot for slot in slots(tools[call.name].parameters)}
    wrong = [slot for path, slot in every.items() if slot.name in named and _get(call.arguments, path) is not None]
    instead = [slot for path, slot in every.items() if slot.name in named and _get(call.arguments, path) is None]
    if len(wrong) == 1 and len(instead) == 1:
        return _other(_with(_without(call, wrong[0].path), instead[0].path, _get(call.arguments, wrong[0].path)), call)
    if len(wrong) == 1:
        return _other(_allowed(text, call, wrong[0]), call)
    return None


def _allowed(text: str, call: Call, slot: Slot) -> Call | None:
    """The call with the quoted value of `text` that is most like the one that it had."""
    value = _get(call.arguments, slot.path)
    options = [one for one in _QUOTED.findall(text) if one not in (slot.name, plain(value), call.name)]
    if not options:
        return None
    return _with(call, slot.path, carried(value, {}, {**slot.schema, "enum": options}))


def next_page(page: Document, learnt: Document, tool: Tool, given: Collection[Path]) -> tuple[Path, JSON] | None:
    """The argument that asks for what follows a page of rows, and its value.

    The value stands beside the rows under a key that the learnt result did not have. The argument has not been given
    otherwise, and its description names that key, or its own name is part of it.
    """
    fields = {name: value for name, value in _beside_rows(page.tree) if learnt.values[name] == 0 and plain(value)}
    for slot in slots(tool.parameters) if fields else ():
        if slot.path in given:
            continue
        told, own = set(_IDENTIFIER.findall(slot.description)), set(words(slot.name))
        for name, value in fields.items():
            if name in told or own <= set(words(name)):
                return slot.path, value
    return None


def page_call(call: Call, path: Path, value: JSON) -> Call:
    """A call with one more argument."""
    return _with(call, path, value)


def _beside_rows(node: JSON) -> Iterator[tuple[str, JSON]]:
    """The scalar fields of the objects on the way to a list, that one included."""
    if isinstance(node, dict) and _holds_list(node):
        for name, child in node.items():
            if not isinstance(child, (dict, list)):
                yield name, child
            else:
                yield from _beside_rows(child)


def _holds_list(node: JSON) -> bool:
    return isinstance(node, list) or (isinstance(node, dict) and any(map(_holds_list, node.values())))


def _other(made: Call | None, call: Call) -> Call | None:
    return None if made == call else made


def _get(node: JSON, path: Path) -> JSON:
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _with(call: Call, path: Path, value: JSON) -> Call:
    def put(node: JSON, rest: Path) -> JSON:
        if not rest:
            return value
        inner = node if isinstance(node, dict) else {}
        return {**inner, rest[0]: put(inner.get(rest[0]), rest[1:])}

    return Call(call.name, put(call.arguments, path))


def _without(call: Call, path: Path) -> Call:
    def cut(node: JSON, rest: Path) -> JSON:
        if len(rest) == 1:
            return {name: child for name, child in node.items() if name != rest[0]}
        return {name: cut(child, rest[1:]) if name == rest[0] else child for name, child in node.items()}

    return Call(call.name, cut(call.arguments, path))
