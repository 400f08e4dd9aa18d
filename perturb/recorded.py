"""The record of an episode that was run elsewhere: its messages as they were, and what is known of its task and verdict."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any, NamedTuple

import msgspec

from perturb.texts import writable
from perturb.types import JSON, Call, Tool, Usage

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
"""The roles of the OpenAI chat form. A message in any other is kept in its own."""


class RecordedCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call as it was asked for. `malformed` is the text of arguments that were no JSON object, `id` what its result names."""

    name: str
    arguments: dict[str, JSON] = msgspec.field(default_factory=dict)
    id: str | None = None
    malformed: str | None = None


class RecordedMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message. `role` and `text` are as recorded, to the byte; `rest` holds the parts that are no text (images, audio,
    files) as they came. A message that answers a call (role `tool`) has the call's id in `answers` and its tool in `tool`,
    where they were recorded."""

    role: str
    text: str = ""
    calls: tuple[RecordedCall, ...] = ()
    answers: str | None = None
    tool: str | None = None
    is_error: bool = False
    reasoning: str = ""
    rest: tuple[JSON, ...] = ()


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One recorded episode. `format` is the form that it was read from, `source` the file and `place` where in it.

    `suite` is the domain or category of `task`, `setup` what tells setups of one task apart (an operator, `heavy`).
    `trial` counts the episodes of one model on one task in one setup, -1 where the recording does not. `passed` is the recorded
    verdict, `None` where there is none; `reward` the number beside it, `verdicts` its parts. `gold` and `gold_answers` are what
    the recording says would have been right. `ended` is the recorded reason of the end, and `cut_off` says that the agent did
    not come to an end of its own.
    `about` holds whatever else is worth keeping, in the names of its format. `key` is a digest of the content and the place.
    """

    format: str
    task: str
    source: str
    place: str
    messages: tuple[RecordedMessage, ...]
    trial: int = 0
    suite: str = ""
    setup: str = ""
    model: str = ""
    tools: tuple[Tool, ...] = ()
    passed: bool | None = None
    reward: float | None = None
    verdicts: dict[str, JSON] = msgspec.field(default_factory=dict)
    gold: tuple[Call, ...] | None = None
    gold_answers: tuple[str, ...] = ()
    ended: str = ""
    cut_off: bool = False
    usage: Usage = Usage()
    seconds: float = 0.0
    about: dict[str, JSON] = msgspec.field(default_factory=dict)
    key: str = ""

    @property
    def group(self) -> tuple[str, str, str, str, str]:
        """What the trials of one task have in common."""
        return self.format, self.model, self.suite, self.setup, self.task


class Paired(NamedTuple):
    """A call with its result. `at` and `answered` are indices of messages; `answered` is `None` where no result was recorded.
    `step` counts the messages that hold calls: calls of one step were made at once. `by` is the role that made it."""

    call: RecordedCall
    at: int
    answered: int | None
    step: int
    by: str


class Pairing(NamedTuple):
    """The calls of an episode in their order, and the indices of results to which no call belongs."""

    calls: tuple[Paired, ...]
    orphans: tuple[int, ...]


def pair(messages: tuple[RecordedMessage, ...]) -> Pairing:
    """Find the result of each call: by the id where the result names one, else the oldest call still open, of the same tool
    where the result says which. Ids may be used twice in one episode: the oldest open call that bears it is meant."""
    made: list[Paired] = []
    answered: dict[int, int] = {}
    open_calls: deque[int] = deque()
    orphans: list[int] = []
    step = 0
    for at, message in enumerate(messages):
        if message.role == "tool":
            found = _belongs(message, made, open_calls)
            if found is None:
                orphans.append(at)
            else:
                open_calls.remove(found)
                answered[found] = at
        for call in message.calls:
            open_calls.append(len(made))
            made.append(Paired(call, at, None, step, message.role))
        step += bool(message.calls)
    return Pairing(tuple(one._replace(answered=answered.get(index)) for index, one in enumerate(made)), tuple(orphans))


def _belongs(message: RecordedMessage, made: list[Paired], open_calls: deque[int]) -> int | None:
    if message.answers is not None:
        named = next((index for index in open_calls if made[index].call.id == message.answers), None)
        if named is not None or any(made[index].call.id is not None for index in open_calls):
            return named
    if message.tool is not None:
        return next((index for index in open_calls if made[index].call.name == message.tool), None)
    return open_calls[0] if open_calls else None


_DECODER = msgspec.json.Decoder(Recorded)


def keyed(recorded: Recorded) -> Recorded:
    """The episode with its key, and with nothing in it that a file cannot hold: lone surrogates are written as escapes, whole
    numbers of more than 64 bits as text. Raises `ValueError` where a field is of another type than it should be."""
    name = recorded.source.replace("\\", "/").rpartition("/")[2]
    try:
        content = msgspec.json.encode(msgspec.structs.replace(recorded, source=name, key=""))
    except (UnicodeEncodeError, OverflowError):
        recorded = msgspec.convert(_writable(recorded), Recorded)
        content = msgspec.json.encode(msgspec.structs.replace(recorded, source=name, key=""))
    _DECODER.decode(content)
    return msgspec.structs.replace(recorded, key=hashlib.sha256(content).hexdigest()[:24])


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, dict):
        return {writable(str(name)): _writable(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(inner) for inner in value]
    if isinstance(value, msgspec.Struct):
        return _writable(msgspec.structs.asdict(value))
    return value
