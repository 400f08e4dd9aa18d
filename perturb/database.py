"""The SQLite file of a store: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perturb.errors import StoreError

_VERSION = 3
_TABLES = """
create table if not exists episodes (
    key text primary key, task text not null, arm text not null, operator text, trial integer not null, outcome text not null,
    exposed integer not null, error text, seconds real not null, calls integer not null, stale integer not null, cost real,
    input_tokens integer not null, output_tokens integer not null, plan text, record blob not null
);
create table if not exists plans (digest text primary key, plan blob not null) without rowid;
create table if not exists proofs (key text primary key, proof blob not null) without rowid;
create table if not exists runs (run text primary key, started real not null, header blob not null) without rowid;
create table if not exists pairs (
    run text not null, position integer not null, key text not null, task text not null, arm text not null,
    trial integer not null, operator text, axis text, kind text, plan text, proof text, primary key (run, position)
) without rowid;
create index if not exists pairs_by_key on pairs (run, key);
create table if not exists responses (
    key text primary key, endpoint text not null, model text not null, repeat integer not null, received real not null,
    seconds real not null, body blob not null
) without rowid;
create table if not exists requests (
    id integer primary key, key text not null, endpoint text not null, model text not null, episode text not null,
    asker text not null, asked real not null, ended real, how text
);
create table if not exists imports (name text primary key, started real not null, header blob not null);
create table if not exists recorded (
    import text not null, position integer not null, key text not null, format text not null, model text not null,
    task text not null, trial integer not null, passed integer, record blob not null, primary key (import, position)
) without rowid;
create index if not exists requests_open on requests (asker) where how is null;
"""


def connect(path: str) -> sqlite3.Connection:
    """Open or make the file at `path`; `:memory:` keeps nothing. Raises `StoreError` where it cannot be used."""
    try:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        version = database.execute("pragma user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise StoreError(
                f"the store {path} has format {version}, this release reads format {_VERSION}; "
                "give another file with --store, or move this one away"
            )
        database.executescript(_TABLES)
        database.execute(f"pragma user_version = {_VERSION}")
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from None
    return database


@contextmanager
def told(path: str) -> Iterator[None]:
    """Tells an error of the file (no room, locked for too long) as one of the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise _unusable(path, error) from None


def _unusable(path: str, error: Exception) -> StoreError:
    return StoreError(f"the store {path} cannot be used: {error}; give another file with --store")
