"""What an episode takes of a model: tokens, money, time, and the purse of the run that pays for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import anyio
import msgspec

from perturb.agent import RunSpent
from perturb.types import JSON, Usage, digest


class Purse(Protocol):
    """What a run may spend."""

    def spend(self, usage: Usage) -> None:
        """Take note of what has been paid for."""
        ...

    @property
    def empty(self) -> bool:
        """Whether nothing more may be paid for."""
        ...


class Metered:
    """The part of a live episode that counts what its agent reports; see `perturb.agent.LiveEpisode`.

    `key` and `repeat` say which episode it is and which repeat of its task, for keys and seeds; `origin` is what its `seed`
    comes of: the task, the plan and the trial. `clock` is the scope that ends the episode at its time limit. An episode is
    `abandoned` when the run has nothing left to pay for it: it is run again later, and has no outcome until then.
    """

    def __init__(self) -> None:
        self.key = ""
        self.repeat = 0
        self.origin: tuple[str, Mapping[str, JSON] | None, int] = ("", None, 0)
        self.usage = Usage()
        self.reasoning: list[str] = []
        self.purse: Purse | None = None
        self.clock: anyio.CancelScope | None = None
        self.abandoned = False

    @property
    def seed(self) -> int:
        """A number of this episode's own; see `perturb.agent.LiveEpisode`."""
        return int(digest(self.origin, 12), 16)

    def used(self, usage: Usage, *, reasoning: str = "", replayed: bool = False) -> None:
        """Report what one turn of a model took, and what it thought. `replayed` says that it was not paid for now."""
        self.usage = added(self.usage, usage)
        self.reasoning.append(reasoning)
        if self.purse is not None and not replayed:
            self.purse.spend(usage)
            self.may_ask()

    def may_ask(self) -> None:
        """To be called before anything is paid for. Raises `RunSpent` where the run has nothing left."""
        if self.purse is not None and self.purse.empty:
            self.abandoned = True
            raise RunSpent

    @contextmanager
    def provider_time(self) -> Iterator[ProviderTime]:
        """Time within does not count against the episode's limit, but for what is charged: a provider that is busy or fails is
        no fault of an agent."""
        taken = ProviderTime()
        clock = self.clock
        if clock is None:
            yield taken
            return
        left = clock.deadline - anyio.current_time()
        clock.deadline = float("inf")
        try:
            yield taken
        finally:
            clock.deadline = anyio.current_time() + left - taken.charged


class ProviderTime:
    """Seconds that count all the same: those of the response that was used."""

    def __init__(self) -> None:
        self.charged = 0.0

    def charge(self, seconds: float) -> None:
        self.charged += seconds


def added(one: Usage, other: Usage) -> Usage:
    """Two usages together; the cost is unknown where that of one is."""
    if one == Usage():
        return other
    cost = None if one.cost is None or other.cost is None else one.cost + other.cost
    summed = {name: getattr(one, name) + getattr(other, name) for name in Usage.__struct_fields__ if name != "cost"}
    return msgspec.structs.replace(one, cost=cost, **summed)
