"""The database of one episode: SQLite in memory, copied from the shipped file, which is checked once against its digest.

A dump is `{table: {key: row}}`, where the key is the row's primary key, its parts joined by `/`. Rows that are as they
were are shared between dumps, so they must not be changed in place.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import sqlite3
import sys
from operator import itemgetter
from pathlib import Path
from typing import Any

from perturb.errors import ToolsetError

FOLDER = Path(__file__).resolve().parent
Row = dict[str, Any]
Rows = dict[str, Row]


class Table:
    """The columns of a table, its primary key, and the rows of the shipped data, which dumps share."""

    __slots__ = ("_known", "columns", "insert", "insert_values", "key", "name", "select", "values")

    def __init__(self, name: str, columns: tuple[str, ...], key: tuple[str, ...]) -> None:
        self.name = name
        self.columns = columns
        self.key = key
        self.insert = f"INSERT INTO {name} VALUES ({', '.join(':' + column for column in columns)})"
        self.insert_values = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"
        self.values = itemgetter(*columns)
        self.select = f"SELECT * FROM {name} ORDER BY {', '.join(key)}"
        self._known: dict[tuple[Any, ...], tuple[str, Row]] = {}

    def remember(self, values: list[tuple[Any, ...]]) -> None:
        self._known = {each: self._row(each) for each in values}

    def first_rows(self) -> Rows:
        return dict(self._known.values())

    def rows(self, values: list[tuple[Any, ...]]) -> Rows:
        known = self._known
        return dict(known.get(each) or self._row(each) for each in values)

    def _row(self, values: tuple[Any, ...]) -> tuple[str, Row]:
        row = dict(zip(self.columns, values, strict=True))
        return "/".join(str(row[part]) for part in self.key), row


class Database:
    """Reads by `rows`, `row` and `value`; writes by `write`, which is told the table that changes.

    An episode is one transaction, rolled back at its end, so that the next one finds an open connection with its
    statements compiled; that is ten times as fast as a fresh connection.
    """

    __slots__ = ("_connection", "_dumped")

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = _connection()
        self._dumped: dict[str, Rows] = dict(_first_dump())

    def _execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if self._connection is None:
            raise ValueError("this episode of the airline is over: its environment has been closed")
        return self._connection.execute(statement, values)

    def _tuples(self, table: Table) -> list[tuple[Any, ...]]:
        cursor = self._execute(table.select)
        cursor.row_factory = None
        return cursor.fetchall()

    def rows(self, query: str, *values: Any) -> list[Row]:
        return self._execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Row | None:
        found: Row | None = self._execute(query, values).fetchone()
        return found

    def value(self, query: str, *values: Any) -> Any:
        """The only column of the first row."""
        found = self.row(query, *values)
        return None if found is None else next(iter(found.values()))

    def write(self, table: str, statement: str, *values: Any) -> None:
        self._dumped.pop(table, None)
        self._execute(statement, values)

    def insert(self, table: str, **row: Any) -> None:
        self._dumped.pop(table, None)
        self._execute(_template()[1][table].insert, row)

    def dump(self) -> dict[str, Rows]:
        for name, table in _template()[1].items():
            if name not in self._dumped:
                self._dumped[name] = table.rows(self._tuples(table))
        return {name: self._dumped[name] for name in _template()[1]}

    def load(self, state: dict[str, Rows]) -> None:
        """Take back a dump. Tables that are as they were are left alone; an unknown table or column raises `ValueError`."""
        tables = _template()[1]
        if unknown := sorted(set(state) ^ set(tables)):
            raise ValueError(f"a dump of the airline has other tables than {', '.join(unknown)}")
        now = self.dump()
        for name, rows in state.items():
            if rows is now[name] or rows == now[name]:
                continue
            self._dumped.pop(name, None)
            self._execute(f"DELETE FROM {name}")
            try:
                values = map(tables[name].values, rows.values())
                self._connection.executemany(tables[name].insert_values, values)  # type: ignore[union-attr]
            except (sqlite3.Error, KeyError) as error:
                raise ValueError(f"the rows of table {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
            # The table belongs to the caller, its rows are shared.
            self._dumped[name] = dict(rows)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.rollback()
            _IDLE.append(self._connection)
            self._connection = None

    def __del__(self) -> None:
        # An abandoned episode gives its connection back too.
        if getattr(self, "_connection", None) is not None and not sys.is_finalizing():
            self.close()


_IDLE: list[sqlite3.Connection] = []


def _connection() -> sqlite3.Connection:
    """A connection to a fresh copy of the shipped data, in a transaction that is never committed."""
    try:
        connection = _IDLE.pop()
    except IndexError:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.deserialize(_template()[0])
        connection.row_factory = _as_dict
    connection.execute("BEGIN")
    return connection


@atexit.register
def _close_idle() -> None:
    while _IDLE:
        _IDLE.pop().close()


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


@functools.cache
def _template() -> tuple[bytes, dict[str, Table]]:
    data = checked(FOLDER / "airline.sqlite", FOLDER / "airline.sha256")
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        tables = {}
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall():
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            key = [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]]
            tables[name] = Table(name, tuple(column[1] for column in columns), tuple(key))
            tables[name].remember(connection.execute(tables[name].select).fetchall())
        return data, tables
    finally:
        connection.close()


@functools.cache
def _first_dump() -> dict[str, Rows]:
    return {name: table.first_rows() for name, table in _template()[1].items()}


def checked(data: Path, digests: Path) -> bytes:
    """The bytes of `data`, whose digest must be the one that `digests` gives for its name. Raises `ToolsetError`."""
    remedy = "restore both files, or make them again with toolsets/airline/make_data.py"
    for path in (data, digests):
        if not path.is_file():
            raise ToolsetError(f"the airline's file {path} is missing; {remedy}")
    read = data.read_bytes()
    found = hashlib.sha256(read).hexdigest()
    lines: dict[str, str] = {}
    for line in digests.read_text(encoding="utf-8").splitlines():
        value, name = line.split()
        lines[name] = value
    if lines.get(data.name) != found:
        raise ToolsetError(f"{data} has the digest {found}, where {digests.name} says {lines.get(data.name)}; {remedy}")
    return read
