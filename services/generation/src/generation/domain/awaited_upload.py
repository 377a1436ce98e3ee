"""A file that its owner sends straight to the store, before anybody has looked at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from generation.domain.errors import (
    GenerationError,
    TooManyUploads,
    UnusableMedia,
    UploadNotFound,
    UploadTooLarge,
)
from generation.domain.identifiers import AccountId, UploadId

# Long enough for a large file over a slow line.
SENT_WITHIN = timedelta(hours=1)
COMPLETED_WITHIN = timedelta(hours=2)
# Of one account, ended ones too: what the store may have to hold for it without anybody's having looked.
AWAITED_MAX = 100
# When to try again where no more may be awaited.
ROOM_AFTER_S = 600.0
# What a file itself can be refused for.
_REFUSALS: Mapping[str, type[GenerationError]] = MappingProxyType(
    {refusal.reason: refusal for refusal in (UnusableMedia, UploadTooLarge)}
)


@dataclass(frozen=True, kw_only=True)
class AwaitedUpload:
    """Where it is sent to, and what became of it; `object_key` is never read by anybody but us."""

    upload_id: UploadId
    account_id: AccountId
    object_key: str
    size_bytes_max: int
    idempotency_key: str
    created_at: datetime
    is_completed: bool = False
    # What it was refused for, as an error's reason and its words.
    refusal: str | None = None
    refusal_detail: str | None = None

    @property
    def send_by(self) -> datetime:
        """Return until when the store takes it."""
        return self.created_at + SENT_WITHIN

    @property
    def complete_by(self) -> datetime:
        """Return until when it can be completed."""
        return self.created_at + COMPLETED_WITHIN

    def require_open(self, now: datetime) -> None:
        """Raise what it was refused for, and UploadNotFound once it was completed or is too late."""
        if self.refusal is not None:
            raise _REFUSALS[self.refusal](self.refusal_detail or "")
        if self.is_completed or now >= self.complete_by:
            raise UploadNotFound("no such upload")


def own_awaited(awaited: AwaitedUpload | None, account_id: AccountId) -> AwaitedUpload:
    """Return what is awaited, if it is there and this account's. Raises UploadNotFound."""
    if awaited is None or awaited.account_id != account_id:
        raise UploadNotFound("no such upload")
    return awaited


def require_room(awaited_count: int) -> None:
    """Raise TooManyUploads where no more may be awaited."""
    if awaited_count >= AWAITED_MAX:
        detail = f"{AWAITED_MAX} files were announced within two hours already; try again later"
        refusal = TooManyUploads(detail)
        refusal.retry_after_s = ROOM_AFTER_S
        raise refusal


def incoming_key(account: AccountId, upload: UploadId) -> str:
    """Return where a file is sent, apart from all that is kept."""
    return f"{account}/incoming/{upload}"
