"""Names of things, kept apart by type."""

from typing import NewType

AccountId = NewType("AccountId", str)
GenerationId = NewType("GenerationId", str)
AttemptId = NewType("AttemptId", str)
OutputId = NewType("OutputId", str)
ReservationId = NewType("ReservationId", str)
ModelId = NewType("ModelId", str)
RunId = NewType("RunId", str)
QuoteId = NewType("QuoteId", str)
ShareId = NewType("ShareId", str)
CollectionId = NewType("CollectionId", str)
EventId = NewType("EventId", str)
