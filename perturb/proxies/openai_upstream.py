"""The provider behind the OpenAI proxy: requests as a client has sent them, with its login, and what comes back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from perturb.errors import ConfigurationError
from perturb.models.connections import encoded
from perturb.types import JSON

_OURS = ("x-perturb-",)
_OF_ONE_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"),
        *("upgrade", "host", "content-length", "content-encoding", "accept-encoding", "expect", "date", "server"),
    }
)

Headers = list[tuple[str, str]]


class Unreachable(Exception):
    """The provider is not there, or has gone in the middle of a response."""


class Response:
    """A response of the provider's that is coming in."""

    def __init__(self, response: httpx2.Response, where: str) -> None:
        self._response = response
        self._where = where
        self.status = response.status_code
        self.headers = passed(response.headers.items())

    @property
    def streams(self) -> bool:
        kind: str = self._response.headers.get("content-type", "")
        return kind.partition(";")[0].strip() == "text/event-stream"

    async def content(self) -> bytes:
        """All of it. Raises `Unreachable`."""
        try:
            return await self._response.aread()
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self._where} was cut off: {_told(error)}") from None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its body as it comes."""
        async for piece in self._response.aiter_bytes():
            yield piece

    async def events(self) -> AsyncIterator[JSON]:
        """The data of its events. Raises `Unreachable`, and `ValueError` for what is no JSON."""
        rest = b""
        data: list[bytes] = []
        try:
            async for piece in self._response.aiter_bytes():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    line = line.rstrip(b"\r")
                    if line.startswith(b"data:"):
                        data.append(line[5:].removeprefix(b" "))
                    elif not line and data:
                        event, data = b"\n".join(data), []
                        if event.strip() != b"[DONE]":
                            yield json.loads(event)
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self._where} was cut off: {_told(error)}") from None
        if data and (last := b"\n".join(data)).strip() != b"[DONE]":
            yield json.loads(last)


class Upstream:
    """The provider at `url`, its root as clients have it: with `/v1` where it has one."""

    def __init__(self, url: str, *, timeout: float = 600.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"upstream {url!r} is no URL; write one such as https://api.openai.com/v1")
        if "@" in parts.netloc:
            raise ConfigurationError("the upstream's URL holds a login; leave it out, the agent sends its own")
        self.url = url.rstrip("/")
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(timeout=httpx2.Timeout(timeout, connect=10.0), limits=limits)

    @asynccontextmanager
    async def post(self, path: str, body: JSON, headers: Headers, query: str = "") -> AsyncIterator[Response]:
        """A request with a body of ours. Raises `Unreachable`."""
        sent = [*headers, ("content-type", "application/json")]
        async with self.send("POST", path, encoded(body), sent, query) as response:
            yield response

    @asynccontextmanager
    async def send(self, method: str, path: str, content: bytes, headers: Headers, query: str = "") -> AsyncIterator[Response]:
        """Any request. Raises `Unreachable`."""
        url = f"{self.url}/{path}" + (f"?{query}" if query else "")
        request = self._client.build_request(method, url, content=content, headers=headers)
        try:
            response = await self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_told(error)}") from None
        try:
            yield Response(response, self.url)
        finally:
            await response.aclose()

    async def is_there(self) -> None:
        """Raise `ConfigurationError` where nobody listens."""
        try:
            async with self.send("GET", "models", b"", []):
                return
        except Unreachable as error:
            raise ConfigurationError(f"upstream {error}; start it, or name another with --upstream") from None

    async def aclose(self) -> None:
        await self._client.aclose()


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def passed(headers: Iterable[tuple[str, Any]]) -> Headers:
    """The headers that go on, in either direction."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_ONE_HOP and not name.lower().startswith(_OURS)]
