"""Responses of models, kept in the store the moment they are whole, and a line for each request that was sent.

A request is written down before it is sent, and its end as it ends. What is still open when its process is gone was in
flight at a kill: nobody knows whether it was paid for, so it is counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from perturb.database import connect, told
from perturb.models.connections import encoded
from perturb.models.settings import CacheMode
from perturb.types import JSON


class Kept(msgspec.Struct, frozen=True):
    """A response as the server sent it, and how many seconds it took."""

    body: JSON
    seconds: float


def key_of(endpoint: str, path: str, body: Mapping[str, JSON], repeat: int, occurrence: int) -> str:
    """The digest of all that could change a response. The body holds model, sampling, messages and tools; `occurrence` tells
    one request from the same one made again within its episode."""
    parts = [endpoint, path, body, repeat, occurrence]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class KeptResponses:
    """The responses in the store at `path`, as `mode` has it; in memory where there is no path."""

    def __init__(self, path: str | None, mode: CacheMode = "on") -> None:
        self.path = path if path is not None and mode != "off" else ":memory:"
        self.mode = mode
        if self.path != ":memory:" or mode == "off":
            self._db = connect(self.path)
        else:
            self._db = connect(":memory:")
        self._asker = _this_process()
        self._began = time.time()
        self.lost = self._lost()
        self.asked_for = 0
        self.replayed = 0

    def close(self) -> None:
        self._db.close()

    def find(self, key: str) -> Kept | None:
        """The response that was stored for a request. `refresh` knows only those that were received since it began."""
        if self.mode == "off":
            return None
        with told(self.path):
            row = self._db.execute("select body, seconds, received from responses where key = ?", (key,)).fetchone()
        if row is None or (self.mode == "refresh" and row[2] < self._began):
            return None
        self.replayed += 1
        return Kept(json.loads(row[0]), row[1])

    def asked(self, key: str, endpoint: str, model: str, episode: str) -> int:
        """Write down that a request is about to be sent; gives its number."""
        self.asked_for += 1
        with told(self.path):
            row = self._db.execute(
                "insert into requests (key, endpoint, model, episode, asker, asked) values (?,?,?,?,?,?) returning id",
                (key, endpoint, model, episode, self._asker, time.time()),
            ).fetchone()
        number: int = row[0]
        return number

    def received(self, number: int, key: str, endpoint: str, model: str, repeat: int, kept: Kept) -> None:
        """Keep a response, and write down that its request has ended: both, or neither."""
        now = time.time()
        with told(self.path), self._db:
            self._db.execute("begin immediate")
            self._db.execute(
                "insert or replace into responses values (?,?,?,?,?,?,?)",
                (key, endpoint, model, repeat, now, kept.seconds, encoded(kept.body)),
            )
            self._db.execute("update requests set ended = ?, how = 'received' where id = ?", (now, number))

    def failed(self, number: int, how: str) -> None:
        """Write down that a request has ended without a response."""
        with told(self.path):
            self._db.execute("update requests set ended = ?, how = ? where id = ?", (time.time(), how, number))

    def _lost(self) -> int:
        """How many requests were in flight when a process was killed, in all the life of the store."""
        with told(self.path):
            for (asker,) in self._db.execute("select distinct asker from requests where how is null").fetchall():
                if asker != self._asker and not _alive(asker):
                    self._db.execute("update requests set how = 'lost' where how is null and asker = ?", (asker,))
            row = self._db.execute("select count(*) from requests where how = 'lost'").fetchone()
        lost: int = row[0]
        return lost


def forget_responses(path: Path | str) -> None:
    """Drop every response from a store: what is measured next is measured afresh."""
    with told(str(path)), closing(connect(str(path))) as database:
        database.execute("delete from responses")


def _this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{_born(os.getpid())}"


def _born(pid: int) -> str:
    """When a process began, in ticks of the system, where it tells: a number of a process is given again after its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _alive(asker: str) -> bool:
    """Whether the process that sent a request may still be there to end it."""
    host, pid, born = asker.rsplit("/", 2)
    if host != socket.gethostname():
        return True  # nobody here can tell
    if os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _born(int(pid)) == born
