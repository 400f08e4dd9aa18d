"""Connections to a provider, each in a pool of its own.

The pool of `httpx2` looks at every connection that it has for each request and each response, so that many at once cost more
than in proportion: with 200 of them it took nearly half of all processor time. Which connection is free is known here without
a look.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from urllib.request import getproxies

import httpx2


def spread_connections() -> httpx2.AsyncBaseTransport | None:
    """What an SDK is to send its requests with; `None` where the machine has a proxy, which the SDK finds its way through."""
    return None if {"http", "https", "all"} & set(getproxies()) else Spread()


class Spread(httpx2.AsyncBaseTransport):
    """As many connections as there are requests at once, each used again as soon as it is free."""

    def __init__(self) -> None:
        self._verify = httpx2.create_ssl_context()
        self._free: list[httpx2.AsyncHTTPTransport] = []
        self._all: list[httpx2.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        one = self._free.pop() if self._free else self._another()
        try:
            response = await one.handle_async_request(request)
        except BaseException:
            self._free.append(one)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Freeing(response.stream, lambda: self._free.append(one))
        return response

    async def aclose(self) -> None:
        for one in self._all:
            await one.aclose()

    def _another(self) -> httpx2.AsyncHTTPTransport:
        made = httpx2.AsyncHTTPTransport(
            verify=self._verify,
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
            # A provider may think for minutes, and nothing on the way is to forget the connection meanwhile.
            socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
        )
        self._all.append(made)
        return made


class _Freeing(httpx2.AsyncByteStream):
    """The body of a response; its connection is free again when it is closed."""

    def __init__(self, stream: httpx2.AsyncByteStream, free: Callable[[], None]) -> None:
        self._stream = stream
        self._free: Callable[[], None] | None = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._free is not None:
                free, self._free = self._free, None
                free()
