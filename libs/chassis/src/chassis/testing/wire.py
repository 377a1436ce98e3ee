"""What a client says to PostgreSQL, as libpq itself traces it: statements, and where it waits for answers."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.pq import Trace
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

CAN_TRACE = sys.platform == "linux"
ROUND_TRIP = "--"
_MESSAGE = re.compile(r"^F\t\d+\t(\w+)(?:\t ?(.*))?$")
_CHANGE = re.compile(r"(?:WITH .*?\( ?)?(INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_LOOK = re.compile(r"SELECT .*? FROM (\w+)(?:.* (FOR (?:NO KEY |KEY )?(?:UPDATE|SHARE).*))?")


def in_short(statement: str) -> str:
    """Return what a statement does, to which table first."""
    words = " ".join(statement.split())
    if found := _CHANGE.match(words):
        return f"{found[1]} {found[2]}"
    if found := _LOOK.match(words):
        return f"SELECT {found[1]} {found[2] or ''}".rstrip()
    return re.sub(r" *\(.*", "", words)


class Wire:
    """What was said since it began, by all connections that are traced into a file.

    `words` says what a statement is called.
    """

    def __init__(self, path: Path, words: Callable[[str], str] = in_short) -> None:
        self._path = path
        self._words = words
        self._names: dict[str, str] = {}

    def said(self) -> list[str]:
        """Return the statements in their order, with ROUND_TRIP wherever an answer was waited for.

        Those of one message are one; preparing one is none.
        """
        said: list[str] = []
        for kind, rest in self._messages():
            if kind == "Query":
                said += [self._words(rest.strip(' "')), ROUND_TRIP]
            elif kind == "Parse":
                name, statement = rest.split('"', 2)[1], rest.split('"', 3)[3]
                self._names[name] = self._words(statement.rsplit('"', 1)[0])
            elif kind == "Bind":
                said.append(self._names[rest.split('"')[3]])
            elif kind == "Sync" and said and said[-1] != ROUND_TRIP:
                said.append(ROUND_TRIP)
        return said

    def forget(self) -> None:
        """Begin anew; what is prepared stays known."""
        self.said()
        self._path.write_text("")

    def _messages(self) -> Iterator[tuple[str, str]]:
        # A statement of several lines is several lines here.
        whole = self._path.read_text(errors="replace").replace("\n", " ").replace(" F\t", "\nF\t")
        for line in re.sub(r" B\t", "\nB\t", whole).splitlines():
            if found := _MESSAGE.match(line.rstrip()):
                yield found[1], found[2] or ""


def trace(connection: psycopg.AsyncConnection, file: IO[str]) -> None:
    """Write down what is said on a connection; where CAN_TRACE."""
    connection.pgconn.trace(file.fileno())
    connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS | Trace.REGRESS_MODE)


@contextmanager
def listening(engine: AsyncEngine, path: Path) -> Iterator[Wire]:
    """Write down what is said on each connection that the engine opens from now on; where CAN_TRACE."""
    with path.open("a") as file:

        @event.listens_for(engine.sync_engine, "connect")
        def _trace(connection: Any, _record: Any) -> None:
            driver = connection.driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            trace(driver, file)

        yield Wire(path)
        event.remove(engine.sync_engine, "connect", _trace)
