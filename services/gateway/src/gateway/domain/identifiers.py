"""Names of things, kept apart by type."""

from typing import NewType

UserId = NewType("UserId", str)
AccountId = UserId
"""A person has one account with the other services, and it goes by the person's id."""
ApiKeyId = NewType("ApiKeyId", str)
KeyDigest = NewType("KeyDigest", bytes)
"""SHA-256 of an API key's text."""
DeadLetterId = NewType("DeadLetterId", str)
"""The id of an event that was given up; one may be given up by several services."""
AuditRecordId = NewType("AuditRecordId", str)
MailId = NewType("MailId", str)
SessionId = NewType("SessionId", str)
GenerationId = NewType("GenerationId", str)
ModelId = NewType("ModelId", str)
QuoteId = NewType("QuoteId", str)
ShareId = NewType("ShareId", str)
CollectionId = NewType("CollectionId", str)
UploadId = NewType("UploadId", str)
OutputId = NewType("OutputId", str)
AttemptId = NewType("AttemptId", str)
ReservationId = NewType("ReservationId", str)
GrantId = NewType("GrantId", str)
EntryId = NewType("EntryId", str)
TransactionId = NewType("TransactionId", str)
RequestId = NewType("RequestId", str)
PackId = NewType("PackId", str)
PlanId = NewType("PlanId", str)
InvoiceId = NewType("InvoiceId", str)
SubscriptionId = NewType("SubscriptionId", str)
RedemptionId = NewType("RedemptionId", str)
CheckoutId = NewType("CheckoutId", str)
PurchaseId = NewType("PurchaseId", str)
PaymentId = NewType("PaymentId", str)
EventId = NewType("EventId", str)
ProviderId = NewType("ProviderId", str)
"""Who vouches for people, as addresses name them; nothing to do with who makes media."""
LinkId = NewType("LinkId", str)
WebhookEndpointId = NewType("WebhookEndpointId", str)
DeliveryId = NewType("DeliveryId", str)
MessageId = NewType("MessageId", str)
"""What a webhook is known by at its receiver: the same whenever, and to however many, it is sent."""
FactId = NewType("FactId", str)
"""What a published fact is known by, whenever it is delivered."""
CallbackId = NewType("CallbackId", str)
"""What one request's own webhook is known by."""
PasskeyId = NewType("PasskeyId", str)
