"""`python -m ledger serve | migrate | verify | dead-letters`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis import dead_letters_command
from chassis.migrations import upgrade
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from ledger.bootstrap import parts_of, serve
from ledger.settings import LedgerSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ledger")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC, apply events and publish facts until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    commands.add_parser("verify", help="check every invariant over the whole database")
    dead_letters_command.add_arguments(
        commands.add_parser("dead-letters", help="look at events that were given up, and apply them again")
    )
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        return _migrate()
    settings = load_settings(LedgerSettings)
    if options.command == "verify":
        return asyncio.run(_verify(settings))
    if options.command == "dead-letters":
        return asyncio.run(_dead_letters(settings, options))
    telemetry = configure_telemetry(
        "ledger",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        return run_until_signalled(lambda: serve(settings))
    finally:
        telemetry.shutdown()


async def _verify(settings: LedgerSettings) -> int:
    """Print one line an invariant; 1 when one is broken."""
    broken = 0
    async with parts_of(settings) as parts:
        async for result in parts.verify.handle():
            broken += result.violations > 0
            state = f"BROKEN {result.violations} times: {', '.join(result.examples)}"
            print(f"{result.invariant:<34}{result.checked:>12,} checked   "  # noqa: T201 - the command's answer
                  f"{state if result.violations else 'holds'}")  # fmt: skip
    return 1 if broken else 0


async def _dead_letters(settings: LedgerSettings, options: argparse.Namespace) -> int:
    async with parts_of(settings) as parts:
        return await dead_letters_command.run(options, parts.dead_letters, parts.events.handle)


def _migrate() -> int:
    settings = load_settings(MigrationSettings)
    os.environ["LEDGER_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
