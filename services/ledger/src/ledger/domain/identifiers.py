"""Names of things, kept apart by type."""

from typing import NewType, TypeAlias

AccountId = NewType("AccountId", str)
GrantId = NewType("GrantId", str)
ReservationId = NewType("ReservationId", str)
# The processor's payment object id.
PaymentId = NewType("PaymentId", str)
TransactionId = NewType("TransactionId", str)
EntryId = NewType("EntryId", str)
RequestId = NewType("RequestId", str)
EventId = NewType("EventId", str)
# Of a sign-in of the person who corrects a balance.
SessionId = NewType("SessionId", str)
SubscriptionId = NewType("SubscriptionId", str)

# What a command made or was about; its request is answered with it for ever.
MadeId: TypeAlias = AccountId | GrantId | PaymentId | ReservationId | TransactionId
