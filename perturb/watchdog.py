"""Keeping the event loop turning: work that never waits lets it turn, and an agent that blocks it is cut short."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

import anyio
import anyio.lowlevel


class BlockedLoop(BaseException):
    """Raised inside code that has kept the event loop from turning for longer than an episode may take."""


class Turns:
    """Lets the event loop turn now and then during work that never waits by itself: Ctrl-C is heard by the loop alone.

    An agent without latency over an environment in memory never suspends, nor does a proof.
    """

    EVERY = 0.02

    def __init__(self) -> None:
        self._last = time.monotonic()

    async def turn(self) -> None:
        """Let the loop turn if it is due. Raises the loop's cancellation where the work is to end."""
        if time.monotonic() - self._last >= self.EVERY:
            await anyio.lowlevel.checkpoint()
            self._last = time.monotonic()


class Watchdog:
    """Within its `with`, code that blocks the event loop for longer than `limit` seconds gets a `BlockedLoop`.

    Works in the main thread of POSIX systems; elsewhere it does nothing, and a blocking agent blocks.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last = time.monotonic()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: Any = None
        self._scopes: set[anyio.CancelScope] = set()
        self._blocked = 0.0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            self._before = signal.signal(signal.SIGUSR2, self._interrupt)
            self._thread = threading.Thread(target=self._watch, name="perturb-watchdog", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            signal.signal(signal.SIGUSR2, self._before)

    def beat(self) -> None:
        """Tell that the loop turns."""
        self._last = time.monotonic()

    def hold(self, scope: anyio.CancelScope) -> None:
        """Tell of an episode under way, which has a deadline."""
        self._scopes.add(scope)

    def release(self, scope: anyio.CancelScope) -> None:
        """Tell that an episode is over."""
        self._scopes.discard(scope)

    def excuse_others(self, culprit: anyio.CancelScope) -> None:
        """Give back to all other episodes the time for which one has kept the loop from turning."""
        for scope in self._scopes - {culprit}:
            scope.deadline += self._blocked

    async def tick(self) -> None:
        """Beat as long as the loop turns; to be run beside the episodes."""
        while True:
            self.beat()
            await anyio.sleep(min(0.5, self._limit / 4))

    def _watch(self) -> None:
        main = threading.main_thread().ident
        while not self._done.wait(min(0.5, self._limit / 4)):
            if main is not None and time.monotonic() - self._last > self._limit + 1.0:
                self._blocked = time.monotonic() - self._last
                self.beat()
                signal.pthread_kill(main, signal.SIGUSR2)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        raise BlockedLoop
