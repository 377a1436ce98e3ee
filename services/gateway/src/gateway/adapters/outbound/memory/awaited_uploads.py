"""Files that go straight to the store, in memory: a test puts what was sent into `sent`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    GatewayError,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    RateLimited,
    TooLarge,
)
from gateway.domain.identifiers import AccountId, UploadId
from gateway.domain.upload import AwaitedUpload
from gateway.ports.clock import Clock

AWAITED_MAX = 100


@dataclass
class MemoryAwaitedUploads:
    """The part of Uploads that is about what is awaited."""

    clock: Clock
    awaited_bytes_max: int = 1_500_000
    awaited: dict[UploadId, tuple[AccountId, AwaitedUpload]] = field(default_factory=dict)
    awaited_keys: dict[tuple[AccountId, str], UploadId] = field(default_factory=dict)
    sent: dict[UploadId, bytes] = field(default_factory=dict)
    refused: dict[UploadId, GatewayError] = field(default_factory=dict)
    made: int = 0

    async def await_upload(
        self, account_id: AccountId, *, size_bytes: int, idempotency_key: str
    ) -> tuple[AwaitedUpload, bool]:
        """See Uploads."""
        if size_bytes < 1:
            problem = FieldProblem("size_bytes", "must be 1 or more")
            raise InvalidRequest("size_bytes: must be 1 or more", reason="INVALID_INPUT", fields=[problem])
        if size_bytes > self.awaited_bytes_max:
            detail = f"the file is larger than {self.awaited_bytes_max} bytes"
            raise TooLarge(detail, reason="UPLOAD_TOO_LARGE")
        if earlier := self.awaited_keys.get((account_id, idempotency_key)):
            known = self.awaited[earlier][1]
            if known.size_bytes_max != size_bytes:
                raise IdempotencyKeyReused("this idempotency key came before with another size")
            return known, True
        if sum(owner == account_id for owner, _ in self.awaited.values()) >= AWAITED_MAX:
            detail = f"{AWAITED_MAX} files were announced within two hours already; try again later"
            raise RateLimited(detail, reason="TOO_MANY_UPLOADS", retry_after_s=600)
        upload_id, now = self.named(), self.clock.now()
        announced = AwaitedUpload(
            upload_id=upload_id,
            url="https://media.example/uploads",
            fields={"key": f"{account_id}/incoming/{upload_id}", "policy": "x"},
            size_bytes_max=size_bytes,
            send_by=now + timedelta(hours=1),
            complete_by=now + timedelta(hours=2),
        )
        self.awaited[upload_id] = (account_id, announced)
        self.awaited_keys[account_id, idempotency_key] = upload_id
        return announced, False

    def taken(self, account_id: AccountId, upload_id: UploadId, *, now: datetime) -> bytes:
        """Return what was sent. Raises NotFound, Conflict, and what it was refused for before."""
        owner, announced = self.awaited.get(upload_id, (None, None))
        if announced is None or owner != account_id or now >= announced.complete_by:
            raise NotFound("no such upload", reason="UPLOAD_NOT_FOUND")
        if refusal := self.refused.get(upload_id):
            raise refusal
        if upload_id not in self.sent:
            detail = "the file was not sent yet; send it and complete it then"
            raise Conflict(detail, reason="UPLOAD_NOT_SENT")
        return self.sent.pop(upload_id)

    def named(self) -> UploadId:
        """Return an id that nothing has."""
        self.made += 1
        return UploadId(f"upl_{self.made:032x}")
