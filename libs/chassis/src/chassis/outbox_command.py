"""`python -m <service> outbox`: facts that can't be published, for a person at a terminal."""

import argparse
import sys
from collections.abc import Sequence
from typing import TextIO

from sqlalchemy import Table

from chassis.held_facts import HeldFact, HeldFacts
from chassis.postgres import create_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list the facts that can't be published, the oldest first")
    for name, text in (
        ("retry", "try facts again at once, when what was wrong with them is mended"),
        ("drop", "delete facts for good: nobody hears of them, and what waits behind them goes on"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("event_id", nargs="*")
        action.add_argument("--account", help="all of one account that can't be published")


async def run(options: argparse.Namespace, held: HeldFacts, *, out: TextIO = sys.stdout) -> int:
    """Do what was asked; returns the exit code: 1 when a fact is not held, 2 when none was named."""
    if options.action == "list":
        _list(await held.list(), out)
        return 0
    if (options.account is None) == (not options.event_id):
        print("name the facts by their ids, or an account", file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    change, done = (held.drop, "dropped") if options.action == "drop" else (held.retry, "tried again")
    changed = await change(event_ids=options.event_id, account=options.account)
    for event_id in changed:
        print(f"{event_id}  {done}", file=out)
    for event_id in (missing := sorted(set(options.event_id) - set(changed))):
        print(f"{event_id}  not held", file=out)
    return 1 if missing or not changed else 0


async def run_on(url: str, table: Table, options: argparse.Namespace) -> int:
    """Do the same over a service's database."""
    engine = create_engine(url)
    try:
        return await run(options, HeldFacts(engine, table))
    finally:
        await engine.dispose()


def _list(found: Sequence[HeldFact], out: TextIO) -> None:
    if not found:
        print("every fact can be published", file=out)
    for one in found:
        # As a literal: what is wrong with an account's id may not be visible otherwise.
        print(
            f"{one.created_at:%Y-%m-%d %H:%M}  {one.event_id}  {one.ce_type}  {one.account!r}  "
            f"{one.waiting} wait behind it  tried {one.failures} times, again at {one.retry_at:%H:%M:%S}: "
            f"{one.error}",
            file=out,
        )
