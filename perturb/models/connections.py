"""Requests over the SDKs: they know the URL, the key and the headers of their provider; the JSON that travels is ours.

Both SDKs document their `post` for requests that they have no method for. It is used for all: what a server sends is then
seen as it came, with the fields that an SDK has no name for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import anyio

from perturb.errors import ConfigurationError
from perturb.models.settings import SECRET_NAMES, ModelSettings
from perturb.models.troubles import Trouble, of_exception
from perturb.types import JSON

Sdk = Literal["openai", "anthropic"]
_KEYS: dict[Sdk, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
}
_NO_KEY = "none"
"""Sent in place of a key to a server that was named without one: a local one wants none, any other says so."""
_SHORTEST = 6
"""Secrets shorter than this are found anywhere, and keep nobody out."""


class Connection:
    """The connections to one endpoint, made when they are first needed.

    `url` is its whole URL, `endpoint` the URL as it may be written down.
    """

    def __init__(self, sdk: Sdk, settings: ModelSettings) -> None:
        self.sdk = _sdk(sdk)
        self.settings = settings
        self._client = _client(sdk, self.sdk, settings)
        self.url = str(self._client.base_url)
        parts = urlsplit(self.url)
        self.endpoint = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._secrets = _secrets(self._client)

    async def post(self, path: str, body: dict[str, JSON], key: str) -> JSON | list[JSON]:
        """The response to a request, or the events of its stream where the body asks for one. Raises `Trouble`.

        `key` names the request, so that a provider that has answered it before can tell.
        """
        import httpx2

        settings = self.settings
        options: Any = {"headers": {"Idempotency-Key": key, **settings.headers}, "timeout": settings.request_timeout}
        content = encoded(body)
        try:
            with anyio.fail_after(settings.request_timeout):
                if not body.get("stream"):
                    response = await self._client.post(path, cast_to=httpx2.Response, content=content, options=options)
                    return json.loads(self._harmless(response.content.decode()))
                stream = await self._client.post(
                    path,
                    cast_to=object,
                    content=content,
                    options=options,
                    stream=True,
                    stream_cls=self.sdk.AsyncStream[object],
                )
                try:
                    events = [event async for event in stream]
                finally:
                    with anyio.CancelScope(shield=True):
                        await stream.close()
                return json.loads(self._harmless(json.dumps(events))) if self._secrets else events
        except Trouble:
            raise
        except Exception as error:
            raise self._told(error) from None

    async def get(self, path: str) -> JSON:
        """What a server says at a path. Raises `Trouble`."""
        import httpx2

        options: Any = {"headers": self.settings.headers, "timeout": self.settings.request_timeout}
        try:
            with anyio.fail_after(self.settings.request_timeout):
                response = await self._client.get(path, cast_to=httpx2.Response, options=options)
            return json.loads(self._harmless(response.content.decode()))
        except Exception as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> Exception:
        """What an exception of the SDK means; it holds the request with its headers itself, so it is not carried along."""
        trouble = of_exception(error, self.sdk, self.endpoint, self.settings.request_timeout)
        if trouble is not None:
            return Trouble(trouble.kind, self._harmless(str(trouble)), trouble.wait)
        if isinstance(error, TypeError) and "authentication" in str(error):
            return ConfigurationError(_no_key(self.sdk.__name__))
        return error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.close()

    def _harmless(self, text: str) -> str:
        """A text without our own keys, which a server may have repeated."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, "[redacted]")
        return text


def encoded(body: JSON) -> bytes:
    """A body as bytes. Half a surrogate pair, which a server may have sent as an escape, goes back as that escape."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _sdk(name: Sdk) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ConfigurationError(
            f"agents of the wire format {name!r} need the package {name!r}: pip install 'perturb-agents[{name}]'"
        ) from None


def _client(name: Sdk, sdk: Any, settings: ModelSettings) -> Any:
    """The SDK's own client. It tries nothing again: what deserves another try is told here, for every provider alike."""
    options: dict[str, Any] = {"max_retries": 0, "timeout": settings.request_timeout}
    if settings.base_url is not None:
        options["base_url"] = settings.base_url
    named = settings.base_url is not None or os.environ.get(f"{name.upper()}_BASE_URL")
    if named and not any(os.environ.get(variable) for variable in _KEYS[name]):
        options["api_key"] = _NO_KEY
    from perturb.models.spreading import spread_connections

    transport = spread_connections()
    if transport is not None:
        options["http_client"] = sdk.DefaultAsyncHttpxClient(transport=transport)
    error = sdk.OpenAIError if name == "openai" else sdk.AnthropicError
    try:
        return (sdk.AsyncOpenAI if name == "openai" else sdk.AsyncAnthropic)(**options)
    except error:
        raise ConfigurationError(_no_key(name)) from None


def _no_key(name: str) -> str:
    variables = " or ".join(_KEYS["anthropic" if name == "anthropic" else "openai"])
    return f"there is no key for the provider; set {variables}, or name a server that needs none with --base-url"


def _secrets(client: Any) -> tuple[str, ...]:
    """Every value that the client sends to be let in, longest first."""
    headers: dict[str, Any] = {}
    for source in (client.default_headers, client.auth_headers):
        headers |= {str(name): value for name, value in (source.items() if isinstance(source, Mapping) else ())}
    values = [value for name, value in headers.items() if isinstance(value, str) and SECRET_NAMES.search(name)]
    values += [getattr(client, name, None) or "" for name in ("api_key", "auth_token", "admin_api_key", "webhook_secret")]
    found: set[str] = set()
    for value in values:
        bare = value.removeprefix("Bearer ")
        found |= {one for one in (bare, json.dumps(bare)[1:-1]) if len(one) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))
