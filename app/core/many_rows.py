"""Many rows of one table in one statement, and storing them while the next ones are prepared."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

import orjson
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Dialect,
    Executable,
    LargeBinary,
    Table,
    bindparam,
    insert,
    text,
    update,
)

Lines: TypeAlias = Sequence[Mapping[str, Any]]


class Lot(NamedTuple):
    """Rows of one table that have the same columns, all that must be filled: there is no object with defaults."""

    table: Table
    lines: Lines


class Statement(NamedTuple):
    """A statement that is ready to be sent, and its parameters."""

    what: Executable
    parameters: Any


def insert_many(connection: Connection, lot: Lot) -> None:
    """Store these rows."""
    if lot.lines:
        connection.execute(*inserting(connection.dialect, lot))


def inserting(dialect: Dialect, lot: Lot) -> Statement:
    """What stores these rows, of which there is at least one.

    On PostgreSQL they go as one document: a message for each row takes five times as long.
    """
    table, lines = lot
    if dialect.name != "postgresql":
        return Statement(insert(table), lines)
    columns = _quoted(dialect, lines[0])
    sql = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {_document(table)}"  # noqa: S608
    # The names are those of our own tables; what people typed stands in the document only.
    return Statement(text(sql), {"rows": _as_json(dialect, table, lines)})


def copy_many(connection: Connection, lot: Lot) -> None:
    """The same for hundreds of thousands of rows: on PostgreSQL by COPY, which no listener of statements is told of."""
    table, lines = lot
    if not lines or connection.dialect.name != "postgresql":
        insert_many(connection, lot)
        return
    bound = [(name, _as_text(table.c[name], connection.dialect)) for name in lines[0]]
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor().copy(f"COPY {table.name} ({_quoted(connection.dialect, lines[0])}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row([bind(line[name]) if bind else line[name] for name, bind in bound])


def _as_text(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """As `_binding`; JSON as its text, because COPY knows no types."""
    if isinstance(column.type, JSON):
        return lambda value: None if value is None else orjson.dumps(value).decode()
    return _binding(column, dialect)


def update_many(connection: Connection, lot: Lot) -> None:
    """Set the same columns of many rows, each found by its `id`."""
    table, lines = lot
    if not lines:
        return
    names = [name for name in lines[0] if name != "id"]
    if connection.dialect.name != "postgresql":
        wanted = update(table).where(table.c.id == bindparam("of_id"))
        changed = wanted.values({name: bindparam(f"of_{name}") for name in names})
        connection.execute(changed, [{f"of_{name}": value for name, value in line.items()} for line in lines])
        return
    columns = ", ".join(f"{name} = new.{name}" for name in map(connection.dialect.identifier_preparer.quote, names))
    sql = f"UPDATE {table.name} SET {columns} FROM {_document(table)} AS new WHERE {table.name}.id = new.id"  # noqa: S608
    statement = text(sql)
    connection.execute(statement, {"rows": _as_json(connection.dialect, table, lines)})


def _document(table: Table) -> str:
    return f"json_populate_recordset(NULL::{table.name}, CAST(:rows AS json))"


def _quoted(dialect: Dialect, names: Iterable[str]) -> str:
    return ", ".join(map(dialect.identifier_preparer.quote, names))


def _as_json(dialect: Dialect, table: Table, lines: Lines) -> str:
    bound = [(name, _in_document(table.c[name], dialect)) for name in lines[0]]
    # What is absent is NULL: half of all columns, which need not be written and parsed.
    rows = [
        {name: bind(line[name]) if bind else line[name] for name, bind in bound if line[name] is not None}
        for line in lines
    ]
    return orjson.dumps(rows, default=str).decode()


def _in_document(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """As `_binding`; JSON stands in the document as it is, bytes in hexadecimal."""
    if isinstance(column.type, LargeBinary):
        return lambda value: None if value is None else f"\\x{value.hex()}"
    return None if isinstance(column.type, JSON) else _binding(column, dialect)


def _binding(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a value is stored."""
    return column.type.dialect_impl(dialect).bind_processor(dialect)


class Behind:
    """Sends statements beside the caller, who prepares the next ones while the database server stores these.

    The connection serves one at a time: whoever asks it anything in between calls `wait` first.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def send(self, statements: Sequence[Statement]) -> None:
        """Begin to execute them, after those before. Raises what went wrong with those before."""
        self.wait()
        self._last = self._pool.submit(self._execute, statements)

    def wait(self) -> None:
        """Until all that was sent is done. Raises what went wrong with it."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def _execute(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            self._connection.execute(*statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._pool.shutdown()  # nobody else may use the connection before, not even to roll back
        if error is None:
            self.wait()
