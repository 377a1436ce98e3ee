"""Names of things, kept apart by type."""

from typing import NewType

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
MailId = NewType("MailId", str)
DeviceId = NewType("DeviceId", str)
EventId = NewType("EventId", str)
