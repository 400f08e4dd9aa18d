"""The database of one episode: SQLite in memory, copied from the shipped file, which is checked once against its digest.

A dump is `{table: {key: row}}`, where the key is the row's primary key, its parts joined by `/`. Rows of tables that
nobody has written to since the last dump are shared between dumps, so they must not be changed in place.
"""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from perturb.errors import ToolsetError

FOLDER = Path(__file__).resolve().parent
Row = dict[str, Any]
Rows = dict[str, Row]


class Table:
    """The names of a table's columns, and which of them make its primary key."""

    __slots__ = ("columns", "insert", "key", "name")

    def __init__(self, name: str, columns: tuple[str, ...], key: tuple[str, ...]) -> None:
        self.name = name
        self.columns = columns
        self.key = key
        self.insert = f"INSERT INTO {name} VALUES ({', '.join(':' + column for column in columns)})"


class Database:
    """Reads by `rows`, `row` and `value`; writes by `write`, which is told the table that changes."""

    __slots__ = ("_connection", "_dumped")

    def __init__(self) -> None:
        template, _ = _template()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.deserialize(template)
        self._connection.row_factory = _as_dict
        self._dumped: dict[str, Rows] = dict(_first_dump())

    def rows(self, query: str, *values: Any) -> list[Row]:
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Row | None:
        found: Row | None = self._connection.execute(query, values).fetchone()
        return found

    def value(self, query: str, *values: Any) -> Any:
        """The only column of the first row."""
        found = self.row(query, *values)
        return None if found is None else next(iter(found.values()))

    def write(self, table: str, statement: str, *values: Any) -> None:
        self._dumped.pop(table, None)
        self._connection.execute(statement, values)

    def insert(self, table: str, **row: Any) -> None:
        self._dumped.pop(table, None)
        self._connection.execute(_template()[1][table].insert, row)

    def dump(self) -> dict[str, Rows]:
        for name, table in _template()[1].items():
            if name not in self._dumped:
                self._dumped[name] = _table_rows(self._connection, table)
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
            try:
                with self._connection:
                    self._connection.execute("BEGIN")
                    self._connection.execute(f"DELETE FROM {name}")
                    self._connection.executemany(tables[name].insert, rows.values())
            except sqlite3.Error as error:
                raise ValueError(f"the rows of table {name!r} cannot be loaded: {error}") from error
            # Read again when it is dumped: `rows` belongs to the caller.
            self._dumped.pop(name, None)

    def close(self) -> None:
        self._connection.close()

    def __del__(self) -> None:
        # An abandoned episode must not leave a connection to be warned about.
        if hasattr(self, "_connection"):
            self._connection.close()


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _table_rows(connection: sqlite3.Connection, table: Table) -> Rows:
    rows = connection.execute(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}").fetchall()
    return {"/".join(str(row[part]) for part in table.key): row for row in rows}


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
        return data, tables
    finally:
        connection.close()


@functools.cache
def _first_dump() -> dict[str, Rows]:
    data, tables = _template()
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        connection.row_factory = _as_dict
        return {name: _table_rows(connection, table) for name, table in tables.items()}
    finally:
        connection.close()


def checked(data: Path, digests: Path) -> bytes:
    """The bytes of `data`, whose digest must be the one that `digests` gives for its name. Raises `ToolsetError`."""
    remedy = "restore both files, or make them again with toolsets/airline/make_data.py"
    for path in (data, digests):
        if not path.is_file():
            raise ToolsetError(f"the airline's file {path} is missing; {remedy}")
    read = data.read_bytes()
    found = hashlib.sha256(read).hexdigest()
    lines = dict(reversed(line.split()) for line in digests.read_text(encoding="utf-8").splitlines())
    if lines.get(data.name) != found:
        raise ToolsetError(f"{data} has the digest {found}, where {digests.name} says {lines.get(data.name)}; {remedy}")
    return read
