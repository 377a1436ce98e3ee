"""A job: from the moment its credits are asked for until it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from generation.domain.errors import GenerationFinished, GenerationNotFound, GenerationRunning
from generation.domain.identifiers import AccountId, GenerationId, ModelId, ReservationId
from generation.domain.key_use import KeyUse
from generation.domain.model import Modality
from generation.domain.previews import Previews
from generation.domain.pricing import Price


class Status(StrEnum):
    """Where a job stands."""

    RESERVING = "reserving"
    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


KEY_LIMIT_REACHED = "KEY_LIMIT_REACHED"
TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.REJECTED})


@dataclass(frozen=True)
class Failure:
    """Why a job did not succeed; `reason` is a stable word."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Each method answers with the job as it is afterwards; a job that ended never changes its end."""

    generation_id: GenerationId
    account_id: AccountId
    model_id: ModelId
    modality: Modality
    input: Mapping[str, Any]
    provider_order: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    price: Price
    idempotency_key: str
    fingerprint: str
    created_at: datetime
    # Until it is started, the latest moment to start; afterwards, the latest moment to end.
    deadline_at: datetime
    status: Status = Status.RESERVING
    progress: float = 0.0
    reservation_id: ReservationId | None = None
    credits_charged: int = 0
    cancel_requested: bool = False
    # What the ledger had when it refused.
    available_credits: int | None = None
    failure: Failure | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deleted_at: datetime | None = None
    is_favourite: bool = False
    # By which it was asked for; None for a person.
    key: KeyUse | None = None
    # It starts in the call that asked for it, and not at a worker's; a chat does not go on elsewhere either.
    is_interactive: bool = False
    # Shown to whoever called, while it is made; None: nobody asked for any.
    previews: Previews | None = None
    # Until then a deleted one keeps its outputs and can be restored.
    purge_at: datetime | None = None
    # Its place among those that wait at its provider's, where that says so: 1 is the next one.
    provider_place: int | None = None
    # What was promised when it was made, None for good; and when its files went.
    outputs_kept_until: datetime | None = None
    outputs_expired_at: datetime | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended."""
        return self.status in TERMINAL

    @property
    def is_chat(self) -> bool:
        """Whether it is told word by word to whoever called: nobody else can go on with it."""
        return self.is_interactive and self.modality is Modality.TEXT

    @property
    def has_own_key(self) -> bool:
        """Whether its caller gave it an idempotency key, and may ask for it again."""
        return self.idempotency_key != self.generation_id

    @property
    def credits_reserved(self) -> int:
        """Credits that were set aside for it."""
        return self.price.credits if self.reservation_id else 0

    @property
    def credits_refunded(self) -> int:
        """Credits that came back once it ended."""
        return self.credits_reserved - self.credits_charged if self.is_terminal else 0

    def funded(self, reservation_id: ReservationId, *, now: datetime) -> Self:
        """Note that its credits are set aside: it waits for a worker, or ends if it was cancelled."""
        held = replace(self, reservation_id=self.reservation_id or reservation_id)
        if self.status is not Status.RESERVING:
            return held
        queued = replace(held, status=Status.QUEUED)
        return queued.cancelled(now=now) if self.cancel_requested else queued

    def rejected(self, *, available: int, owed: int = 0, now: datetime) -> Self:
        """Note that the ledger refused; nothing was set aside. Changes nothing once it left `reserving`."""
        if self.status is not Status.RESERVING:
            return self
        message = f"{self.price.credits} credits are needed and {available} are available"
        if owed:
            message += f"; {owed} are owed for a payment that went back, which the next purchase pays"
        failure = Failure("INSUFFICIENT_CREDITS", message)
        return self._ended(Status.REJECTED, now=now, available_credits=available, failure=failure)

    def over_its_keys_limit(self, *, limit: int, used: int, resets_on: date | None, now: datetime) -> Self:
        """Note that its key may not reserve so much; nothing was set aside. As `rejected` otherwise."""
        if self.status is not Status.RESERVING:
            return self
        name = self.key.name if self.key else ""
        message = (
            f"the key {name!r} may reserve {limit} credits a month: {used} are used, and"
            f" {self.price.credits} are needed"
        )
        if resets_on:
            message += f"; it starts anew on {resets_on:%Y-%m-%d} (UTC)"
        return self._ended(Status.REJECTED, now=now, failure=Failure(KEY_LIMIT_REACHED, message))

    def started(self, *, now: datetime, deadline_at: datetime) -> Self:
        """Give it to a worker."""
        self._refuse_if_ended()
        return replace(self, status=Status.PROCESSING, started_at=now, deadline_at=deadline_at)

    def waited(self, *, until: datetime, now: datetime) -> Self:
        """With as much time left then as there is now; never with less than it had."""
        return replace(self, deadline_at=self.deadline_at + max(until - now, timedelta()))

    def succeeded(
        self,
        *,
        delivered_units: int,
        now: datetime,
        previews_shown: int = 0,
        kept_until: datetime | None = None,
    ) -> Self:
        """Its outputs are stored; what was delivered is charged, and the previews that were shown."""
        if self.previews is None:
            charged = self.price.charge(delivered_units=delivered_units)
        else:
            charged = self.previews.charge(self.price, delivered_units=delivered_units, shown=previews_shown)
        return self._ended(
            Status.SUCCEEDED,
            now=now,
            credits_charged=charged,
            progress=1.0,
            outputs_kept_until=kept_until,
        )

    def is_expiring(self, now: datetime) -> bool:
        """Whether its outputs were kept for as long as was promised, and are still there."""
        until = self.outputs_kept_until
        return until is not None and until <= now and self.outputs_expired_at is None

    def expired(self, *, now: datetime) -> Self:
        """Have its outputs gone; nothing else of it changes."""
        return replace(self, outputs_expired_at=now)

    def failed(self, failure: Failure, *, now: datetime) -> Self:
        """Nothing was delivered, nothing is charged."""
        return self._ended(Status.FAILED, now=now, failure=failure)

    def cancelled(self, *, now: datetime) -> Self:
        """Stop it for its user; nothing is charged."""
        return self._ended(Status.CANCELLED, now=now, cancel_requested=True)

    def cancel(self, *, now: datetime) -> Self:
        """Ask it to stop for its user: at once while it waits, else as soon as its worker hears.

        Idempotent; raises GenerationFinished when it had ended otherwise.
        """
        if self.status is Status.CANCELLED:
            return self
        if self.status is Status.QUEUED:
            return self.cancelled(now=now)
        self._refuse_if_ended()
        return replace(self, cancel_requested=True)

    def deleted(self, *, now: datetime) -> Self:
        """Hide it from its user for good; raises GenerationRunning before it ended."""
        if not self.is_terminal:
            raise GenerationRunning("the generation is still running; cancel it first")
        return replace(self, deleted_at=self.deleted_at or now, purge_at=None)

    def discarded(self, *, now: datetime, purge_at: datetime) -> Self:
        """Hide it until it is restored, or purged at that moment; one that was deleted before stays as it is.

        Raises GenerationRunning before it ended.
        """
        return self if self.deleted_at else replace(self.deleted(now=now), purge_at=purge_at)

    def is_over(self, now: datetime) -> bool:
        """Whether it was discarded, and the time to restore it has passed."""
        return self.purge_at is not None and self.purge_at <= now

    def restored(self, *, now: datetime) -> Self:
        """Show it again, if it was discarded and its time is not over; else raises GenerationNotFound."""
        if self.deleted_at and (self.purge_at is None or self.is_over(now)):
            raise GenerationNotFound("it was deleted for good")
        return replace(self, deleted_at=None, purge_at=None)

    def marked(self, *, is_favourite: bool) -> Self:
        """Be one of its user's favourites, or no longer."""
        return replace(self, is_favourite=is_favourite)

    def _ended(self, status: Status, *, now: datetime, **changes: Any) -> Self:
        self._refuse_if_ended()
        return replace(self, status=status, finished_at=now, **changes)

    def _refuse_if_ended(self) -> None:
        if self.is_terminal:
            raise GenerationFinished(f"the generation ended before: {self.status}")
