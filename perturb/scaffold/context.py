"""How much of a conversation a model is shown once it is long."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from perturb.messages import Answered, History, Message, Said

Context = Literal["whole", "window", "compact"]

WINDOW = 6
"""Turns of the model that a sliding window holds."""
LATEST = 5
"""Turns of the model that a compaction leaves beside the first, as MiniMax M2.1's does for BrowseComp."""
SHARE = 0.3
"""The part of its context from which on a conversation is compacted."""
LENGTH = 32_768
"""Tokens that a context is taken to hold: nothing on a wire tells how many there are."""


def shown(history: History, policy: Context, length: int = LENGTH) -> History:
    """What is shown of a history; the same object where that is all of it. What comes before the model's first turn always
    stays, a call is never parted from its result, and what the user says behind the first turn stays too."""
    if policy == "whole":
        return history
    starts = [place for place, one in enumerate(history) if isinstance(one, Said)]
    turns = [list(history[start:end]) for start, end in pairwise([*starts, len(history)])]
    if policy == "window":
        gone = turns[:-WINDOW]
        if not gone:
            return history
        head: list[Message] = []
    else:
        gone = turns[1:-LATEST]
        if not gone or tokens_of(history) <= SHARE * length:
            return history
        head = turns[0]
    left = [one for turn in gone for one in turn if not isinstance(one, (Said, Answered))]
    latest = turns[len(gone) + bool(head) :]
    return [*history[: starts[0]], *head, *left, *(one for turn in latest for one in turn)]


def tokens_of(history: History) -> int:
    """About as many tokens as a history takes: four characters each."""
    return sum(_length(one) for one in history) // 4


def _length(message: Message) -> int:
    if isinstance(message, Said):
        calls = sum(len(call.name) + len(call.arguments) for call in message.calls)
        return len(message.text) + calls + sum(len(thought.text) for thought in message.thoughts)
    return len(message.text)
