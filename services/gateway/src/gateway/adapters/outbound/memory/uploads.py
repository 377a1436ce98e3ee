"""Uploads in memory: every file is a picture of one pixel, but for those that say otherwise."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.adapters.outbound.memory.awaited_uploads import MemoryAwaitedUploads
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    TooLarge,
)
from gateway.domain.identifiers import AccountId, UploadId
from gateway.domain.page import Page
from gateway.domain.upload import Upload

NO_PICTURE = b"no picture"
AVATAR_BYTES_MAX = 5 * 1024 * 1024


@dataclass
class MemoryUploads(MemoryAwaitedUploads):
    """Implements Uploads; `pieces` are the sizes in which files came."""

    size_bytes_max: int = 1_000_000
    count_max: int = 500
    kept: dict[UploadId, tuple[AccountId, Upload]] = field(default_factory=dict)
    keys: dict[tuple[AccountId, str], UploadId] = field(default_factory=dict)
    contents: dict[UploadId, bytes] = field(default_factory=dict)
    pieces: list[int] = field(default_factory=list)

    async def create_upload(
        self, account_id: AccountId, content: AsyncIterator[bytes], *, idempotency_key: str
    ) -> tuple[Upload, bool]:
        """See Uploads."""
        earlier = self.keys.get((account_id, idempotency_key))
        if earlier is None and len(self._of(account_id)) >= self.count_max:
            detail = f"you have {self.count_max} uploads already; delete one first"
            raise Conflict(detail, reason="UPLOAD_QUOTA_REACHED")
        received = bytearray()
        async for piece in content:
            self.pieces.append(len(piece))
            received += piece
            if len(received) > self.size_bytes_max:
                detail = f"the file is larger than {self.size_bytes_max} bytes"
                raise TooLarge(detail, reason="UPLOAD_TOO_LARGE")
        came = bytes(received)
        if earlier is not None and earlier in self.kept:
            if self.kept[earlier][1].source_sha256 != _sha256(came):
                raise IdempotencyKeyReused("this idempotency key came before with another file")
            return self.kept[earlier][1], True
        upload = self._keep(account_id, came, self.named())
        self.keys[account_id, idempotency_key] = upload.upload_id
        return upload, False

    async def draw_avatar(self, account_id: AccountId, content: AsyncIterator[bytes]) -> bytes:
        """See Uploads: what is drawn of other files is other bytes."""
        came = b""
        async for piece in content:
            came += piece
            if len(came) > AVATAR_BYTES_MAX:
                detail = f"the file is larger than {AVATAR_BYTES_MAX} bytes"
                raise TooLarge(detail, reason="UPLOAD_TOO_LARGE")
        _require_picture(came)
        return b"RIFF\x20\0\0\0WEBP" + hashlib.sha256(came).digest()

    async def complete_upload(self, account_id: AccountId, upload_id: UploadId) -> tuple[Upload, bool]:
        """See Uploads."""
        owner, found = self.kept.get(upload_id, (None, None))
        if found is not None and owner == account_id:
            return found, True
        came = self.taken(account_id, upload_id, now=self.clock.now())
        try:
            return self._keep(account_id, came, upload_id), False
        except InvalidRequest as refusal:
            self.refused[upload_id] = refusal
            raise

    def _keep(self, account_id: AccountId, came: bytes, upload_id: UploadId) -> Upload:
        _require_picture(came)
        upload = self._upload(came, upload_id)
        self.kept[upload_id] = (account_id, upload)
        self.contents[upload_id] = came
        return upload

    async def upload(self, account_id: AccountId, upload_id: UploadId) -> Upload:
        """See Uploads."""
        owner, found = self.kept.get(upload_id, (None, None))
        if found is None or owner != account_id:
            raise NotFound("no such upload", reason="UPLOAD_NOT_FOUND")
        return found

    async def uploads(self, account_id: AccountId, *, cursor: str | None, limit: int) -> Page[Upload]:
        """See Uploads."""
        own = self._of(account_id)
        if cursor is not None:
            if UploadId(cursor) not in self.kept:
                problem = FieldProblem("cursor", "is not from an earlier page")
                raise InvalidRequest("cursor: is not from an earlier page", fields=[problem])
            own = [upload for upload in own if upload.upload_id < cursor]
        shown = own[:limit]
        following = shown[-1].upload_id if len(own) > limit else None
        return Page(items=shown, next_cursor=following)

    async def delete_upload(self, account_id: AccountId, upload_id: UploadId) -> None:
        """See Uploads."""
        await self.upload(account_id, upload_id)
        del self.kept[upload_id]

    def _of(self, account_id: AccountId) -> list[Upload]:
        return [upload for owner, upload in reversed(self.kept.values()) if owner == account_id]

    def _upload(self, content: bytes, upload_id: UploadId) -> Upload:
        now = self.clock.now()
        url = f"https://media.example/uploads/{upload_id}"
        return Upload(
            upload_id=upload_id,
            media_type="image/png",
            size_bytes=len(content),
            width=1,
            height=1,
            sha256=_sha256(content),
            source_sha256=_sha256(content),
            url=url,
            url_expires_at=now + timedelta(minutes=15),
            created_at=now,
            thumbnail_url=f"{url}.thumbnail",
            expires_at=now + timedelta(days=1),
        )


def _require_picture(came: bytes) -> None:
    if not came or came.startswith(NO_PICTURE):
        detail = "the file is empty" if not came else "the picture can't be decoded"
        raise InvalidRequest(detail, reason="UNUSABLE_MEDIA")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
