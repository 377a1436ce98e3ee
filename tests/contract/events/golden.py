"""Golden messages: what is on the wire, in files that people can read and diff.

`python tests/contract/events/golden.py` writes them anew, on purpose: a change here changes a contract.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.events import IncomingEvent, OutgoingEvent

FOLDER = Path(__file__).parent / "v1"
# The trace differs every time.
_LEFT_OUT = ("traceparent", "tracestate")


def path_of(ce_type: str) -> Path:
    """Where a fact's golden message lies."""
    return FOLDER / f"{ce_type}.json"


def written(event: OutgoingEvent) -> dict[str, Any]:
    """An event as it is kept."""
    headers = {name: value for name, value in event.wire_headers().items() if name not in _LEFT_OUT}
    return {"subject": event.subject, "headers": headers, "payload": event.payload.hex()}


def delivered(ce_type: str, *, event_id: str | None = None, extra: bytes = b"") -> IncomingEvent:
    """A golden message as a consumer gets it, perhaps with bytes of a field that nobody knows yet."""
    kept = json.loads(path_of(ce_type).read_text())
    return IncomingEvent(
        subject=kept["subject"],
        event_id=event_id or kept["headers"]["ce-id"],
        time=datetime.fromisoformat(kept["headers"]["ce-time"]),
        payload=bytes.fromhex(kept["payload"]) + extra,
        headers=kept["headers"],
    )


def write_all() -> None:
    """Write every golden message anew."""
    from examples import examples

    FOLDER.mkdir(exist_ok=True)
    for ce_type, event in examples().items():
        path_of(ce_type).write_text(json.dumps(written(event), indent=2) + "\n")


if __name__ == "__main__":
    write_all()
