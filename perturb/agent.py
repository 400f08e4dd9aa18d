"""What an agent is, and how one is found.

An agent is an async function that takes a live episode and returns its answer:

    async def agent(episode):
        reply = await episode.call("search_flights", {"origin": "OSL", "destination": "LHR"})
        return reply.text

A plain function works too. It is named `module:function` or `path/to/file.py:function` (`:agent` may be left out), or by
the short name of a shipped agent with an option behind a colon (`flaky:0.3`). A file may define `create(context)` in place
of `agent`: it is called once and returns the agent; this is how agents get transcripts of clean runs and options.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from perturb.types import JSON, Reply, Tool, Transcript


class LiveEpisode(Protocol):
    """What an agent gets: the setup as it is now, and the way to act. It is never told that it is perturbed."""

    @property
    def system(self) -> str:
        """The system prompt."""
        ...

    @property
    def prompt(self) -> str:
        """The user's first message."""
        ...

    @property
    def messages(self) -> list[dict[str, str]]:
        """What opens the conversation, as OpenAI messages: the system prompt, where there is one, and the prompt."""
        ...

    @property
    def tools(self) -> Sequence[Tool]:
        """The tools as they are now; an environment may change them between calls."""
        ...

    async def call(self, name: str, arguments: dict[str, JSON] | str) -> Reply:
        """Call a tool. `arguments` is a JSON object, or its text as a model wrote it. Never raises for a bad call: the
        reply says that it is an error."""
        ...

    async def calls(self, calls: Sequence[tuple[str, dict[str, JSON] | str]]) -> list[Reply]:
        """Several calls at once, answered in the order given."""
        ...

    async def next_user(self, answer: str = "") -> str | None:
        """The user's next message, or `None` where there is none: ask before you return. `answer` is what you say to the
        message before."""
        ...


Agent: TypeAlias = Callable[[LiveEpisode], Awaitable[str | None] | str | None]


class EndOfRun(BaseException):
    """Raised within an agent by what runs it, to end the whole run: its cause is meant for whoever started the run."""


class AgentContext(msgspec.Struct, frozen=True):
    """What `create(context)` of an agent file gets.

    `transcripts` are clean runs that passed, one a task where gold calls are known; `option` is what stood behind the
    colon of the agent's name, `""` where nothing did.
    """

    transcripts: tuple[Transcript, ...] = ()
    option: str = ""
    seed: int = 0
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
