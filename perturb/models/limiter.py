"""How many requests one provider is sent at once for one model: one more at a time while it goes well, half when it is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

MOST = 1024.0
_LIMITERS: dict[tuple[str, str], Limiter] = {}


class Limiter:
    """Additive increase, multiplicative decrease. Those who wait go in the order in which they came."""

    def __init__(self, limit: float = MOST) -> None:
        self.limit = limit
        self.running = 0
        self.held_until = 0.0
        self._waiting: deque[anyio.Event] = deque()
        self._cut = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of the places; waits for it, and for the time until which the provider has asked for quiet."""
        if self._waiting or self.running >= int(self.limit):
            event = anyio.Event()
            self._waiting.append(event)
            try:
                await event.wait()  # whoever sets it has taken the place for us
            except BaseException:
                if event.is_set():
                    self._leave()
                else:
                    self._waiting.remove(event)
                raise
        else:
            self.running += 1
        try:
            while (left := self.held_until - anyio.current_time()) > 0:
                await anyio.sleep(left)
            yield
        finally:
            self._leave()

    def went_well(self) -> None:
        """A response came: after a whole round of them, one more request at once is tried."""
        if self.running >= int(self.limit):
            self.limit = min(MOST, self.limit + 1.0 / max(self.limit, 1.0))
            self._admit()

    def busy(self, asked: float, wait: float | None) -> None:
        """The provider said so to a request of the time `asked`. Requests that were under way together cut the limit once."""
        now = anyio.current_time()
        if asked >= self._cut:
            self.limit = max(1.0, min(self.limit, float(self.running)) / 2)
            self._cut = now
        if wait is not None:
            self.held_until = max(self.held_until, now + wait)

    def _leave(self) -> None:
        self.running -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self.running < int(self.limit):
            self.running += 1
            self._waiting.popleft().set()


def limiter_of(endpoint: str, model: str) -> Limiter:
    """The one limiter of a provider and a model, in this process. One that nobody uses starts with a clock of its own."""
    limiter = _LIMITERS.get((endpoint, model))
    if limiter is None:
        limiter = _LIMITERS[endpoint, model] = Limiter()
    elif not limiter.running:
        limiter.held_until = limiter._cut = 0.0  # times of another event loop mean nothing in this one
        limiter._waiting.clear()
    return limiter
