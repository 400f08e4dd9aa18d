"""A conversation that goes as the gold calls do: what a scaffold is proven on, and felt on."""

from __future__ import annotations

import json
from collections.abc import Sequence

from perturb.messages import Answered, Message, Said, Text, Thought, Told, ToolCall, Tools
from perturb.scaffold.formats import json_text
from perturb.scaffold.record import Scaffold
from perturb.types import Step

_NEXT = "Step {}: {} comes next, since what it tells is needed for all that follows, and nothing else here would tell it."


def dialogue(
    opening: Sequence[dict[str, str]], steps: Sequence[Step], answer: str, *, follow_ups: Sequence[str] = (), at_once: int = 1
) -> list[Message]:
    """The conversation of an agent that hears the user out, thinks before each turn, makes so many calls in each, and answers
    then; `opening` are the messages that it begins with, `follow_ups` what the user says next."""
    told: list[Message] = [Told(one["role"], one["content"]) for one in opening]  # type: ignore[arg-type]
    for more in follow_ups:
        told += [Said((Thought("There may be more to come.", "reasoning"), Text("Go on."))), Told("user", more)]
    for number, first in enumerate(range(0, len(steps), at_once), 1):
        group = steps[first : first + at_once]
        calls = [
            ToolCall(f"call_{first + place}_of_the_server", step.call.name, json_text(step.call.arguments))
            for place, step in enumerate(group)
        ]
        thought = Thought(_NEXT.format(number, " and ".join(call.name for call in calls)), "reasoning")
        told.append(Said((thought, *calls)))
        replies = zip(calls, group, strict=True)
        told += [Answered(call.id, call.name, step.reply.text, step.reply.is_error) for call, step in replies]
    return [*told, Said((Thought("Nothing is left to do.", "reasoning"), Text(answer)))]


def differs(scaffold: Scaffold, history: Sequence[Message], tools: Tools) -> bool:
    """Whether any request of a conversation, or what is said to its last turn, is not as the server's own form has it."""
    turns = [place for place, one in enumerate(history) if isinstance(one, Said)]
    return scaffold.follow(history) is not None or any(
        scaffold.write(history[:place], tools) != (history[:place], tools) for place in turns
    )


def misread(scaffold: Scaffold, history: Sequence[Message], tools: Tools) -> str | None:
    """The first turn of a conversation that does not read back from its text, and how it reads; `None` where all do.

    The calls of a turn must come back with equal arguments, and an answer as it was, white space at its ends aside.
    """
    form = scaffold.format
    if form is None:
        return None
    for one in history:
        if not isinstance(one, Said):
            continue
        text = form.write_calls(one.text, one.calls, tools) if one.calls else form.write_answer(one.text)
        reading = form.read(text, tools)
        same = _values(reading.calls) == _values(one.calls)
        if reading.complaint or not same or (not one.calls and reading.answer.strip() != one.text.strip()):
            return f"{text[:300]!r} reads as {(reading.complaint or _values(reading.calls) or reading.answer)!r}"
    return None


def _values(calls: Sequence[ToolCall]) -> list[str]:
    """Calls as text, in which 1, 1.0 and true are three values."""
    return [json.dumps([call.name, json.loads(call.arguments)], sort_keys=True) for call in calls]
