"""`python -m ledger serve | migrate | verify | adjust | outbox | dead-letters`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis import dead_letters_command, outbox_command
from chassis.migrations import upgrade
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from ledger.adapters.outbound import tables
from ledger.application.adjust_balance import AdjustBalance
from ledger.bootstrap import parts_of, serve
from ledger.domain.errors import LedgerError
from ledger.settings import CommandSettings, LedgerSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ledger")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC, apply events and publish facts until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    commands.add_parser("verify", help="check every invariant over the whole database")
    adjust = commands.add_parser("adjust", help="correct a balance; who and why become part of the journal")
    adjust.add_argument("account_id")
    adjust.add_argument("amount", type=int, help="credits, below zero to take (after --)")
    adjust.add_argument("--actor", required=True, help="who decided it")
    adjust.add_argument("--reason", required=True, help="why")
    adjust.add_argument("--request-id", help="repeat a command under its id: it counts once")
    outbox_command.add_arguments(
        commands.add_parser("outbox", help="look at facts that can't be published, retry or drop them")
    )
    dead_letters_command.add_arguments(
        commands.add_parser("dead-letters", help="look at events that were given up, and apply them again")
    )
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        return _migrate()
    if options.command in _COMMANDS:
        return asyncio.run(_COMMANDS[options.command](load_settings(CommandSettings), options))
    settings = load_settings(LedgerSettings)
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


async def _verify(settings: CommandSettings, _options: argparse.Namespace) -> int:
    """Print one line an invariant; 1 when one is broken."""
    broken = 0
    async with parts_of(settings) as parts:
        async for result in parts.verify.handle():
            broken += result.violations > 0
            state = f"BROKEN {result.violations} times: {', '.join(result.examples)}"
            print(f"{result.invariant:<34}{result.checked:>12,} checked   "  # noqa: T201 - the command's answer
                  f"{state if result.violations else 'holds'}")  # fmt: skip
    return 1 if broken else 0


async def _adjust(settings: CommandSettings, options: argparse.Namespace) -> int:
    async with parts_of(settings) as parts:
        command = AdjustBalance(
            request_id=options.request_id or parts.ids.new("adj"),
            account_id=options.account_id,
            amount=options.amount,
            actor=options.actor,
            reason=options.reason,
        )
        try:
            outcome = await parts.writer.apply(command)
        except LedgerError as refusal:
            print(f"{refusal.reason}: {refusal}", file=sys.stderr)  # noqa: T201 - the command's answer
            return 1
    if outcome is None:
        raise RuntimeError("only an event can have been handled before")
    state = "was done before" if outcome.replayed else "done"
    print(f"{command.request_id} {state}: {outcome.balance.available} credits available, "  # noqa: T201 - the same
          f"{outcome.balance.held} held, {outcome.balance.debt} owed")  # fmt: skip
    return 0


async def _dead_letters(settings: CommandSettings, options: argparse.Namespace) -> int:
    async with parts_of(settings) as parts:
        return await dead_letters_command.run(options, parts.dead_letters, parts.events.handle)


async def _outbox(settings: CommandSettings, options: argparse.Namespace) -> int:
    return await outbox_command.run_on(settings.database_url.get_secret_value(), tables.outbox, options)


_COMMANDS = {"verify": _verify, "adjust": _adjust, "outbox": _outbox, "dead-letters": _dead_letters}


def _migrate() -> int:
    settings = load_settings(MigrationSettings)
    os.environ["LEDGER_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
