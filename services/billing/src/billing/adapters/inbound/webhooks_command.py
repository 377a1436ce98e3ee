"""`python -m billing webhooks`: what Stripe told us, and what came of it, for a person at a terminal."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from billing.application.replay_webhook import ReplayWebhookHandler
from billing.domain.identifiers import EventId
from billing.domain.webhook_event import StoredWebhook, SubjectKind, WebhookEvent, WebhookState
from billing.ports.webhooks import WebhookReader

LIST_MAX, LIST_DEFAULT = 1_000, 50
BODY_MAX = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="list webhooks, the newest first")
    states = [state.value for state in WebhookState]
    listed.add_argument("--state", choices=states, help="only those in one state")
    listed.add_argument("--limit", type=_limit, default=LIST_DEFAULT, help=f"at most {LIST_MAX}")
    shown = actions.add_parser("show", help="show one webhook with its body")
    shown.add_argument("event_id")
    replayed = actions.add_parser("replay", help="have webhooks worked out anew; what they do is idempotent")
    replayed.add_argument("event_id", nargs="*")
    replayed.add_argument("--parked", action="store_true", help=f"all that were given up, at most {LIST_MAX}")


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LIST_MAX):
        raise argparse.ArgumentTypeError(f"must be from 1 to {LIST_MAX}, not {text}")
    return int(text)


async def run(
    options: argparse.Namespace,
    reader: WebhookReader,
    replay: ReplayWebhookHandler,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Do what was asked; returns the exit code: 1 when a webhook is unknown, 2 when the question is wrong."""
    out, err = out or sys.stdout, err or sys.stderr
    if options.action == "list":
        state = WebhookState(options.state) if options.state else None
        _list(await reader.webhooks(state=state, limit=options.limit), out)
        return 0
    if options.action == "show":
        found = await reader.webhook(options.event_id)
        if found is None:
            print(f"no webhook {options.event_id}", file=err)
            return 1
        print(json.dumps(_shown(found), indent=2), file=out)
        return 0
    if options.parked == bool(options.event_id):
        print("name the webhooks to replay, or --parked", file=err)
        return 2
    return await _replay(options.event_id, reader, replay, out, err)


async def _replay(
    event_ids: Sequence[EventId],
    reader: WebhookReader,
    replay: ReplayWebhookHandler,
    out: TextIO,
    err: TextIO,
) -> int:
    if not event_ids:
        parked = await reader.webhooks(state=WebhookState.PARKED, limit=LIST_MAX)
        event_ids = [webhook.event.event_id for webhook in parked]
        if not event_ids:
            print("no webhook is parked", file=out)
    refused = 0
    for event_id in event_ids:
        if await replay(event_id):
            print(f"{event_id}  is worked out anew", file=out)
            continue
        refused += 1
        known = await reader.webhook(event_id)
        why = f"{event_id} is about nothing that could be worked out" if known else f"no webhook {event_id}"
        print(why, file=err)
    return 1 if refused else 0


def _list(found: Sequence[StoredWebhook], out: TextIO) -> None:
    if not found:
        print("no webhooks", file=out)
    for webhook in found:
        event = webhook.event
        about = event.subject.object_id if event.subject else "-"
        why = event.cause.value if event.cause else webhook.error
        tries = f"{event.attempts} failures" if event.attempts else ""
        line = (f"{event.received_at:%Y-%m-%d %H:%M:%S}", event.event_id, event.kind or "-", about)
        print("  ".join(part for part in (*line, webhook.state.value, tries, why) if part), file=out)


# What a person reads has the names that it always had.
_SUBJECTS = {
    SubjectKind.PAGE: "checkout_session",
    SubjectKind.PAYMENT: "payment",
    SubjectKind.DISPUTE: "dispute",
}


def _named(event: WebhookEvent, kind: SubjectKind) -> str | None:
    return event.subject.object_id if event.subject and event.subject.kind is kind else None


def _shown(found: StoredWebhook) -> dict[str, Any]:
    event = found.event
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "state": found.state.value,
        "cause": event.cause.value if event.cause else None,
        **{name: _named(event, kind) for kind, name in _SUBJECTS.items()},
        "received_at": event.received_at.isoformat(),
        "due_at": found.due_at.isoformat() if found.state is WebhookState.WAITING else None,
        "finished_at": found.finished_at.isoformat() if found.finished_at else None,
        "failures": event.attempts,
        "error": found.error or "",
        "body": event.body[:BODY_MAX].decode("utf-8", "backslashreplace") or None,
    }
