"""A picture or a film that a user sent in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from generation.domain.errors import UploadNotFound, UploadQuotaReached
from generation.domain.identifiers import AccountId, UploadId


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What is kept of it after it was decoded and made anew; `object_key` is where its bytes are."""

    upload_id: UploadId
    account_id: AccountId
    object_key: str
    media_type: str
    size_bytes: int
    sha256: str
    # Of the bytes as they came: the same file again has the same.
    source_sha256: str
    width: int
    height: int
    idempotency_key: str
    created_at: datetime
    # Of a film.
    duration_s: float = 0.0
    thumbnail_key: str | None = None
    blurhash: str | None = None
    # When a job was last made from it.
    used_at: datetime | None = None

    @property
    def object_keys(self) -> tuple[str, ...]:
        """Everything that is in the store for it, to be kept and removed together."""
        return (self.object_key, self.thumbnail_key) if self.thumbnail_key else (self.object_key,)

    def unused_until(self, ttl: timedelta) -> datetime:
        """Return when it goes unless a job that is not deleted is made from it."""
        return (self.used_at or self.created_at) + ttl


@dataclass(frozen=True)
class UploadTotals:
    """How many uploads an account has, and what they weigh."""

    count: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class UploadQuota:
    """How much one account may keep."""

    count_max: int
    bytes_max: int

    def require(self, kept: UploadTotals, *, more_bytes: int = 1) -> None:
        """Raise UploadQuotaReached where another upload of this size is too much."""
        if kept.count >= self.count_max:
            raise UploadQuotaReached(f"you have {kept.count} uploads already; delete one first")
        if kept.size_bytes + more_bytes > self.bytes_max:
            detail = f"your uploads would be more than {self.bytes_max} bytes together; delete one first"
            raise UploadQuotaReached(detail)


def own_upload(upload: Upload | None, account_id: AccountId) -> Upload:
    """Return the upload, if it is there and this account's. Raises UploadNotFound."""
    if upload is None or upload.account_id != account_id:
        raise UploadNotFound("no such upload")
    return upload


def upload_key(account: AccountId, upload: UploadId, *, extension: str) -> str:
    """Keys are made of our own ids only, so nothing a user wrote is ever part of a path."""
    return f"{account}/uploads/{upload}.{extension}"
