"""The OpenAI proxy, running: in the foreground for people, in a thread for a run of ours."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from perturb.errors import ConfigurationError
from perturb.proxies.openai_app import Application, Episodes
from perturb.proxies.openai_upstream import Upstream
from perturb.serving.server import bound


def _server(application: Application) -> uvicorn.Server:
    config = uvicorn.Config(
        application.app(), ws="none", lifespan="off", log_level="error", timeout_keep_alive=300, timeout_graceful_shutdown=2
    )
    return uvicorn.Server(config)


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://{host}:{port}"


def serve(upstream: str, episodes: Episodes, at: tuple[str, int], listening: Callable[[str], None]) -> None:
    """Serve until interrupted. Raises `ConfigurationError` for a provider that is not there, and an address that is taken."""

    async def run() -> None:
        behind = Upstream(upstream)
        try:
            await behind.is_there()
            sock = bound(*at, flag="--listen")
            listening(f"{_url(sock)}/v1")
            await _server(Application(behind, episodes)).serve(sockets=[sock])
        finally:
            await behind.aclose()

    asyncio.run(run())


class Running:
    """A proxy in a thread; `url` is its root."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def running(upstream: str, episodes: Episodes) -> Iterator[Running]:
    """Serve within the `with`, on a free port of this machine. Raises `ConfigurationError` for a provider that is not there."""
    sock = bound("127.0.0.1", 0)
    problems: list[BaseException] = []
    servers: list[uvicorn.Server] = []
    ready = threading.Event()

    async def run() -> None:
        behind = Upstream(upstream)
        try:
            await behind.is_there()
            servers.append(_server(Application(behind, episodes)))
            ready.set()
            await servers[0].serve(sockets=[sock])
        finally:
            await behind.aclose()

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            problems.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        ready.wait()
        while not problems and not servers[0].started:
            thread.join(0.005)
        if problems:
            raise problems[0] if isinstance(problems[0], ConfigurationError) else RuntimeError(str(problems[0]))
        yield Running(_url(sock))
    finally:
        for server in servers:
            server.should_exit = server.force_exit = True
        thread.join(10)
        sock.close()
