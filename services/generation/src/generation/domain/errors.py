"""What generation refuses, each with a reason that never changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from generation.domain.identifiers import GenerationId


class Violation(NamedTuple):
    """One field that broke a rule."""

    field: str
    description: str


class GenerationError(Exception):
    """A refusal; `details` travel to the caller beside the reason."""

    reason: ClassVar[str] = "GENERATION_ERROR"

    def __init__(self, detail: str, *, details: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.details = dict(details or {})


class InvalidInput(GenerationError):
    """The request breaks the model's schema or a bound."""

    reason = "INVALID_INPUT"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in violations))
        self.violations = tuple(violations)
        self.field_violations = {v.field: v.description for v in violations}


class NotStaff(GenerationError):
    """Only people with a role see that."""

    reason = "NOT_STAFF"

    def __init__(self) -> None:
        super().__init__("Only people with a role may do that.")


class UnknownModel(GenerationError):
    """No such model is on offer."""

    reason = "UNKNOWN_MODEL"


class EntitlementRequired(GenerationError):
    """The model is for plans that open a word, and the account's does not; nothing was stored."""

    reason = "ENTITLEMENT_REQUIRED"


class AccountGone(GenerationError):
    """The account is erased: nothing new is made of it."""

    reason = "ACCOUNT_ERASED"

    def __init__(self) -> None:
        super().__init__("this account was deleted")


class InvalidQuote(GenerationError):
    """The quote was not signed here, or not for this account, model and input."""

    reason = "INVALID_QUOTE"


class QuoteExpired(GenerationError):
    """The quote was good once."""

    reason = "QUOTE_EXPIRED"


class KeyLimitReached(GenerationError):
    """The key that the job was asked for with may not reserve so many credits this month."""

    reason = "KEY_LIMIT_REACHED"


class InsufficientCredits(GenerationError):
    """The ledger held too few credits for the job at `decided_at`; nothing was set aside.

    `replayed` when that was decided for an earlier command with the same key.
    """

    reason = "INSUFFICIENT_CREDITS"

    def __init__(
        self,
        message: str,
        *,
        available: int,
        required: int,
        generation_id: GenerationId,
        decided_at: datetime,
        replayed: bool,
    ) -> None:
        super().__init__(
            message,
            details={
                "available": str(available),
                "required": str(required),
                "generation_id": generation_id,
                "decided_at": decided_at.isoformat(),
                "replayed": str(replayed).lower(),
            },
        )
        self.available = available
        self.required = required
        self.replayed = replayed


class IdempotencyKeyReused(GenerationError):
    """The key came before with another body."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class LedgerUnavailable(GenerationError):
    """The ledger could not answer, so nothing runs."""

    reason = "LEDGER_UNAVAILABLE"
    retry_after_s = 1.0


class StorageUnavailable(GenerationError):
    """The database could not answer; what was asked for may or may not have been kept."""

    reason = "STORAGE_UNAVAILABLE"
    retry_after_s = 1.0


class StorageBusy(StorageUnavailable):
    """As much waits for the database as may: this step was not done. What was kept before it stays."""

    reason = "STORAGE_BUSY"

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class GenerationNotFound(GenerationError):
    """Absent, or another user's."""

    reason = "NOT_FOUND"


class OutputNotFound(GenerationError):
    """Absent, gone, or in the store."""

    reason = "OUTPUT_NOT_FOUND"


class AddressEnded(GenerationError):
    """The time is over in which an address opens an output, or nobody ever gave that address."""

    reason = "ADDRESS_ENDED"


class RunNotFound(GenerationError):
    """No provider's run of this name is known here, or the provider tells nothing."""

    reason = "RUN_NOT_FOUND"


class InvalidSignature(GenerationError):
    """The webhook was not signed by the provider, or too long ago."""

    reason = "INVALID_SIGNATURE"


class InvalidWebhook(GenerationError):
    """The provider signed it, and it is about no run."""

    reason = "INVALID_WEBHOOK"


class GenerationFinished(GenerationError):
    """It had ended already."""

    reason = "GENERATION_FINISHED"


class GenerationRunning(GenerationError):
    """It has not ended yet."""

    reason = "GENERATION_RUNNING"


class NothingToShare(GenerationError):
    """It has no output that anybody could see."""

    reason = "NOTHING_TO_SHARE"


class TooManyShares(GenerationError):
    """As many links of it work as may."""

    reason = "TOO_MANY_SHARES"


class ShareEnded(GenerationError):
    """The link expired, was withdrawn, leads to what was deleted, or never was; nobody is told which."""

    reason = "SHARE_ENDED"


class CollectionNotFound(GenerationError):
    """Absent, or another user's."""

    reason = "COLLECTION_NOT_FOUND"


class CollectionNameTaken(GenerationError):
    """Another of this user's collections is called so."""

    reason = "COLLECTION_NAME_TAKEN"


class TooManyCollections(GenerationError):
    """The user has as many as may be."""

    reason = "TOO_MANY_COLLECTIONS"


class UnusableMedia(GenerationError):
    """What was sent is no picture of a kind that is taken, or can't be decoded; nothing was kept."""

    reason = "UNUSABLE_MEDIA"


class UploadTooLarge(GenerationError):
    """The file has more bytes than one may; nothing was kept."""

    reason = "UPLOAD_TOO_LARGE"


class UploadBrokenOff(GenerationError):
    """The file's end did not come; nothing was kept."""

    reason = "UPLOAD_BROKEN_OFF"


class UploadNotFound(GenerationError):
    """Absent, or another user's."""

    reason = "UPLOAD_NOT_FOUND"


class UploadNotSent(GenerationError):
    """What is awaited in the store did not come yet."""

    reason = "UPLOAD_NOT_SENT"


class UploadQuotaReached(GenerationError):
    """The user keeps as many uploads, or as many bytes of them, as may be."""

    reason = "UPLOAD_QUOTA_REACHED"


class TooManyStreams(GenerationError):
    """As many chats run in this process, or for this account, as may; nothing was stored."""

    reason = "TOO_MANY_STREAMS"


class PreviewsNotOffered(GenerationError):
    """Nobody who can be asked shows what this job makes before it is whole; nothing was stored."""

    reason = "PREVIEWS_NOT_OFFERED"


class TooManyUploads(GenerationError):
    """As many files are coming in as may, of this user's or of everybody's."""

    reason = "TOO_MANY_UPLOADS"
    retry_after_s = 2.0
