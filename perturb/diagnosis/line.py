"""The line to one endpoint: it sends a request and gives what came of it, a refusal too."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, cast

import anyio
import msgspec

from perturb.diagnosis.records import Api
from perturb.errors import ConfigurationError, PerturbError
from perturb.models.anthropic import AnthropicDialect
from perturb.models.chat import ChatDialect
from perturb.models.connections import Connection, Sdk
from perturb.models.dialect import Dialect, Unreadable, understood
from perturb.models.records import Completion, History, Tools
from perturb.models.responses import ResponsesDialect
from perturb.models.settings import ModelSettings
from perturb.models.troubles import BUSY, FAILING, Trouble
from perturb.types import JSON

DIALECTS: dict[Api, tuple[Sdk, Callable[[str, ModelSettings], Dialect]]] = {
    "chat": ("openai", ChatDialect),
    "responses": ("openai", ResponsesDialect),
    "anthropic": ("anthropic", AnthropicDialect),
}
TRIES = 3
"""How often a request is sent that the endpoint fails at: an odd moment is told apart from what it cannot do."""
LONGEST_PAUSE = 30.0
"""Seconds between two tries, whatever the endpoint asks for."""

_PASSING = BUSY | FAILING - {"unreachable", "hang"}
"""Kinds of trouble that may be over at the next try, and do not take a person's patience until then."""
_WHO = re.compile(r"^\S+ answered |^the connection to \S+ ")
_LONGEST_REASON = 200
"""Characters."""

Edit = Callable[[dict[str, Any]], None]


class Unanswered(PerturbError):
    """The endpoint cannot be examined: it cannot be reached, or it fails at the simplest request."""

    exit_status = 3


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: a completion with the body that it was read from, or a trouble of a kind."""

    completion: Completion | None = None
    body: JSON = None
    events: list[JSON] | None = None
    kind: str = ""
    trouble: str = ""
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether the endpoint said no to the request, or failed at it each time."""
        return self.completion is None

    @property
    def why(self) -> str:
        """The trouble as one line that fits a page."""
        return _WHO.sub("", " ".join(self.trouble.split()))[:_LONGEST_REASON]

    @property
    def no(self) -> bool | None:
        """`False` for a refusal, `None` where it may be none."""
        return None if self.unclear else False

    @property
    def unclear(self) -> bool:
        """Whether it said neither yes nor no."""
        return self.kind in BUSY or self.kind in ("hang", "unreachable", "not_allowed")


class Line:
    """One model at one endpoint. `pause` is the seconds before a second try."""

    def __init__(self, api: Api, model: str, settings: ModelSettings, pause: float = 1.0) -> None:
        self.api = api
        self.model = model
        self.settings = settings
        self.pause = pause
        sdk, self._dialect = DIALECTS[api]
        self._connection = Connection(sdk, settings)
        self.endpoint = self._connection.endpoint
        self.requests = 0
        self.input_tokens = self.output_tokens = 0
        self._nonce = secrets.token_hex(8)

    async def ask(
        self,
        history: History,
        tools: Tools = (),
        *,
        body: dict[str, JSON] | None = None,
        state: str = "items",
        stream: bool = False,
        edit: Edit | None = None,
    ) -> Heard:
        """Ask for the next turn. `body` has further fields of the request, `edit` changes it as it is about to be sent."""
        fields = {**self.settings.body, **(body or {})}
        settings = msgspec.structs.replace(self.settings, body=fields, stream=stream, state=cast("Any", state))
        dialect = self._dialect(self.model, settings)
        request = dialect.request(history, tools)
        if edit is not None:
            request = msgspec.json.decode(msgspec.json.encode(request))
            edit(request)
        for attempt in range(TRIES):
            heard, wait = await self._sent(dialect, request, stream)
            if heard.kind not in _PASSING or attempt == TRIES - 1:
                break
            await anyio.sleep(min(LONGEST_PAUSE, max(wait or 0.0, self.pause * 2**attempt)))
        return heard

    async def _sent(self, dialect: Dialect, request: dict[str, JSON], stream: bool) -> tuple[Heard, float | None]:
        self.requests += 1
        began = time.perf_counter()
        try:
            answer = await self._connection.post(dialect.path, request, f"doctor{self._nonce}-{self.requests}")
            seconds = time.perf_counter() - began
            body = understood(dialect, answer, self.endpoint, streamed=stream)
            completion = dialect.read(body)
        except Unreadable as error:
            return Heard(kind="malformed", trouble=f"{self.endpoint}: {error}"), None
        except Trouble as trouble:
            return Heard(kind=trouble.kind, trouble=str(trouble)), trouble.wait
        if completion.tokens is not None:
            self.input_tokens += completion.tokens.input
            self.output_tokens += completion.tokens.output
        events = cast("list[JSON]", answer) if stream else None
        return Heard(completion=completion, body=body, events=events, seconds=seconds), None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connection.aclose()


async def models_at(api: Api, settings: ModelSettings) -> list[str]:
    """The models that an endpoint lists, in one request. Raises `ConfigurationError` where it lists none."""
    connection = Connection(DIALECTS[api][0], settings)
    try:
        listed = await connection.get("/v1/models" if api == "anthropic" else "/models")
        data = listed.get("data") if isinstance(listed, dict) else None
        names = [one["id"] for one in data or () if isinstance(one, dict) and isinstance(one.get("id"), str)]
    except Trouble as trouble:
        raise failure(trouble.kind, str(trouble)) from None
    finally:
        await connection.aclose()
    if not names:
        raise ConfigurationError(f"{connection.endpoint} lists no models; name one with --model")
    return names


def failure(kind: str, trouble: str) -> PerturbError:
    """What ends an examination, as one line."""
    one_line = " ".join(trouble.split())
    if kind in BUSY or kind in ("hang", "unreachable", "cut", "server_error"):
        return Unanswered(one_line)
    if kind == "malformed":
        return ConfigurationError(f"{one_line}; --api names another wire format, and --base-url mostly ends in /v1")
    return ConfigurationError(one_line)
