"""What an agent is, and how one is found.

An agent is an async function that takes a live episode and returns its answer:

    async def agent(episode):
        reply = await episode.call("search_flights", {"origin": "OSL", "destination": "LHR"})
        return reply.text

A plain function works too. It is named `module:function` or `path/to/file.py:function` (`:agent` may be left out), or by
the short name of a shipped agent with an option behind a colon (`flaky:0.3`). One whose attribute `takes_scaffold` is true is
run by the agent loop of `perturb.models.loop`, so that its scaffold can be changed; any other owns its loop. A file may
define `create(context)` in place of `agent`: it is called once and returns the agent; this is how agents get transcripts of
clean runs and options. A file that holds `DETERMINISTIC = True` says that its agent always does the same in one setup, so that
repeating it clean teaches nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import msgspec

from perturb.errors import PerturbError
from perturb.types import JSON, Reply, Tool, Transcript, Usage


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

    @property
    def repeat(self) -> int:
        """Which repeat of its task this episode is, from 0; to be part of every seed and of every key of a cache."""
        ...

    @property
    def seed(self) -> int:
        """A number that is the same whenever this very episode is run again, and another in every other: an agent that does
        anything at random seeds it with this, so that a run that is resumed ends as one that never stopped."""
        ...

    def used(self, usage: Usage, *, reasoning: str = "", replayed: bool = False) -> None:
        """Report what one turn of a model took, and what it thought; `replayed` where it was not paid for now. An agent that
        reports this has its tokens and its cost in the report, and is held to the budget of the run."""
        ...


Agent: TypeAlias = Callable[[LiveEpisode], Awaitable[str | None] | str | None]


class EndOfRun(BaseException):
    """Raised within an agent by what runs it, to end the whole run: its cause is meant for whoever started the run."""


class RunSpent(EndOfRun):
    """Raised within an agent when its run has nothing left to spend: the episode is left for another time."""


class EpisodeEnded(PerturbError):
    """Raised by an agent to say that its episode ends here, with an outcome that only it can know of."""

    outcome: ClassVar[Literal["invalid_setup", "infrastructure_error", "budget_exceeded"]]


class SetupRefused(EpisodeEnded):
    """The provider refuses the setup that is shown (a schema, a name): no agent can be tried in it."""

    outcome = "invalid_setup"


class ProviderFailed(EpisodeEnded):
    """The provider or the network failed, after every try that it deserved. Never the agent's fault."""

    outcome = "infrastructure_error"


class LimitReached(EpisodeEnded):
    """The agent has used up a limit of its own: tokens of a response, turns, the length of its context."""

    outcome = "budget_exceeded"


class AgentContext(msgspec.Struct, frozen=True):
    """What `create(context)` of an agent file gets.

    `transcripts` are clean runs that passed, one a task where gold calls are known; `option` is what stood behind the
    colon of the agent's name, `""` where nothing did. `settings` are those of an agent that asks a model (a
    `perturb.models.settings.ModelSettings`), `store` is the file that responses are kept in.
    """

    transcripts: tuple[Transcript, ...] = ()
    option: str = ""
    seed: int = 0
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    settings: Any = None
    store: str | None = None
