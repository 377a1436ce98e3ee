"""One connection in libpq's pipeline mode: what is sent together travels together, and is answered together.

psycopg has a pipeline of its own, which hands each statement to the socket by itself, asks before and after
whether it may, and makes a cursor and a converter for each. Of a transaction with a handful of statements
that is most of what a process does. Here libpq is spoken to directly, through `psycopg.pq`.
"""

import asyncio
import contextlib
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult

# A statement has a few shapes, and small transactions are one statement each, of whatever they write.
PREPARED_MAX = 200
CANCEL_TIMEOUT_S = 5.0

Value = str | int | date | None
Values = Sequence[Any] | Mapping[str, Any]
Rows = list[Any]
_Key = tuple[str, tuple[int, ...]]
_RowOf = Callable[[Sequence[Any]], Any]
_COMMIT: _Key = ("COMMIT", ())
_PLACE = re.compile(r"%(?:\((\w+)\))?s|%%")


class Pipeline:
    """Prepared statements with `%s` for each value; rows as psycopg reads them.

    `send` and `ask` wait for nothing. `answers` waits until everything that was sent is done, and fills the
    lists that they returned. Raises psycopg.Error: the first statement that failed ends the transaction, and
    those behind it were not done.

    One that is `lent` leaves the connection to psycopg between the answers and what is sent next.
    """

    def __init__(self, connection: psycopg.AsyncConnection, *, lent: bool = False) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._is_lent = lent
        self._adapter = Transformer(connection)
        self._numbers = count(1)
        self._prepared: dict[_Key, bytes] = {}
        # What was sent and not answered yet: what it was to prepare, what it uses, where its rows belong.
        self._sent: list[tuple[_Key | None, _Key | None, Rows, bool]] = []
        self._is_waiting = False

    def send(self, statement: str, values: Sequence[Value] = ()) -> Rows:
        """Send a statement with what is sent next; return the list that its rows will be in, as tuples.

        Its values are texts, which it casts.
        """
        # Before anything of it is sent: a value that can't be is no reason to give the connection up.
        parameters = [_parameter(value) for value in values]
        return self._send((statement, ()), parameters, None, has_names=False)

    def ask(self, statement: str, values: Values = ()) -> Rows:
        """Send it likewise, with `%s` or `%(name)s` for values as psycopg takes them; rows have names."""
        _, names = _numbered(statement)
        given = [values[name] for name in names] if isinstance(values, Mapping) else values
        if not given:
            return self._send((statement, ()), (), None, has_names=True)
        parameters = self._adapter.dump_sequence(given, [PyFormat.AUTO] * len(given))
        formats, types = self._adapter.formats, tuple(self._adapter.types or ())
        return self._send((statement, types), parameters, formats, has_names=True)

    def hurry(self) -> None:
        """Let the database begin with what was sent, while more is made."""
        self._libpq.flush()

    async def answers(self) -> None:
        """Wait until what was sent is done."""
        sent, self._sent = self._sent, []
        if not sent:
            return
        # Whoever is interrupted here leaves a connection that nobody else can use.
        self._is_waiting = True
        self._libpq.pipeline_sync()
        failure = await self._receive(sent)
        if self._is_lent:
            self._libpq.exit_pipeline_mode()
        self._is_waiting = False
        if failure is not None:
            raise failure

    async def undo(self) -> None:
        """Undo what was not committed, and forget what was not answered."""
        if self._is_waiting or self.is_closed:
            return
        with contextlib.suppress(psycopg.Error):
            if self._sent:
                await self.answers()
        if self._libpq.transaction_status != TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                # Not prepared: that may take the place of another, and what failed lets none be given up.
                self._command(b"ROLLBACK")
                await self.answers()

    def forget(self) -> None:
        """Take note that nothing is prepared any more."""
        self._prepared.clear()

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._libpq.status == ConnStatus.BAD

    @property
    def is_idle(self) -> bool:
        """Whether another transaction may begin."""
        return not (
            self._is_waiting
            or self._sent
            or self.is_closed
            or self._libpq.transaction_status != TransactionStatus.IDLE
        )

    async def cancel(self) -> None:
        """Have the database stop what is being done, if anything is."""
        if self._is_waiting and not self.is_closed:
            with contextlib.suppress(psycopg.Error):
                await self._connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)

    async def close(self) -> None:
        """Close the connection; what is being done is not waited for."""
        await self.cancel()
        await self._connection.close()

    def _send(
        self, key: _Key, parameters: Sequence[Any], formats: Sequence[int] | None, *, has_names: bool
    ) -> Rows:
        self._enter()
        name = self._prepared.pop(key, None)
        if name is None:
            name = self._prepare(key)
        # The one that was used last is forgotten last.
        self._prepared[key] = name
        rows: Rows = []
        self._libpq.send_query_prepared(name, parameters, formats)
        self._sent.append((None, key, rows, has_names))
        return rows

    def _enter(self) -> None:
        if self._is_waiting:
            raise psycopg.OperationalError("an exchange was interrupted: the connection is nobody's any more")
        if self._libpq.pipeline_status == PipelineStatus.OFF:
            self._libpq.enter_pipeline_mode()

    def _command(self, command: bytes) -> None:
        self._enter()
        self._libpq.send_query_params(command, None)
        self._sent.append((None, None, [], False))

    def _prepare(self, key: _Key) -> bytes:
        # Never one that was used before: nobody knows what became of it where the transaction failed.
        name = b"piped_%d" % next(self._numbers)
        if len(self._prepared) >= PREPARED_MAX:
            oldest = self._prepared.pop(next(iter(self._prepared)))
            self._command(b"DEALLOCATE " + oldest)
        statement, types = key
        self._libpq.send_prepare(name, _numbered(statement)[0], types)
        self._sent.append((key, None, [], False))
        return name

    async def _receive(
        self, sent: Sequence[tuple[_Key | None, _Key | None, Rows, bool]]
    ) -> psycopg.Error | None:
        failure: psycopg.Error | None = None
        place = 0
        socket = _Socket(self._libpq.socket)
        while self._libpq.flush():
            await socket.ready(writing=True)
            self._libpq.consume_input()
        while True:
            while self._libpq.is_busy():
                await socket.ready()
                self._libpq.consume_input()
            result = self._libpq.get_result()
            if result is None:
                # The end of one statement's answer, or of what was said of none.
                place += 1
                if place > len(sent) + 1:
                    raise psycopg.OperationalError("the connection is lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return failure
            if place >= len(sent):
                # Of none of them: what has no commit of its own can't be committed, or the connection ends.
                failure = failure or error_from_result(result)
                continue
            prepared, used, rows, has_names = sent[place]
            if result.status == ExecStatus.TUPLES_OK:
                self._adapter.set_pgresult(result)
                row_of: _RowOf = _row_type(_names(result))._make if has_names else tuple
                rows.extend(self._adapter.load_rows(0, result.ntuples, row_of))
            elif result.status == ExecStatus.COMMAND_OK:
                if used == _COMMIT and result.command_status == b"ROLLBACK":
                    # A statement had failed before, and whoever sent it went on: so the server says it.
                    failure = failure or psycopg.errors.InFailedSqlTransaction(
                        "a statement had failed: nothing was committed"
                    )
            else:
                if result.status == ExecStatus.FATAL_ERROR:
                    failure = failure or error_from_result(result)
                    self._doubt(failure, used)
                if prepared:
                    self._prepared.pop(prepared, None)

    def _doubt(self, failure: psycopg.Error, used: _Key | None) -> None:
        if isinstance(failure, psycopg.errors.InvalidSqlStatementName):
            # Somebody discarded it, and all others with it: each would fail a transaction of its own.
            self._prepared.clear()
        elif isinstance(failure, psycopg.errors.FeatureNotSupported) and used:
            # It may be another than it was.
            self._prepared.pop(used, None)


class _Socket:
    """Waits for a connection's socket.

    It is watched anew for each wait: uvloop tells of a socket with an error once, and watches it no longer.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._loop = asyncio.get_running_loop()

    async def ready(self, *, writing: bool = False) -> None:
        """Wait until there is something to read, or, if wanted, room to write."""
        is_ready = self._loop.create_future()
        self._loop.add_reader(self._number, _wake, is_ready)
        if writing:
            self._loop.add_writer(self._number, _wake, is_ready)
        try:
            await is_ready
        finally:
            self._loop.remove_reader(self._number)
            if writing:
                self._loop.remove_writer(self._number)


def _wake(is_ready: "asyncio.Future[None]") -> None:
    if not is_ready.done():
        is_ready.set_result(None)


def _parameter(value: Value) -> bytes | None:
    if value is None:
        return None
    encoded = (value if isinstance(value, str) else str(value)).encode()
    if b"\0" in encoded:
        # libpq would take it for the end.
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return encoded


@lru_cache(maxsize=4 * PREPARED_MAX)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Write places as PostgreSQL has them: `$1`, `$2`; return the names of those that are named, too."""
    names: dict[str, int] = {}
    places = count(1)

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            return f"${next(places)}"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return _PLACE.sub(place, statement).encode(), tuple(names)


def _names(result: PGresult) -> tuple[bytes | None, ...]:
    return tuple(result.fname(number) for number in range(result.nfields))


@lru_cache(maxsize=4 * PREPARED_MAX)
def _row_type(names: tuple[bytes | None, ...]) -> Any:
    return namedtuple("Row", [(name or b"").decode() for name in names], rename=True)
