"""`python -m ledger serve | migrate | verify | adjust | outbox | dead-letters`."""

import argparse
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.command_line import (
    dead_letters_command,
    migrate_command,
    once_command,
    outbox_command,
    run_command,
    serve_command,
)
from chassis.dead_letters import DeadLetters, Handler

from ledger.adapters.outbound.postgres import tables
from ledger.application.adjust_balance import AdjustBalance
from ledger.bootstrap import dead_letters_of, parts_of, serve
from ledger.domain.errors import LedgerError
from ledger.domain.identifiers import AccountId, RequestId
from ledger.settings import CommandSettings, LedgerSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("ledger", COMMANDS, arguments)


def _adjustment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account_id")
    parser.add_argument("amount", type=int, help="credits, below zero to take (after --)")
    parser.add_argument("--actor", required=True, help="who decided it")
    parser.add_argument("--reason", required=True, help="why")
    parser.add_argument("--request-id", help="repeat a command under its id: it counts once")


async def _verify(settings: CommandSettings, _options: argparse.Namespace) -> int:
    """Print one line an invariant; 1 when one is broken."""
    broken = 0
    async with parts_of(settings) as parts:
        async for result in parts.verify():
            broken += result.violations > 0
            state = f"BROKEN {result.violations} times: {', '.join(result.examples)}"
            print(f"{result.invariant:<34}{result.checked:>12,} checked   "  # noqa: T201 - the command's answer
                  f"{state if result.violations else 'holds'}")  # fmt: skip
    return 1 if broken else 0


async def _adjust(settings: CommandSettings, options: argparse.Namespace) -> int:
    async with parts_of(settings) as parts:
        command = AdjustBalance(
            request_id=RequestId(options.request_id or parts.ids.new("adj")),
            account_id=AccountId(options.account_id),
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


@asynccontextmanager
async def _replaying(settings: CommandSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    async with parts_of(settings) as parts:
        yield dead_letters_of(parts), parts.events.handle


COMMANDS = (
    serve_command(
        "ledger",
        serve,
        LedgerSettings,
        help_text="answer gRPC, apply events and publish facts until SIGTERM",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    once_command(
        "verify", _verify, CommandSettings, help_text="check every invariant over the whole database"
    ),
    once_command(
        "adjust",
        _adjust,
        CommandSettings,
        help_text="correct a balance; who and why become part of the journal",
        add_arguments=_adjustment,
    ),
    outbox_command(tables.outbox, CommandSettings),
    dead_letters_command(_replaying, CommandSettings),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
