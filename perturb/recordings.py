"""The recorded episodes that a store holds, by the import that brought them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from perturb.database import connect, told
from perturb.errors import ConfigurationError, nearest
from perturb.recorded import Recorded
from perturb.types import JSON, to_json

TOGETHER = 256
"""Episodes that are written in one transaction."""


class Import(NamedTuple):
    """An import: its name, when it was made (seconds since 1970), and what it came to."""

    name: str
    started: float
    header: dict[str, Any]


class Recordings:
    """The recorded episodes of the store at `path`, which is made where it is not there. Raises `StoreError`."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._db: sqlite3.Connection = connect(self.path)
        self._decoder = msgspec.json.Decoder(Recorded)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._db.in_transaction:
            self._db.execute("commit")  # what was read before an interruption is kept
        self._db.close()

    def begin(self, name: str) -> None:
        """Begin an import, in place of an earlier one of that name."""
        with told(self.path), self._db:
            self._db.execute("begin immediate")
            self._db.execute("delete from recorded where import = ?", (name,))
            self._db.execute("insert or replace into imports values (?, ?, ?)", (name, time.time(), b"{}"))

    def add(self, name: str, position: int, one: Recorded) -> None:
        """Keep the episode at `position` of an import; it is on disk with the next few, or when the import ends."""
        row = name, position, one.key, one.format, one.model, one.task, one.trial, one.passed, msgspec.json.encode(one)
        with told(self.path):
            if not self._db.in_transaction:
                self._db.execute("begin immediate")
            self._db.execute("insert or replace into recorded values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            if position % TOGETHER == TOGETHER - 1:
                self._db.execute("commit")

    def end(self, name: str, header: dict[str, JSON]) -> None:
        """Write down what an import came to."""
        with told(self.path):
            self._db.execute("update imports set header = ? where name = ?", (to_json(header), name))
            if self._db.in_transaction:
                self._db.execute("commit")

    def imports(self) -> list[Import]:
        """Every import, the newest first."""
        rows = self._db.execute("select name, started, header from imports order by started desc, rowid desc")
        return [Import(name, started, msgspec.json.decode(header)) for name, started, header in rows]

    def named(self, prefix: str) -> Import:
        """The import whose name begins with `prefix`; raises `ConfigurationError` where there is none, or more than one."""
        there = self.imports()
        found = [one for one in there if one.name == prefix] or [one for one in there if one.name.startswith(prefix)]
        if not found:
            raise ConfigurationError(
                f"there is no import {prefix!r} in {self.path}; {nearest(prefix, [one.name for one in there])}"
            )
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise ConfigurationError(f"{prefix!r} begins the names of {len(found)} imports: {names}; give more of it")
        return found[0]

    def episodes(self, name: str) -> Iterator[Recorded]:
        """The episodes of an import in their order, a few read at a time."""
        after = -1
        while True:
            rows = self._db.execute(
                "select position, record from recorded where import = ? and position > ? order by position limit 64",
                (name, after),
            ).fetchall()
            if not rows:
                return
            for _, record in rows:
                yield self._decoder.decode(record)
            after = rows[-1][0]
