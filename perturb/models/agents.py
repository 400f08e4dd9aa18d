"""Agents that are a model, the loop, and a scaffold: what the files in `agents/` are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perturb.agent import AgentContext, LiveEpisode
from perturb.errors import ConfigurationError
from perturb.models.asking import Asker
from perturb.models.connections import Connection, Sdk
from perturb.models.dialect import Dialect
from perturb.models.kept import KeptResponses
from perturb.models.loop import converse
from perturb.models.prices import price_of
from perturb.models.settings import ModelSettings, checked
from perturb.types import digest

MakeDialect = Callable[[str, ModelSettings], Dialect]


class ModelAgent:
    """An agent that asks a model. Nothing is opened or connected to before its first episode.

    `url_digest` tells servers apart, whether they were named here or in the environment. Between the model and an episode
    stands the scaffold that the episode brings.
    """

    takes_scaffold = True

    def __init__(self, context: AgentContext, sdk: Sdk, dialect: MakeDialect) -> None:
        if not context.option:
            raise ConfigurationError("the agent has no model; name one behind a colon, as in chat:MODEL")
        self.model = context.option
        self.settings: ModelSettings = checked(context.settings or ModelSettings())
        self._sdk = sdk
        self._connection: Connection | None = Connection(sdk, self.settings)
        self._dialect = dialect(self.model, self.settings)
        self._store = context.store
        self._asker: Asker | None = None
        self.url_digest = digest(self._connection.url)
        self.price = price_of(self.model, self._connection.endpoint, self.settings)

    async def __call__(self, episode: LiveEpisode) -> str:
        return await converse(episode, self.asker, self.settings.max_turns)

    @property
    def asker(self) -> Asker:
        if self._asker is None:
            connection = self._connection or Connection(self._sdk, self.settings)
            kept = KeptResponses(self._store, self.settings.cache)
            self._asker = Asker(connection, self._dialect, self.model, self.settings, kept, self.price)
        return self._asker

    @property
    def requests(self) -> dict[str, Any]:
        """How many requests were sent and how many were answered from the store; and how many in all the life of the store
        were in flight at a kill, of which nobody knows whether they were paid for."""
        kept = self.asker.kept
        return {"sent": kept.asked_for, "replayed": kept.replayed, "lost": kept.lost}

    async def aclose(self) -> None:
        """Close the connections and the store; the next episode opens them again."""
        if self._asker is not None:
            await self._asker.aclose()
        elif self._connection is not None:
            await self._connection.aclose()
        self._asker = self._connection = None
