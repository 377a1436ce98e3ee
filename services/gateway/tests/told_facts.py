"""Facts as the deliverer of webhooks gets them."""

from datetime import UTC, datetime
from typing import Any

from chassis.events import IncomingEvent, event
from chassis.timestamps import to_timestamp
from gateway.domain.identifiers import UserId
from google.protobuf.message import Message

ADA = UserId("usr_" + "a" * 32)
AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def heard(message: Message, *, account: str = ADA, event_id: str = "evt_1", **other: Any) -> IncomingEvent:
    """A fact as it is delivered."""
    if "account_id" in message.DESCRIPTOR.fields_by_name:
        message.account_id = account  # type: ignore[attr-defined]
    message.occurred_at.CopyFrom(to_timestamp(AT))  # type: ignore[attr-defined]
    out = event(message, account=account, event_id=event_id, time=AT)
    return IncomingEvent(
        **{
            "subject": out.subject,
            "event_id": event_id,
            "time": AT,
            "payload": out.payload,
            "headers": out.wire_headers(),
        }
        | other
    )
