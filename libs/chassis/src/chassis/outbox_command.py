"""`python -m <service> outbox`: facts that can't be published or were lost, for a person at a terminal."""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TextIO

from sqlalchemy import Table

from chassis.held_facts import HeldFact, HeldFacts
from chassis.postgres import create_engine
from chassis.published_facts import KEPT_DAYS, PublishedFacts, oldest_kept

_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
    again = actions.add_parser(
        "republish", help="publish facts again, under their own ids, to a broker that lost them"
    )
    again.add_argument("--since", required=True, type=_time, help="24h, 14d, or 2026-11-28T09:30+00:00")
    again.add_argument("--until", type=_time, help="the same; without it, until now")
    again.add_argument("--subject", default=">", help="a pattern as NATS has them: tintype.ledger.v1.*.usr_x")


async def run(
    options: argparse.Namespace, held: HeldFacts, published: PublishedFacts, *, out: TextIO = sys.stdout
) -> int:
    """Do what was asked; returns the exit code: 1 when a fact is not held, 2 when what was asked for can't
    be meant."""
    if options.action == "republish":
        return await _republish(options, published, out)
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
        return await run(options, HeldFacts(engine, table), PublishedFacts(engine))
    finally:
        await engine.dispose()


async def _republish(options: argparse.Namespace, published: PublishedFacts, out: TextIO) -> int:
    now = datetime.now(UTC)
    until = options.until or now
    # A minute's grace: whoever says "14d" means all that is kept.
    if options.since < oldest_kept(now) - timedelta(minutes=1):
        print(f"facts are kept for {KEPT_DAYS} days", file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    if options.since >= until:
        print("--since is not before --until", file=sys.stderr)  # noqa: T201 - the same
        return 2
    count = await published.republish(since=options.since, until=until, subjects=options.subject)
    print(f"{count} facts wait to be published again", file=out)
    return 0


def _time(words: str) -> datetime:
    """Read an age or an instant with its offset from UTC."""
    if age := _AGE.fullmatch(words):
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    instant = datetime.fromisoformat(words)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{words!r} does not say its offset: add +00:00 or Z")
    return instant


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
