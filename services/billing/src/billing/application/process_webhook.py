"""Use case: work out what a stored webhook means."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from billing.application.look_at_customer import LookAtCustomerHandler
from billing.application.record_dispute import RecordDisputeHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.refresh_prices import RefreshPricesHandler
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.errors import (
    PaymentProcessorMisconfigured,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.domain.identifiers import (
    ArticleId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PageId,
    PaymentId,
    ProcessorSubscriptionId,
)
from billing.domain.webhook_event import (
    IgnoredCause,
    Subject,
    SubjectKind,
    WebhookEvent,
    WebhookOutcome,
    WebhookState,
    described,
)
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

# Failures of the webhook's own, over some 64 minutes.
ATTEMPTS_MAX = 20
DELAY_MAX_S = 300
# What the processor can't tell now is asked about again after this long.
OUTAGE_DELAY_S = 30.0
# Longer than a call at its slowest with its repetitions; and the lease is longer than that.
WORK_MAX_S = 70.0
LEASE = timedelta(seconds=90)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Worked:
    """Where a webhook stands now. `is_outage` when it could not be worked on for no fault of its own."""

    state: WebhookState
    is_outage: bool = False


@dataclass(frozen=True)
class ProcessWebhookHandler:
    """Takes one webhook that is due. Several may run: each webhook is claimed by the one that works on it.

    Only what belongs to this very webhook counts as a failure: while the processor is away or refuses us, and
    while storage is away (`outages`), it waits. A claim has a token, so that whoever comes back late from a
    slow call can't overwrite what came of the webhook meanwhile.
    """

    units: UnitsOfWork
    settle: SettleCheckoutHandler
    refund: RecordRefundHandler
    dispute: RecordDisputeHandler
    subscription: SettleSubscriptionHandler
    prices: RefreshPricesHandler
    customer: LookAtCustomerHandler
    processor: PaymentProcessor
    clock: Clock
    ids: IdSource
    outages: tuple[type[Exception], ...] = ()

    @property
    def _all_outages(self) -> tuple[type[Exception], ...]:
        return (PaymentProcessorUnavailable, PaymentProcessorMisconfigured, TimeoutError, *self.outages)

    async def __call__(self) -> Worked | None:
        """Process one; None when none is due."""
        token = self.ids.new("lease")
        now = self.clock.now()
        async with self.units.of_system() as work:
            event = await work.claim_webhook(now=now, until=now + LEASE, token=token)
        if event is None:
            return None
        try:
            outcome, is_outage = await self._work_out(event)
        except asyncio.CancelledError:
            # The process is told to end: another takes the webhook at once, with nothing counted.
            await self._finish(event, token, self._waiting(event, None, delay_s=0))
            raise
        await self._finish(event, token, outcome)
        return Worked(state=outcome.state, is_outage=is_outage)

    async def _finish(self, event: WebhookEvent, token: str, outcome: WebhookOutcome) -> None:
        async with self.units.of_system() as work:
            written = await work.finish_webhook(
                event.event_id, token=token, outcome=outcome, now=self.clock.now()
            )
        if not written:
            log.warning(
                "a webhook was finished late: what came of it meanwhile stands", event_id=event.event_id
            )

    async def _work_out(self, event: WebhookEvent) -> tuple[WebhookOutcome, bool]:
        if event.attempts >= ATTEMPTS_MAX:
            # Whoever worked on it died each time.
            return self._parked(event, "its processes ended before they finished it"), False
        try:
            async with asyncio.timeout(WORK_MAX_S):
                cause = await self._handle(event)
        except self._all_outages as failure:
            return self._waiting(event, described(failure), delay_s=OUTAGE_DELAY_S), True
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is tried again and parked in the end
            return self._failed(event, failure), False
        state = WebhookState.DONE if cause is None else WebhookState.IGNORED
        return WebhookOutcome(state=state, attempts=event.attempts, cause=cause), False

    async def _handle(self, event: WebhookEvent) -> IgnoredCause | None:
        """Do what it is about; return why that is nothing."""
        if event.subject is None:
            return IgnoredCause.UNHANDLED_KIND
        try:
            is_ours = await self._record(event.subject)
        except UnknownToProcessor as unknown:
            if await self._is_known_here(event.subject):
                # Our own object: the key is not that of the account that it was made in.
                log.error("the processor lost an object of ours", event_id=event.event_id)
                raise PaymentProcessorMisconfigured(f"it does not know what is ours: {unknown}") from unknown
            return IgnoredCause.UNKNOWN_OBJECT
        return None if is_ours else IgnoredCause.NOT_OURS

    async def _record(self, subject: Subject) -> bool:
        match subject.kind:
            case SubjectKind.PAGE:
                return await self.settle(PageId(subject.object_id)) is not None
            case SubjectKind.PAYMENT:
                return await self.refund(PaymentId(subject.object_id))
            case SubjectKind.DISPUTE:
                return await self.dispute(DisputeId(subject.object_id))
            case SubjectKind.SUBSCRIPTION:
                return await self.subscription(ProcessorSubscriptionId(subject.object_id)) is not None
            case SubjectKind.INVOICE:
                processor_id = await self.processor.subscription_of_invoice(InvoiceId(subject.object_id))
                return processor_id is not None and await self.subscription(processor_id) is not None
            case SubjectKind.ARTICLE:
                return await self.prices(ArticleId(subject.object_id))
            case SubjectKind.CUSTOMER:
                return await self.customer(CustomerId(subject.object_id))

    async def _is_known_here(self, subject: Subject) -> bool:
        async with self.units.of_system() as work:
            match subject.kind:
                case SubjectKind.PAGE:
                    return await work.checkout_of_page(PageId(subject.object_id)) is not None
                case SubjectKind.PAYMENT:
                    return await work.purchase_of_payment(PaymentId(subject.object_id)) is not None
                case SubjectKind.DISPUTE:
                    return await work.dispute(DisputeId(subject.object_id)) is not None
                case SubjectKind.SUBSCRIPTION:
                    processor_id = ProcessorSubscriptionId(subject.object_id)
                    return await work.subscription_of_processor(processor_id) is not None
                case SubjectKind.CUSTOMER:
                    return await work.user_of_customer(CustomerId(subject.object_id)) is not None
                case SubjectKind.INVOICE | SubjectKind.ARTICLE:
                    # They are read to learn whose they are: what nobody knows is nobody's.
                    return False

    def _failed(self, event: WebhookEvent, failure: Exception) -> WebhookOutcome:
        failures = event.attempts + 1
        log.warning(
            "a webhook failed",
            event_id=event.event_id,
            failures=failures,
            failures_max=ATTEMPTS_MAX,
            error=repr(failure),
        )
        if failures >= ATTEMPTS_MAX:
            return self._parked(event, described(failure))
        delay_s = min(DELAY_MAX_S, 2**failures)
        return self._waiting(event, described(failure), delay_s=delay_s, attempts=failures)

    def _parked(self, event: WebhookEvent, error: str) -> WebhookOutcome:
        log.error("a webhook is given up", event_id=event.event_id, kind=event.kind, error=error)
        attempts = min(event.attempts + 1, ATTEMPTS_MAX)
        return WebhookOutcome(state=WebhookState.PARKED, attempts=attempts, error=error)

    def _waiting(
        self, event: WebhookEvent, error: str | None, *, delay_s: float, attempts: int | None = None
    ) -> WebhookOutcome:
        due_at = self.clock.now() + timedelta(seconds=delay_s * random.uniform(0.8, 1))
        counted = event.attempts if attempts is None else attempts
        return WebhookOutcome(state=WebhookState.WAITING, attempts=counted, due_at=due_at, error=error)
