"""The reference server, running: in the foreground for people, in a thread for tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from perturb.agent import AgentContext
from perturb.errors import ConfigurationError
from perturb.loading import find_agent, list_agents, load_toolset
from perturb.reference.notebook import Notebook
from perturb.replay import Gold
from perturb.serving.app import MindOf, Reference
from perturb.serving.minds import AgentMind, Mind, NoteMind
from perturb.serving.obliging import ObligingMind
from perturb.serving.telling import Telling

NOTES = "notekeeper"
"""The model that keeps its notes in its reasoning."""
OBLIGING = "obliging"
"""The model that does what a prompt asks of its tools in so many words."""


async def learnt(toolset_name: str, seed: int = 7) -> tuple[MindOf, list[str]]:
    """The minds that know the clean transcripts of a toolset, by the names of the reference agents; and the names."""
    toolset = load_toolset(toolset_name)
    transcripts = await Gold(toolset).transcripts()
    telling = Telling(transcripts)
    made: dict[str, Mind] = {NOTES: NoteMind(Notebook(transcripts), telling), OBLIGING: ObligingMind()}

    def mind_of(model: str) -> Mind:
        if model not in made:
            found = find_agent(model)
            if found.asks_model:
                raise ConfigurationError(f"{model!r} asks a model itself")
            loaded = found.make(AgentContext(transcripts=transcripts, option=found.option, seed=seed))
            made[model] = AgentMind(loaded.function, telling)
        return made[model]

    shipped = [one.name for one in list_agents() if one.origin == "perturb" and not find_agent(one.name).asks_model]
    return mind_of, [*shipped, NOTES, OBLIGING]


def configured(reference: Reference) -> uvicorn.Server:
    """A server that was not started yet."""
    config = uvicorn.Config(
        reference.app(),
        http=reference.sockets.protocol(),
        ws="none",
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=300,
    )
    return uvicorn.Server(config)


def bound(host: str, port: int, *, flag: str = "--port") -> socket.socket:
    """A socket for the server; port 0 takes a free one. Raises `ConfigurationError` for one that is taken."""
    # With its protocol named, or asyncio does not know that it may send small pieces at once.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror}; name another with {flag}") from None
    return sock


class Served:
    """A server in a thread: `url` is its root."""

    def __init__(self, reference: Reference, url: str) -> None:
        self.reference = reference
        self.url = url

    @property
    def log(self) -> list[Any]:
        return self.reference.log


@contextmanager
def serving(reference: Reference) -> Iterator[Served]:
    """Serve within the `with`, on a free port of this machine."""
    server = configured(reference)
    sock = bound("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise ConfigurationError("the reference server could not be started")
            thread.join(0.005)
        yield Served(reference, f"http://127.0.0.1:{sock.getsockname()[1]}")
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        sock.close()
