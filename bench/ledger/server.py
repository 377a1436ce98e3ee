"""The ledger's server as `ledger.bootstrap` builds it, in a process of its own, with a no-op beside it.

`python -m bench.ledger.server DATABASE_URL [--profile FILE]` prints its port and serves until SIGTERM.
The relay, the sealer and the sweepers trail behind the writes and are not part of a command: they stay
off here, as nothing of that kind runs beside pgbench either.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from chassis.clock import SystemClock
from chassis.grpc_server import GrpcServer
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.process import run_all, run_until_signalled
from chassis.telemetry import configure_telemetry
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS, LedgerServicer
from ledger.adapters.outbound.postgres import PostgresUnitsOfWork
from ledger.adapters.outbound.postgres_invariants import PostgresInvariants
from ledger.adapters.outbound.postgres_reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres_statements import PostgresStatements
from ledger.adapters.outbound.prometheus_meter import PrometheusMeter
from ledger.adapters.outbound.trace_context import TraceContext
from ledger.application.command_writer import CommandWriter
from ledger.application.preview_reservation import PreviewReservationHandler
from ledger.application.read_ledger import ReadLedgerHandler
from ledger.application.read_statement import ReadStatementHandler
from ledger.application.verify_ledger import VerifyLedgerHandler
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from bench.ledger.endpoint import CALLER, CALLERS, NOOP, add_noop
from bench.ledger.sampler import sampling


def servicer(database_url: str, stack: AsyncExitStack) -> LedgerServicer:
    """Build what answers LedgerService: the only place that has to follow `ledger.bootstrap`."""
    engine = create_engine(database_url)
    stack.push_async_callback(engine.dispose)
    clock, ids, reader = SystemClock(), UuidIds(), PostgresLedgerReader(engine)
    units, statements, meter = PostgresUnitsOfWork(engine, ids), PostgresStatements(engine), PrometheusMeter()
    stack.push_async_callback(units.close)
    writer = CommandWriter(units, clock, ids, meter=meter, context=TraceContext())
    stack.push_async_callback(writer.close)
    return LedgerServicer(
        writer=writer,
        preview=PreviewReservationHandler(units, clock, ids),
        read=ReadLedgerHandler(reader, statements),
        statements=ReadStatementHandler(statements),
        reader=reader,
        verify=VerifyLedgerHandler(PostgresInvariants(engine), meter),
    )


async def serve(database_url: str) -> None:
    """Serve until cancelled."""
    async with AsyncExitStack() as stack:
        server = GrpcServer(
            "127.0.0.1:0",
            errors=ERRORS,
            callers=CALLERS,
            allowed={**ALLOWED, NOOP: frozenset({CALLER})},
            domain="tintype.ledger",
        )
        rpc.add_LedgerServiceServicer_to_server(servicer(database_url, stack), server.server)
        add_noop(server.server)

        async def tell() -> None:
            # The port is known once the server listens, which `run` does first.
            print(server.bound_port, flush=True)

        await run_all(server.run(), tell())


def main(arguments: Sequence[str]) -> int:
    """Serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger.server")
    parser.add_argument("database_url")
    parser.add_argument("--profile", type=Path, help="where to write what the server spent its time on")
    options = parser.parse_args(arguments)
    telemetry = configure_telemetry("ledger")
    try:
        with sampling(options.profile):
            return run_until_signalled(lambda: serve(options.database_url))
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
