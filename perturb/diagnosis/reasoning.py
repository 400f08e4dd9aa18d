"""Reasoning in chat messages: under which field it comes, and under which one it reaches the model when it is sent back.

The second is asked with reasoning of our own making, which holds a code word: a model that can say the word has read it. A
server that counts the tokens of a field shows it to the model as well, which is the second best sign.
"""

from __future__ import annotations

from collections.abc import Sequence

from perturb.diagnosis.line import Heard, Line
from perturb.diagnosis.records import Finding
from perturb.diagnosis.tools import READ
from perturb.messages import Message
from perturb.models.chat import FIELDS
from perturb.models.records import Answered, Said, Text, Thought, Told, ToolCall

MOST = 1 + 1 + len((*FIELDS, "content")) + 1
"""Requests."""
RECALL = "reply with that code word alone, or with NONE where you cannot see it."
_ASKED = Told(
    "user",
    "In your reasoning, think of a code word and write it down there, nowhere else; then call the tool `read_value` with "
    f'{{"key": "first"}}. When its result has come, {RECALL}',
)
_WORD = "KESTREL-4417"
_THOUGHT = (
    f"I am to think of a code word. The code word is {_WORD} and I keep it here, in my reasoning, until the result has come. "
    "Before that I call the tool that reads the value of the first key, as I was told to do."
)
_COUNTED = 20
"""Tokens: reasoning of this length takes about fifty, and no template adds as many for nothing."""


async def returned(line: Line, heard: Sequence[Heard]) -> list[Finding]:
    """Where reasoning stood in the responses so far; MiniMax's own field is asked for where it stands in the text."""
    fields = fields_of(heard)
    split: bool | None = None
    if fields == ["content"]:
        apart = await line.ask(
            [Told("user", "Reply with exactly: one two three")], body={"reasoning_split": True}
        )  # MiniMax; other servers take no notice of it, or refuse it
        split = "reasoning_details" in fields_of([apart])
    told = ", ".join(fields).replace("content", "content, between <think> marks") or "none came"
    found = [Finding(id="returned", group="reasoning", title="comes in the field", value=fields, told=told)]
    if split is not None:
        told = "with reasoning_split it comes in reasoning_details" if split else "there is no reasoning_split"
        found.append(Finding(id="split", group="reasoning", title="apart from the text", value=split, told=told))
    return found


def fields_of(heard: Sequence[Heard]) -> list[str]:
    """The fields that reasoning came in."""
    said = [one.completion.said for one in heard if one.completion is not None]
    return list(dict.fromkeys(thought.field for one in said for thought in one.thoughts))


async def honoured(line: Line, prefer: Sequence[str], split: bool) -> list[Finding]:
    """Send reasoning back under each field, and under none."""
    body = {"reasoning_split": True} if split else None
    none = await line.ask(_history(None), [READ], body=body)
    tried = {field: await line.ask(_history(field), [READ], body=body) for field in (*FIELDS, "content")}
    read = [field for field, heard in tried.items() if _says_word(heard)]
    counted = [field for field, heard in tried.items() if field not in read and _more(heard, none)]
    refused = [field for field, heard in tried.items() if heard.refused]
    fields = sorted(read or counted, key=lambda field: field not in prefer)
    parts = [f"{field}: the model reads it" for field in read]
    parts += [f"{field}: its tokens are counted, though the model did not use it" for field in counted]
    parts += [f"{field}: refused" for field in refused]
    told = "; ".join(parts) or "under no field does it reach the model: what an agent thought before is lost"
    found = [
        Finding(id="honoured", group="reasoning", title="sent back, is read under", value=fields, told=told),
        required(none),
    ]
    if fields:
        later = await line.ask(_history(fields[0], later=True), [READ], body=body)
        found.append(_kept_across_turns(later))
    return found


def _history(field: str | None, *, later: bool = False) -> list[Message]:
    call = ToolCall("call_1", READ.name, '{"key": "first"}')
    thought = () if field is None else (Thought(_THOUGHT, field),)
    history: list[Message] = [_ASKED, Said((*thought, call)), Answered("call_1", READ.name, "heron-41")]
    if later:
        history += [Said((*thought, Text("The value was read."))), Told("user", f"Now {RECALL}")]
    return history


def _says_word(heard: Heard) -> bool:
    return heard.completion is not None and _WORD in heard.completion.said.text


def _more(heard: Heard, none: Heard) -> bool:
    """Whether a request took more tokens than the same one without reasoning."""
    one, other = (each.completion.tokens if each.completion else None for each in (heard, none))
    return one is not None and other is not None and one.input - other.input >= _COUNTED


def required(none: Heard) -> Finding:
    """Whether a request is refused that holds a call without the reasoning before it."""
    title = "must come back"
    if none.unclear:
        return Finding(id="required", group="reasoning", title=title, told=none.why)
    told = (
        f"a call without its reasoning is refused: {none.why}" if none.refused else "no: a call without its reasoning is taken"
    )
    return Finding(id="required", group="reasoning", title=title, value=none.refused, told=told)


def _kept_across_turns(later: Heard) -> Finding:
    kept = _says_word(later)
    told = "the model still reads it" if kept else "gone: the model reads it no more, so keeping it there changes nothing"
    title = "after the user's next message"
    return Finding(
        id="across_turns", group="reasoning", title=title, value=None if later.refused else kept, told=later.why or told
    )
