"""Names of things, kept apart by type."""

from typing import NewType

AccountId = NewType("AccountId", str)
GenerationId = NewType("GenerationId", str)
AttemptId = NewType("AttemptId", str)
OutputId = NewType("OutputId", str)
ReservationId = NewType("ReservationId", str)
ModelId = NewType("ModelId", str)
RunId = NewType("RunId", str)
ApiKeyId = NewType("ApiKeyId", str)
QuoteId = NewType("QuoteId", str)
ShareId = NewType("ShareId", str)
UploadId = NewType("UploadId", str)
CollectionId = NewType("CollectionId", str)
# Of an upload or of an output.
MediaId = NewType("MediaId", str)
EventId = NewType("EventId", str)
