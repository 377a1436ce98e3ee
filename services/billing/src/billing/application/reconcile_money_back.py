"""Use case: find refunds and disputes at the payment processor that no webhook spoke of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Generic, Protocol, TypeVar

from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import UnknownToProcessor
from billing.domain.identifiers import EventId, ObjectId
from billing.domain.listing import Listing, Scan
from billing.domain.refund import ListedRefund
from billing.domain.webhook_event import Stored, Subject, SubjectKind, WebhookEvent
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

PAGES_MAX = 10
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ScanPlan:
    """How far back a scan looks before the one before it began, and how often one begins.

    One that `wakes` has what was parked tried again.
    """

    name: str
    looks_back: timedelta
    every: timedelta = timedelta(0)
    wakes: bool = False


class ProcessorList(Protocol[T]):
    """One of the processor's lists, and what of it is not recorded."""

    name: ClassVar[str]

    async def page(self, *, since: datetime, after: str | None) -> Listing[T]:
        """Return one page."""

    async def hints(self, work: UnitOfWork, items: Sequence[T], now: datetime) -> list[WebhookEvent]:
        """Return a hint for each item that is ours and is not recorded as it stands."""


@dataclass(frozen=True)
class RefundList:
    """The processor's list of refunds."""

    name: ClassVar[str] = "refunds"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Return one page."""
        return await self.processor.list_refunds(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ListedRefund], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our refunds that is not recorded as it stands."""
        ours = [(listed.refund, listed.payment_id) for listed in items if listed.reference]
        known = await work.recorded_refunds([refund.refund_id for refund, _ in ours])
        return [
            _hint(
                "refund",
                Subject(kind=SubjectKind.PAYMENT, object_id=ObjectId(payment_id)),
                told=f"{refund.refund_id}_{refund.status}",
                now=now,
            )
            for refund, payment_id in ours
            if payment_id is not None and known.get(refund.refund_id) is not refund.status
        ]


@dataclass(frozen=True)
class DisputeList:
    """The processor's list of disputes."""

    name: ClassVar[str] = "disputes"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Return one page."""
        return await self.processor.list_disputes(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ProcessorDispute], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our disputes that moved money and is not recorded as it stands."""
        ours = [dispute for dispute in items if dispute.reference and dispute.state is not None]
        known = await work.recorded_disputes([dispute.dispute_id for dispute in ours])
        return [
            _hint(
                "dispute",
                Subject(kind=SubjectKind.DISPUTE, object_id=ObjectId(dispute.dispute_id)),
                told=f"{dispute.dispute_id}_{dispute.state}",
                now=now,
            )
            for dispute in ours
            if known.get(dispute.dispute_id) is not dispute.state
        ]


@dataclass(frozen=True)
class ReconcileMoneyBackHandler(Generic[T]):
    """Webhooks are hints; this is the guarantee. What it finds are hints of our own, in the same queue.

    Hints and how far the list was read are one transaction, a page at a time: a crash loses nothing. Each
    hint is worked out by itself, so that a poisoned one stops none of the others, and is seen, parked and
    replayed like any webhook.
    """

    units: UnitsOfWork
    listed: ProcessorList[T]
    clock: Clock
    plan: ScanPlan

    @property
    def name(self) -> str:
        """What the place up to which the list was read is kept under."""
        return f"{self.listed.name}.{self.plan.name}"

    async def __call__(self) -> int:
        """Read up to a bound of pages; return how many hints are new. Goes on where it stopped.

        Raises PaymentProcessorUnavailable and PaymentProcessorMisconfigured: then nothing is skipped.
        """
        scan = await self._begun()
        if scan is None:
            return 0
        found = 0
        for _ in range(PAGES_MAX):
            try:
                page = await self.listed.page(since=scan.since - self.plan.looks_back, after=scan.after)
            except UnknownToProcessor:
                # Where it stopped is not in the list any more: next time from the newest again.
                await self._save(replace(scan, after=None), ())
                return found
            scan = _read(scan, page)
            found += await self._save(scan, page.items)
            if scan.after is None:
                break
        return found

    async def _begun(self) -> Scan | None:
        """Return the scan that goes on, or one that begins; None before the next is due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            scan = await work.scan(self.name)
        if scan is None:
            return Scan(name=self.name, since=now, begun_at=now)
        if scan.begun_at is not None:
            return scan
        return replace(scan, begun_at=now) if now >= scan.since + self.plan.every else None

    async def _save(self, scan: Scan, items: Sequence[T]) -> int:
        async with self.units.of_system() as work:
            hints = await self.listed.hints(work, items, self.clock.now())
            stored = [await work.add_webhook(hint, wakes=self.plan.wakes) for hint in hints]
            await work.save_scan(scan)
        return len([outcome for outcome in stored if outcome is not Stored.DUPLICATE])


def _read(scan: Scan, page: Listing[T]) -> Scan:
    """Return how far the list is read after a page."""
    if page.next_after is not None:
        return replace(scan, after=page.next_after)
    return replace(scan, since=scan.begun_at or scan.since, begun_at=None, after=None)


def _hint(kind: str, subject: Subject, *, told: str, now: datetime) -> WebhookEvent:
    """Return a hint of our own: the same for the same object as long as it stands where it stands."""
    return WebhookEvent(
        event_id=EventId(f"reconciled_{told}"),
        kind=f"reconciled.{kind}",
        subject=subject,
        body=b"",
        received_at=now,
    )
