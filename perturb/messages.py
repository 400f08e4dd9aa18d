"""A conversation with a model in neutral records, each of which keeps what the server sent exactly as it came.

An assistant turn is a sequence of parts. A part that came over a wire holds its JSON in `wire`, and goes back as that JSON,
byte for byte; one that was made or changed here has `wire=None`, and a dialect writes it from its other fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from perturb.types import JSON, Tool


class Text(msgspec.Struct, frozen=True):
    """What a model says."""

    text: str
    wire: JSON = None


class Thought(msgspec.Struct, frozen=True):
    """A piece of reasoning; `text` is empty where only the server can read it.

    `field` is where it stood: a field of a chat message (`reasoning`, `reasoning_content`, `reasoning_details`), `content` for
    one that is written into the text, and the kind of block or item elsewhere (`thinking`, `redacted_thinking`, `reasoning`).
    """

    text: str
    field: str = ""
    wire: JSON = None


class ToolCall(msgspec.Struct, frozen=True):
    """A call that a model asks for; `arguments` is JSON as the model wrote it, which may be broken."""

    id: str
    name: str
    arguments: str
    wire: JSON = None


class Opaque(msgspec.Struct, frozen=True):
    """Anything else that a server sent and wants back."""

    wire: JSON


Part: TypeAlias = Text | Thought | ToolCall | Opaque


class Told(msgspec.Struct, frozen=True):
    """What a model is told: by the system, by the developer, by the user."""

    role: Literal["system", "developer", "user"]
    text: str


class Said(msgspec.Struct, frozen=True):
    """One turn of a model. `rest` holds the fields of its message that are no part, as they came."""

    parts: tuple[Part, ...] = ()
    rest: dict[str, JSON] = msgspec.field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def thoughts(self) -> tuple[Thought, ...]:
        return tuple(part for part in self.parts if isinstance(part, Thought))

    @property
    def reasoning(self) -> str:
        """What can be read of the thoughts; a thought that a server sends in two fields is told once."""
        return "\n".join(dict.fromkeys(part.text for part in self.thoughts if part.text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class Answered(msgspec.Struct, frozen=True):
    """The answer to the call of that id."""

    id: str
    name: str
    text: str
    is_error: bool = False


Message: TypeAlias = Told | Said | Answered
History: TypeAlias = Sequence[Message]
Tools: TypeAlias = Sequence[Tool]


def changed(said: Said, change: Callable[[Part], Part | None]) -> Said:
    """A turn with each part as `change` gives it, and without those for which it gives `None`.

    A turn that was changed is no longer the one that the server may have kept, so it has no fields of its own any more.
    """
    parts = tuple(new for part in said.parts if (new := change(part)) is not None)
    return said if parts == said.parts else Said(parts)


def without_thoughts(said: Said) -> Said:
    """A turn without its reasoning."""
    return changed(said, lambda part: None if isinstance(part, Thought) else part)
