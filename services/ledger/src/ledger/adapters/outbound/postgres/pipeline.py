"""One connection in libpq's pipeline mode: what is sent together travels together, and is answered together.

psycopg has a pipeline of its own, which hands each statement to the socket by itself, asks before and after
whether it may, and makes a cursor and a converter for each. Of a transaction with a handful of commands that
is most of what this process does. Here libpq is spoken to directly, through `psycopg.pq`.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

# A statement has a few shapes, and small transactions are one statement each, of whatever they write.
PREPARED_MAX = 200
CANCEL_TIMEOUT_S = 5.0

Value = str | int | date | None
Rows = list[tuple[Any, ...]]


class Pipeline:
    """Prepared statements with `%s` for each value, which the statement casts; rows as psycopg reads them.

    `send` waits for nothing. `answers` waits until everything that was sent is done, and fills the lists
    that `send` returned. Raises psycopg.Error: the first statement that failed ends the transaction, and
    those behind it were not done.
    """

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._libpq.enter_pipeline_mode()
        self._reader = Transformer(connection)
        self._numbers = count(1)
        self._prepared: dict[str, bytes] = {}
        # What was sent and not answered yet, with the statement's text where that was to be prepared.
        self._sent: list[tuple[str | None, Rows]] = []
        self._is_waiting = False

    def send(self, statement: str, values: Sequence[Value] = ()) -> Rows:
        """Send a statement with what is sent next; return the list that its rows will be in."""
        # Before anything of it is sent: a value that can't be is no reason to give the connection up.
        parameters = [_parameter(value) for value in values]
        name = self._prepared.pop(statement, None)
        if name is None:
            name = self._prepare(statement)
        # The one that was used last is forgotten last.
        self._prepared[statement] = name
        rows: Rows = []
        self._libpq.send_query_prepared(name, parameters)
        self._sent.append((None, rows))
        return rows

    def hurry(self) -> None:
        """Let the database begin with what was sent, while more is made."""
        self._libpq.flush()

    async def answers(self) -> None:
        """Wait until what was sent is done."""
        sent, self._sent = self._sent, []
        # Whoever is interrupted here leaves a connection that nobody else can use.
        self._is_waiting = True
        self._libpq.pipeline_sync()
        failure = await self._receive(sent)
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
                self.send("ROLLBACK")
                await self.answers()

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

    async def close(self) -> None:
        """Close the connection; what is being done is not waited for."""
        if self._is_waiting and not self.is_closed:
            with contextlib.suppress(psycopg.Error):
                await self._connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)
        await self._connection.close()

    def _prepare(self, statement: str) -> bytes:
        # Never one that was used before: nobody knows what became of it where the transaction failed.
        name = b"ledger_%d" % next(self._numbers)
        if len(self._prepared) >= PREPARED_MAX:
            oldest = self._prepared.pop(next(iter(self._prepared)))
            self._libpq.send_query_params(b"DEALLOCATE " + oldest, None)
            self._sent.append((None, []))
        self._libpq.send_prepare(name, _numbered(statement))
        self._sent.append((statement, []))
        return name

    async def _receive(self, sent: list[tuple[str | None, Rows]]) -> psycopg.Error | None:
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
                # The end of one statement's answer.
                place += 1
                if place > len(sent):
                    raise psycopg.OperationalError("the connection is lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return failure
            if result.status == ExecStatus.TUPLES_OK:
                self._reader.set_pgresult(result)
                sent[place][1].extend(self._reader.load_rows(0, result.ntuples, tuple))
            elif result.status != ExecStatus.COMMAND_OK:
                if result.status == ExecStatus.FATAL_ERROR:
                    failure = failure or error_from_result(result)
                self._prepared.pop(sent[place][0] or "", None)


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


@lru_cache(maxsize=2 * PREPARED_MAX)
def _numbered(statement: str) -> bytes:
    """Write `%s` as PostgreSQL has it: `$1`, `$2`."""
    first, *others = statement.split("%s")
    return (first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))).encode()
