"""How native calls and their results are written down: their ids, how many a turn has, in whose name results come."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from perturb.messages import Answered, History, Message, Part, Said, Text, Told, ToolCall
from perturb.scaffold.formats import arguments_of, json_text

Ids = Literal["server", "numbered", "short", "uuid", "anthropic"]
Turns = Literal["parallel", "one"]
Results = Literal["tool", "user"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def one_call_a_turn(history: History) -> History:
    """The history as if every call had been made in a turn of its own; what the model said and thought goes with the first."""
    told: list[Message] = []
    answers = {one.id: one for one in history if isinstance(one, Answered)}
    placed: set[str] = set()
    for one in history:
        if isinstance(one, Said) and len(one.calls) > 1 and all(call.id in answers for call in one.calls):
            first, *others = one.calls
            parts = tuple(part for part in one.parts if not isinstance(part, ToolCall) or part is first)
            told += [Said(parts), answers[first.id]]
            for call in others:
                told += [Said((call,)), answers[call.id]]
            placed.update(call.id for call in one.calls)
        elif not (isinstance(one, Answered) and one.id in placed):
            told.append(one)
    return told


def with_ids(history: History, shape: Ids) -> History:
    """The history with ids of another shape, each for the same call and its result."""
    if shape == "server":
        return history
    new: dict[str, str] = {}
    for one in history:
        for call in one.calls if isinstance(one, Said) else ():
            new.setdefault(call.id, _id(call.id, len(new), shape))
    told: list[Message] = []
    for one in history:
        if isinstance(one, Said) and one.calls:
            told.append(Said(tuple(_renamed(part, new) for part in one.parts)))
        elif isinstance(one, Answered):
            told.append(msgspec.structs.replace(one, id=new.get(one.id, one.id)))
        else:
            told.append(one)
    return told


def _renamed(part: Part, new: dict[str, str]) -> Part:
    return renamed(part, new[part.id]) if isinstance(part, ToolCall) else part


def renamed(call: ToolCall, name: str) -> ToolCall:
    """The call with another id, in what goes over the wire too."""
    wire = call.wire
    if isinstance(wire, dict):
        wire = {**wire, "call_id" if "call_id" in wire else "id": name}
    return msgspec.structs.replace(call, id=name, wire=wire)


def _id(old: str, number: int, shape: Ids) -> str:
    """An id, the same whenever the conversation is written again."""
    if shape == "numbered":
        return f"call_{number}"
    seed = hashlib.sha256(f"{number}\x1f{old}".encode()).digest()
    if shape == "uuid":
        text = seed.hex()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in seed)
    return letters[:9] if shape == "short" else f"toolu_01{letters[:22]}"


CALLING, OBSERVATION = "Calling tools:", "Observation:"


def told_by_user(history: History) -> History:
    """The history with earlier calls as words of the model's and their results as words of the user's, as smolagents writes
    them for models that know no role of a tool."""
    told: list[Message] = []
    for one in history:
        if isinstance(one, Said) and one.calls:
            calls = [{"id": call.id, "name": call.name, "arguments": arguments_of(call)} for call in one.calls]
            kept = [part for part in one.parts if not isinstance(part, ToolCall)]
            gap = "\n\n" if one.text else ""
            told.append(Said((*kept, Text(f"{gap}{CALLING}\n{json_text(calls)}"))))
        elif isinstance(one, Answered):
            told.append(Told("user", f"{OBSERVATION}\n{one.text}"))
        else:
            told.append(one)
    return told
