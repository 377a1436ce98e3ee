"""The ledger's server as `ledger.bootstrap` builds it, in a process of its own, with a no-op beside it.

`python -m bench.ledger.server DATABASE_URL [--profile FILE]` prints its port and serves until SIGTERM.
The relay, the sealer and the sweepers trail behind the writes and are not part of a command: they stay
off here, as nothing of that kind runs beside pgbench either.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.grpc_server import GrpcServer
from chassis.process import run_all, run_until_signalled
from chassis.telemetry import configure_telemetry
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS
from ledger.bootstrap import parts_of, servicer_of
from ledger.settings import LedgerSettings
from pydantic import SecretStr
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from bench.ledger.endpoint import CALLER, CALLERS, NOOP, TOKEN, add_noop
from bench.ledger.sampler import sampling


def settings_for(database_url: str) -> LedgerSettings:
    """Return the settings of a ledger that has a database and nobody else to talk to."""
    return LedgerSettings(
        database_url=SecretStr(database_url),
        nats_url="nats://127.0.0.1:1",
        nats_user="ledger",
        nats_password=SecretStr(""),
        grpc_listen="127.0.0.1:0",
        http_listen="127.0.0.1:0",
        callers=CALLERS,
        caller_token=SecretStr(TOKEN),
        generation_target="127.0.0.1:1",
    )


async def serve(database_url: str) -> None:
    """Serve until cancelled."""
    settings = settings_for(database_url)
    async with parts_of(settings) as parts:
        server = GrpcServer(
            settings.grpc_listen,
            errors=ERRORS,
            callers=settings.callers,
            allowed={**ALLOWED, NOOP: frozenset({CALLER})},
            domain="tintype.ledger",
        )
        rpc.add_LedgerServiceServicer_to_server(servicer_of(parts), server.server)
        add_noop(server.server)

        async def tell() -> None:
            # The port is known once the server listens, which `run` does first.
            print(server.bound_port, flush=True)
            # Whatever runs beside the server stays: one that ended would end the process.
            await asyncio.Event().wait()

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
