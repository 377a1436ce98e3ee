"""Names of things, kept apart by type."""

from typing import NewType

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
ApiKeyId = NewType("ApiKeyId", str)
ModelId = NewType("ModelId", str)
"""A model of generation's catalogue; whether there is such a one is not known here."""
MailId = NewType("MailId", str)
DeviceId = NewType("DeviceId", str)
AuditRecordId = NewType("AuditRecordId", str)
EventId = NewType("EventId", str)
IdempotencyKey = NewType("IdempotencyKey", str)
ProviderId = NewType("ProviderId", str)
"""Who can vouch for people, by the name that the settings give it; part of addresses."""
LinkId = NewType("LinkId", str)
PasskeyId = NewType("PasskeyId", str)
