"""A response of a model, read, and what it took; the messages of a conversation are those of `perturb.messages`."""

from __future__ import annotations

from typing import Literal

import msgspec

from perturb.messages import (
    Answered,
    History,
    Message,
    Opaque,
    Part,
    Said,
    Text,
    Thought,
    Told,
    ToolCall,
    Tools,
    changed,
    without_thoughts,
)

__all__ = [
    "Answered",
    "Completion",
    "Finish",
    "History",
    "Message",
    "Opaque",
    "Part",
    "Said",
    "Text",
    "Thought",
    "Tokens",
    "Told",
    "ToolCall",
    "Tools",
    "changed",
    "without_thoughts",
]

Finish = Literal["stop", "calls", "length", "filter"]
"""Why a response ended: by itself, to have tools called, at a limit of tokens, cut by a provider's filter."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says that a response took. `input` includes what it read from its cache, `output` the reasoning."""

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One response, read. `tokens` is `None` where the server told none; `model` is the one that it says has answered."""

    said: Said
    finish: Finish
    tokens: Tokens | None = None
    id: str = ""
    model: str = ""
