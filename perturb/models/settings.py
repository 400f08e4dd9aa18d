"""How a model is reached and asked, in the words of a user."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from perturb.errors import ConfigurationError
from perturb.types import JSON

CacheMode = Literal["on", "off", "replay-only", "refresh"]
State = Literal["items", "previous", "encrypted"]

SECRET_NAMES = re.compile(r"(?i)auth|key|token|secret|passw|cookie|credential|signature|^sig$")
"""Names of headers and of parts of a URL whose values are taken for secrets."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one model.

    What changes an episode: `base_url` (the SDK's own where it is `None`), `body` (fields of the request: sampling, and
    whatever else the server takes; `null` leaves a field out that would be sent), `headers`, `stream`, `max_turns`; `state`,
    how a Responses server is given earlier turns (every item again, by the id of the previous response, or every item with
    its reasoning encrypted and nothing stored); `reasoning_field`, under which a chat message takes reasoning back, where
    that is not the field it came in; `cumulative`, whether each piece of a stream repeats what came before (`None` tells by
    looking).

    What does not: `cache`; `price`, US dollars for a million tokens in and out; `retries` of one request, each after a
    pause that doubles from `pause` seconds; `patience`, the seconds that it may wait for a provider that is busy;
    `request_timeout`, seconds.
    """

    base_url: str | None = None
    body: dict[str, JSON] = {}
    headers: dict[str, str] = {}
    stream: bool = False
    max_turns: int = 100
    state: State = "items"
    reasoning_field: str | None = None
    cumulative: bool | None = None
    cache: CacheMode = "on"
    price: tuple[float, float] | None = None
    retries: int = 5
    pause: float = 0.5
    patience: float = 600.0
    request_timeout: float = 180.0

    def identity(self) -> dict[str, JSON]:
        """What of the settings could change an episode."""
        return {
            "base_url": self.base_url,
            "body": self.body,
            "headers": self.headers,
            "stream": self.stream,
            "max_turns": self.max_turns,
            "state": self.state,
            "reasoning_field": self.reasoning_field,
            "cumulative": self.cumulative,
        }


def read_settings(told: dict[str, JSON]) -> ModelSettings:
    """The settings that were written down. Raises `ConfigurationError` for what are none."""
    try:
        return checked(msgspec.convert(told, ModelSettings, strict=True))
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"these are no settings of a model: {error}") from None


def checked(settings: ModelSettings) -> ModelSettings:
    """The settings, if they can be used and hold no secret, which would be written down with them.

    Raises `ConfigurationError`, which never repeats the secret.
    """
    if settings.base_url is not None:
        _check_url(settings.base_url)
    for name, value in settings.headers.items():
        if not _HEADER.fullmatch(name) or "\n" in value or "\r" in value:
            raise ConfigurationError(f"{name!r} cannot be the name of a header; write --header 'Name: value'")
        if SECRET_NAMES.search(name):
            raise ConfigurationError(
                f"the header {name!r} looks like a secret, and settings are written down with a run; give it in the "
                "environment variable OPENAI_CUSTOM_HEADERS or ANTHROPIC_CUSTOM_HEADERS, as 'Name: value'"
            )
    for name in ("model", "messages", "input", "tools", "system", "stream"):
        if name in settings.body:
            raise ConfigurationError(f"the field {name!r} of a request is written by the agent; leave it out of --body")
    return settings


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"the base URL {_harmless(url)!r} is no URL of a server; write it as https://host/v1")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"the base URL of {parts.hostname} holds a name or a password, and it is written down with a run; give the key in "
            "the environment variable of the SDK"
        )
    secret = [name for name, _ in parse_qsl(parts.query) if SECRET_NAMES.search(name)]
    if secret:
        raise ConfigurationError(
            f"the base URL of {parts.hostname} holds {secret[0]!r}, which looks like a secret, and it is written down with "
            "a run; give the key in the environment variable of the SDK"
        )


def _harmless(url: str) -> str:
    """A URL without what could be a secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
