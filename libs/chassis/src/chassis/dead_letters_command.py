"""`python -m <service> dead-letters`: what was given up, for a person at a terminal."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from chassis.dead_letters import DeadLetter, DeadLetters, Handler, Replayer

REASON_MAX = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="list the events that were given up, the oldest first")
    listed.add_argument("--all", action="store_true", help="also those that were replayed since")
    shown = actions.add_parser("show", help="show one event with its headers and payload")
    shown.add_argument("event_id")
    replayed = actions.add_parser("replay", help="apply events again; each counts once")
    replayed.add_argument("event_id", nargs="*")
    replayed.add_argument("--all", action="store_true", help="all that were not replayed yet")
    user = os.environ.get("USER") or "unnamed"
    replayed.add_argument("--actor", default=user, help="who you are; kept with what you did")
    replayed.add_argument("--reason", help="why; kept too")


async def run(
    options: argparse.Namespace, letters: DeadLetters, handler: Handler, *, out: TextIO = sys.stdout
) -> int:
    """Do what was asked; returns the exit code: 1 when an event is unknown or could not be applied."""
    if options.action == "list":
        _list(await letters.list(replayed=options.all), out)
        return 0
    if options.action == "show":
        return _show(await letters.find(options.event_id), options.event_id, out)
    if options.all == bool(options.event_id):
        print("name the events to replay, or --all", file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    by = Replayer(name=options.actor, reason=options.reason and options.reason[:REASON_MAX])
    return await _replay(options.event_id, letters, handler, by, out)


def _list(found: Sequence[DeadLetter], out: TextIO) -> None:
    if not found:
        print("no dead letters", file=out)
    for one in found:
        state = f"replayed {one.replayed_at:%Y-%m-%d %H:%M}" if one.replayed_at else one.error
        print(
            f"{one.given_up_at:%Y-%m-%d %H:%M}  {one.event.event_id}  {one.event.ce_type}  {state}", file=out
        )


def _show(letter: DeadLetter | None, event_id: str, out: TextIO) -> int:
    if letter is None:
        print(f"no dead letter {event_id}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    event = letter.event
    shown = {
        "event_id": event.event_id,
        "type": event.ce_type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "deliveries": event.deliveries,
        "error": letter.error,
        "given_up_at": letter.given_up_at.isoformat(),
        "attempts": letter.attempts,
        "replayed_at": letter.replayed_at.isoformat() if letter.replayed_at else None,
        "headers": dict(event.headers),
        "payload_hex": event.payload.hex(),
    }
    print(json.dumps(shown, indent=2), file=out)
    return 0


async def _replay(
    event_ids: Sequence[str], letters: DeadLetters, handler: Handler, by: Replayer, out: TextIO
) -> int:
    wanted = list(event_ids) or await letters.waiting()
    if not wanted:
        print("no dead letters", file=out)
    failed = 0
    for event_id in wanted:
        letter = await letters.find(event_id)
        failure = (
            LookupError("no such dead letter")
            if letter is None
            else await letters.replay(letter, handler, by)
        )
        failed += failure is not None
        print(f"{event_id}  {'applied' if failure is None else f'failed: {failure!r}'}", file=out)
    return 1 if failed else 0
