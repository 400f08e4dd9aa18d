"""Asking a model: one response for each request, whatever the provider does on the way."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from perturb.agent import EndOfRun, LimitReached, LiveEpisode, ProviderFailed, SetupRefused
from perturb.errors import ConfigurationError
from perturb.metering import Metered, ProviderTime
from perturb.models.connections import Connection, encoded
from perturb.models.dialect import Dialect, Unreadable, understood
from perturb.models.kept import Kept, KeptResponses, key_of
from perturb.models.limiter import limiter_of
from perturb.models.prices import Price
from perturb.models.records import Completion, History, Said, Tools
from perturb.models.settings import ModelSettings
from perturb.models.troubles import BUSY, FAILING, Trouble
from perturb.types import JSON, Usage

LONGEST_PAUSE = 30.0
"""Seconds: the longest pause before another try where the provider names none."""
_FILTERED = Said()
"""What stands for a turn where a provider's filter refuses the request: the model, as it is offered, says nothing."""


class Asker:
    """Asks one model at one endpoint, for all the episodes of a run."""

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        model: str,
        settings: ModelSettings,
        kept: KeptResponses,
        price: Price | None,
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.model = model
        self.settings = settings
        self.kept = kept
        self.price = price
        self.limiter = limiter_of(connection.endpoint, model)
        # A provider may know a request again by its name: that must not turn what is asked anew into the response of before.
        self.nonce = "" if settings.cache == "on" else f"-{secrets.token_hex(4)}"
        self._under_way: dict[str, anyio.Lock] = {}

    def conversation(self, episode: LiveEpisode) -> Conversation:
        """The side of one episode."""
        return Conversation(self, episode)

    @asynccontextmanager
    async def alone_with(self, key: str) -> AsyncIterator[None]:
        """Within, nobody else asks the same, unless nothing is kept."""
        if self.kept.mode == "off":
            yield
            return
        lock = self._under_way.setdefault(key, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked() and not lock.statistics().tasks_waiting:
                self._under_way.pop(key, None)

    async def aclose(self) -> None:
        await self.connection.aclose()
        self.kept.close()


class Conversation:
    """What asks in one episode: it tells the episode what was used, and counts requests that are made again on purpose."""

    def __init__(self, asker: Asker, episode: LiveEpisode) -> None:
        self.asker = asker
        self.episode = episode
        self._meter = episode if isinstance(episode, Metered) else Metered()
        self._made: Counter[bytes] = Counter()

    async def ask(self, history: History, tools: Tools) -> Said:
        """The model's next turn.

        Raises `ProviderFailed`, `SetupRefused` or `LimitReached` where there is none, `EndOfRun` where there can be none for
        any episode, and `RunSpent` where the run has nothing left to pay for it.
        """
        asker, dialect = self.asker, self.asker.dialect
        body = dialect.request(history, tools)
        content = encoded(body)
        occurrence = self._made[content]
        self._made[content] += 1
        key = key_of(asker.connection.url, dialect.path, body, self.episode.repeat, occurrence)
        with self._meter.provider_time() as clock:
            # Two episodes that ask the same at once get one response: the second waits for the first, and finds it kept.
            async with asker.alone_with(key):
                kept = asker.kept.find(key)
                replayed = kept is not None
                if kept is None:
                    kept = await self._received(key, body, history, tools, clock)
        if kept is None:
            self.episode.used(Usage(turns=1, cost=0.0))
            return _FILTERED
        completion = dialect.read(kept.body)
        self._report(completion, kept.seconds, replayed)
        if completion.finish == "length":
            raise LimitReached(f"the response of {asker.model!r} was cut at its limit of tokens; allow more with --max-tokens")
        return completion.said

    def _report(self, completion: Completion, seconds: float, replayed: bool) -> None:
        tokens, price = completion.tokens, self.asker.price
        reasoning = completion.said.reasoning
        usage = Usage(
            input_tokens=tokens.input if tokens else 0,
            output_tokens=tokens.output if tokens else 0,
            cost=price(tokens) if tokens and price else None,
            cached_tokens=tokens.cached if tokens else 0,
            reasoning_tokens=tokens.reasoning if tokens else 0,
            turns=1,
            thoughts=int(bool(completion.said.thoughts)),
            unmetered=int(tokens is None),
            latency=seconds,
        )
        self.episode.used(usage, reasoning=reasoning, replayed=replayed)

    async def _received(
        self, key: str, body: dict[str, JSON], history: History, tools: Tools, clock: ProviderTime
    ) -> Kept | None:
        """A response from the provider; `None` where its filter refuses the request."""
        asker, settings = self.asker, self.asker.settings
        if asker.kept.mode == "replay-only":
            raise ProviderFailed(
                f"no response of {asker.model!r} is stored for this request, and --cache replay-only asks for none"
            )
        others = list(asker.dialect.fallbacks(history, tools))
        tries = failures = 0
        waited = 0.0
        while True:
            self._meter.may_ask()
            try:
                kept = await self._sent(key, body, failures)
            except Trouble as trouble:
                if trouble.kind in ("refused", "forgotten") and others:
                    body = others.pop(0)
                    continue
                if trouble.kind == "filtered":
                    return None
                _raise_verdict(trouble)
                pause = random.uniform(0.75, 1.0) * min(LONGEST_PAUSE, settings.pause * 2**tries)
                pause = max(pause, trouble.wait or 0.0)
                tries += 1
                if trouble.kind in BUSY:
                    waited += pause
                    over = waited > settings.patience
                else:
                    failures += 1
                    over = failures > settings.retries
                if over:
                    raise ProviderFailed(f"{trouble} (tried {tries} times)") from None
                await anyio.sleep(pause)
                continue
            clock.charge(kept.seconds)
            return kept

    async def _sent(self, key: str, body: dict[str, JSON], failures: int) -> Kept:
        """One try, after so many that failed. Whatever comes of it is written down; a response is stored before anything else
        is done with it."""
        asker, limiter = self.asker, self.asker.limiter
        async with limiter.turn():
            self._meter.may_ask()
            number = asker.kept.asked(key, asker.connection.endpoint, asker.model, self._meter.key)
            asked, began = anyio.current_time(), time.perf_counter()
            try:
                answer = await asker.connection.post(asker.dialect.path, body, f"{key}{asker.nonce}-{failures}")
                seconds = time.perf_counter() - began
                streamed = bool(body.get("stream"))
                kept = Kept(understood(asker.dialect, answer, asker.connection.endpoint, streamed=streamed), seconds)
            except Unreadable as error:
                asker.kept.failed(number, "malformed")
                raise Trouble("malformed", f"{asker.connection.endpoint}: {error}") from None
            except Trouble as trouble:
                asker.kept.failed(number, trouble.kind)
                if trouble.kind in BUSY:
                    # A wait that nobody has the patience for must not hold up the others: each is told so itself.
                    patient = trouble.wait is not None and trouble.wait <= asker.settings.patience
                    limiter.busy(asked, trouble.wait if patient else None)
                raise
            except ConfigurationError as error:
                asker.kept.failed(number, "not_allowed")
                raise EndOfRun(str(error)) from error
            except BaseException:
                asker.kept.failed(number, "cancelled")
                raise
            asker.kept.received(number, key, asker.connection.endpoint, asker.model, self.episode.repeat, kept)
            limiter.went_well()
            return kept


def _raise_verdict(trouble: Trouble) -> None:
    """Raise what a trouble means that no other try can mend."""
    if trouble.kind in BUSY | FAILING:
        return
    if trouble.kind == "too_long":
        raise LimitReached(str(trouble)) from None
    if trouble.kind == "not_allowed":
        error = ConfigurationError(f"{trouble}; what has been received is stored, and the same command goes on from there")
        raise EndOfRun(str(error)) from error
    raise SetupRefused(str(trouble)) from None
