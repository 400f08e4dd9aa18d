"""Reasoning that its own server signs, seals or stores: whether it comes, must come back, is checked, and is read again.

None of it can be made here, so the model is asked to choose a number in its reasoning, and for that number later: once with the
reasoning sent back and once without. Where no number tells, the tokens that the server counts do.
"""

from __future__ import annotations

import re

import msgspec

from perturb.diagnosis.line import Heard, Line
from perturb.diagnosis.reasoning import required
from perturb.diagnosis.records import Finding
from perturb.diagnosis.tools import READ
from perturb.messages import Message
from perturb.models.loop import with_ids
from perturb.models.records import Answered, Said, Thought, Told, changed, without_thoughts
from perturb.types import JSON

MOST = {"responses": 6, "anthropic": 5}
"""Requests."""
_ASKED = Told(
    "user",
    "In your reasoning, choose a number of five digits at random and write it down there, nowhere else; then call the tool "
    '`read_value` with {"key": "first"}. When its result has come, reply with that number alone, or with NONE where you cannot '
    "see it.",
)
_NUMBER = re.compile(r"\b\d{5}\b")
_THINKING: tuple[dict[str, JSON], ...] = (
    {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"thinking": {"type": "adaptive"}},
)
"""How Anthropic's server is asked to think: as most models take it, and as those do that refuse the first."""


async def responses(line: Line) -> list[Finding]:
    """OpenAI Responses: every item again, by the id of the previous response, and encrypted with nothing stored."""
    first = await line.ask([_ASKED], [READ])
    found = [_returned(first)]
    history = _with_result(first)
    if history is None:
        return found
    items = await line.ask(history, [READ])
    bare = await line.ask(_without(history), [READ])
    previous = await line.ask(history, [READ], state="previous")
    sealed = await line.ask([_ASKED], [READ], state="encrypted")
    seals = any(isinstance(one.wire, dict) and one.wire.get("encrypted_content") for one in _thoughts(sealed))
    later = _with_result(sealed)
    encrypted = await line.ask(later, [READ], state="encrypted") if later is not None and seals else None
    found += [
        _state("items", "every item again", items, bare, first),
        _state("previous", "by the id of the previous response", previous, bare, first),
    ]
    if encrypted is not None:
        found.append(_state("encrypted", "encrypted, nothing stored", encrypted, bare, sealed))
    else:
        told, value = sealed.why or "no encrypted reasoning comes", None if sealed.unclear else False
        found.append(Finding(id="encrypted", group="reasoning", title="encrypted, nothing stored", value=value, told=told))
    return [*found, required(bare)]


async def anthropic(line: Line) -> tuple[list[Finding], dict[str, JSON]]:
    """Anthropic Messages: thinking blocks with their signatures; and the field of the request with which they come."""
    bodies = ({},) if "thinking" in line.settings.body else _THINKING
    for body in bodies:
        first = await line.ask([_ASKED], [READ], body=body)
        if not first.refused:
            break
    found = [_returned(first)]
    history = _with_result(first)
    if history is None or not _thoughts(first):
        return found, body if _thoughts(first) else {}
    back = await line.ask(history, [READ], body=body)
    bare = await line.ask(_without(history), [READ], body=body)
    altered = await line.ask(_altered(history), [READ], body=body)
    checked = altered.refused and not altered.unclear
    told = f"altered thinking is refused: {altered.why}" if checked else altered.why or "no: altered thinking is taken"
    found += [
        _state("honoured", "sent back unchanged", back, bare, first),
        required(bare),
        Finding(id="checked", group="reasoning", title="is checked", value=None if altered.unclear else checked, told=told),
    ]
    return found, body


def _returned(first: Heard) -> Finding:
    title = "comes in"
    if first.completion is None:
        return Finding(id="returned", group="reasoning", title=title, value=[] if first.no is False else None, told=first.why)
    fields = list(dict.fromkeys(thought.field for thought in _thoughts(first)))
    hidden = "" if first.completion.said.reasoning or not fields else ", which cannot be read"
    kind = "items" if fields == ["reasoning"] else "blocks"
    told = f"{', '.join(fields)} {kind}{hidden}" if fields else "none came"
    return Finding(id="returned", group="reasoning", title=title, value=fields, told=told)


def _thoughts(heard: Heard) -> tuple[Thought, ...]:
    return heard.completion.said.thoughts if heard.completion is not None else ()


def _with_result(first: Heard) -> list[Message] | None:
    """The conversation up to the result; `None` where no tool was called."""
    if first.completion is None or not first.completion.said.calls:
        return None
    said = with_ids(first.completion.said, 1)
    return [_ASKED, said, *(Answered(call.id, call.name, "heron-41") for call in said.calls)]


def _without(history: list[Message]) -> list[Message]:
    return [without_thoughts(one) if isinstance(one, Said) else one for one in history]


def _altered(history: list[Message]) -> list[Message]:
    """The conversation with one word more in its thinking."""

    def alter(part: object) -> object:
        if not isinstance(part, Thought) or not isinstance(part.wire, dict):
            return part
        field = "thinking" if "thinking" in part.wire else "data"
        return msgspec.structs.replace(part, wire={**part.wire, field: f"{part.wire.get(field, '')} indeed"})

    return [changed(one, alter) if isinstance(one, Said) else one for one in history]  # type: ignore[arg-type]


def _state(name: str, title: str, back: Heard, bare: Heard, first: Heard) -> Finding:
    """Whether reasoning that was sent back reached the model."""
    if back.completion is None:
        return Finding(id=name, group="reasoning", title=title, value=back.no, told=back.why)
    number, without = (_NUMBER.findall(one.completion.said.text) if one.completion else [] for one in (back, bare))
    noted = _NUMBER.findall(first.completion.said.reasoning) if first.completion else []
    with_it, without_it = (one.completion.tokens if one.completion else None for one in (back, bare))
    if number and number != without and (not noted or number[-1] in noted):
        return Finding(id=name, group="reasoning", title=title, value=True, told="taken, and the model reads it")
    if with_it is not None and without_it is not None and with_it.input > without_it.input:
        return Finding(id=name, group="reasoning", title=title, value=True, told="taken, and its tokens are counted")
    return Finding(id=name, group="reasoning", title=title, told="taken; whether the model reads it cannot be told")
