"""The sockets of the server, so that one can be closed in the middle of a response, or reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Sockets:
    """The open connections by the address of their client."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """What uvicorn is to speak HTTP with, so that its connections are known here."""
        sockets = self._open

        class Known(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                self.address = transport.get_extra_info("peername")[:2]
                sockets[self.address] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                sockets.pop(self.address, None)
                super().connection_lost(exc)

        return Known

    def close(self, client: Any, *, reset: bool) -> None:
        """Close the connection of a client: with a reset, or as if the server had gone."""
        transport = self._open.get((client.host, client.port))
        if transport is None:
            return
        if reset:
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
