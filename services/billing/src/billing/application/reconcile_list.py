"""Use case: find at the payment processor what no webhook spoke of, in lists that it keeps itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

from billing.application.processor_lists import ProcessorList
from billing.domain.errors import UnknownToProcessor
from billing.domain.listing import Listing, Scan
from billing.domain.webhook_event import Stored
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

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


@dataclass(frozen=True)
class ReconcileListHandler(Generic[T]):
    """Webhooks are hints; this is the guarantee. What it finds are hints of our own, in the same queue.

    Hints and how far the list was read are one transaction, a page at a time: a crash loses nothing. Each
    hint is worked out by itself, so that a poisoned one stops none of the others, and is seen, parked and
    replayed like any webhook.
    """

    units: UnitsOfWork
    listed: ProcessorList[T]
    clock: Clock
    plan: ScanPlan
    # Told which list had how many that nobody here knew of.
    observe: Callable[[str, int], None] = lambda _name, _count: None

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
        found = len([outcome for outcome in stored if outcome is not Stored.DUPLICATE])
        if found:
            self.observe(self.listed.name, found)
        return found


def _read(scan: Scan, page: Listing[T]) -> Scan:
    """Return how far the list is read after a page."""
    if page.next_after is not None:
        return replace(scan, after=page.next_after)
    return replace(scan, since=scan.begun_at or scan.since, begun_at=None, after=None)
