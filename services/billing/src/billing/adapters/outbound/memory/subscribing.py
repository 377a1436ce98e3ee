"""Subscriptions of the payment processor in memory, whose payers a test plays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from billing.domain.checkout import Checkout
from billing.domain.errors import CustomerUnknownToProcessor, PaymentDeclined, UnknownToProcessor
from billing.domain.identifiers import (
    CustomerId,
    InvoiceId,
    PaymentId,
    PlanId,
    ProcessorSubscriptionId,
    RefundId,
    RequestId,
)
from billing.domain.listing import Listing
from billing.domain.month import month_of
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import Invoice, InvoiceStatus, PaidPeriod, ProcessorSubscription
from billing.domain.refund import ProcessorPayment, Refund, RefundStatus
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms, ScheduledChange

MONTHS = {BillingInterval.MONTH: 1, BillingInterval.YEAR: 12}


class MemorySubscribing:
    """What a processor does with subscriptions; the clock is the test's, and `tick` lets time come."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, ProcessorSubscription] = {}
        self.payments: dict[str, ProcessorPayment] = {}
        self.invoices: list[tuple[CustomerId, Invoice]] = []
        self.invoice_owners: dict[str, ProcessorSubscriptionId] = {}
        # Prices by which they can be changed, by plan and interval.
        self.prices: dict[tuple[PlanId, BillingInterval], PlanPrice] = {}
        # Who pays each, whose card is refused, and what waits for money.
        self.payers: dict[str, CustomerId] = {}
        self.declined: set[str] = set()
        self.owed: dict[str, list[PaidPeriod]] = {}
        self.portals: list[tuple[CustomerId, str]] = []
        self.gone: set[str] = set()
        self.invoice_payments: dict[str, ListedInvoicePayment] = {}
        # When what is listed was made.
        self._created: dict[str, datetime] = {}
        self._serial = count(1)

    def _require_answer(self) -> None:
        raise NotImplementedError

    def _now(self) -> datetime:
        raise NotImplementedError

    def begin(
        self, checkout: Checkout, customer_id: CustomerId, *, trial_days: int, price_minor: int
    ) -> ProcessorSubscription:
        """Begin the subscription of a page that was sent off."""
        now = self._now()
        if checkout.plan_id is None or checkout.interval is None:
            raise ValueError(f"checkout {checkout.checkout_id} is of no plan")
        processor_id = ProcessorSubscriptionId(f"sub_{next(self._serial)}")
        trial_end = now + timedelta(days=trial_days) if trial_days else None
        anchor = trial_end or now
        terms = PaidTerms(
            processor_id=processor_id,
            interval=checkout.interval,
            status=SubscriptionStatus.TRIALING if trial_end else SubscriptionStatus.ACTIVE,
            price_minor=price_minor,
            currency=checkout.currency,
            anchor=anchor,
            period_start=now,
            period_end=trial_end or _period_end(anchor, now, checkout.interval),
            trial_end=trial_end,
        )
        begun = ProcessorSubscription(
            processor_id=processor_id,
            user_id=checkout.user_id,
            reference=checkout.checkout_id,
            plan_id=checkout.plan_id,
            is_begun=True,
            began_at=now,
            ended_at=None,
            terms=terms,
        )
        self.subscriptions[processor_id] = begun
        self.payers[processor_id] = customer_id
        self._bill(processor_id, 0 if trial_end else price_minor, terms.period_start, terms.period_end)
        return self.subscriptions[processor_id]

    def tick(self) -> None:
        """Let everything come that is due by now: renewals, changes and ends, in their order."""
        for processor_id in list(self.subscriptions):
            while self._step(processor_id):
                pass

    def _step(self, processor_id: str) -> bool:
        known = self.subscriptions[processor_id]
        terms = known.terms
        if known.ended_at is not None or terms.period_end > self._now():
            return False
        if terms.cancels_at is not None and terms.cancels_at <= terms.period_end:
            self.end(processor_id, at=terms.cancels_at)
            return False
        if terms.change is not None:
            price = self.prices[terms.change.plan_id, terms.change.interval]
            anchor = terms.anchor if terms.change.interval is terms.interval else terms.change.at
            known = replace(known, plan_id=terms.change.plan_id)
            terms = replace(
                terms,
                interval=terms.change.interval,
                price_minor=price.price_minor,
                change=None,
                anchor=anchor,
            )
        start = terms.period_end
        terms = replace(
            terms, period_start=start, period_end=_period_end(terms.anchor, start, terms.interval)
        )
        if terms.status is SubscriptionStatus.TRIALING:
            terms = replace(terms, status=SubscriptionStatus.ACTIVE)
        self.subscriptions[processor_id] = replace(known, terms=terms)
        self._bill(processor_id, terms.price_minor, terms.period_start, terms.period_end)
        return True

    def _bill(
        self, processor_id: str, amount_minor: int, start: datetime, end: datetime, *, is_change: bool = False
    ) -> None:
        known = self.subscriptions[processor_id]
        if known.plan_id is None:
            raise ValueError(f"{processor_id} is of no plan")
        invoice_id = InvoiceId(f"in_{next(self._serial)}")
        period = PaidPeriod(
            invoice_id=invoice_id,
            plan_id=known.plan_id,
            start=start,
            end=end,
            is_change=is_change,
            payment_id=None,
            amount_minor=amount_minor,
            currency=known.terms.currency,
            paid_at=self._now(),
        )
        self.invoice_owners[invoice_id] = known.processor_id
        if known.terms.status is SubscriptionStatus.PAUSED:
            return
        if amount_minor and processor_id in self.declined:
            self.owed.setdefault(processor_id, []).append(period)
            terms = replace(known.terms, status=SubscriptionStatus.PAST_DUE)
            self.subscriptions[processor_id] = replace(known, terms=terms)
            return
        self._paid(processor_id, period)

    def _paid(self, processor_id: str, period: PaidPeriod) -> None:
        known = self.subscriptions[processor_id]
        if period.amount_minor:
            payment_id = PaymentId(f"pi_{next(self._serial)}_sub")
            self.payments[payment_id] = ProcessorPayment(payment_id=payment_id, reference=None, refunds=())
            period = replace(period, payment_id=payment_id, paid_at=self._now())
            self._created[payment_id] = self._now()
            self.invoice_payments[payment_id] = ListedInvoicePayment(
                payment_id=payment_id,
                invoice_id=period.invoice_id,
                reference=known.reference,
                amount_minor=period.amount_minor,
                currency=period.currency,
                paid_at=self._now(),
            )
        self.subscriptions[processor_id] = replace(known, periods=(period, *known.periods))
        invoice = Invoice(
            invoice_id=period.invoice_id,
            number=f"N-{len(self.invoices) + 1:04}",
            total_minor=period.amount_minor,
            currency=period.currency,
            status=InvoiceStatus.PAID,
            created_at=self._now(),
            page_url=f"https://pay.example/i/{period.invoice_id}",
            pdf_url=f"https://pay.example/i/{period.invoice_id}/pdf",
        )
        self.invoices.append((self.payers[processor_id], invoice))

    def recover(self, processor_id: str) -> None:
        """Play a payer with another card: what is owed is paid."""
        self.declined.discard(processor_id)
        for period in self.owed.pop(processor_id, []):
            self._paid(processor_id, period)
        self._change(processor_id, status=SubscriptionStatus.ACTIVE)

    def pause(self, processor_id: str) -> None:
        """Play an operator who stops collecting."""
        self._change(processor_id, status=SubscriptionStatus.PAUSED)

    def end(self, processor_id: str, *, at: datetime | None = None) -> None:
        """Play the end: given up, cancelled at once, or its day has come."""
        known = self.subscriptions[processor_id]
        terms = replace(known.terms, status=SubscriptionStatus.ENDED)
        self.subscriptions[processor_id] = replace(known, terms=terms, ended_at=at or self._now())

    def _change(self, processor_id: str, **changes: object) -> None:
        known = self.subscriptions[processor_id]
        terms = replace(known.terms, **changes)  # type: ignore[arg-type]
        self.subscriptions[processor_id] = replace(known, terms=terms)

    async def find_subscription(self, processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        """Return how a subscription stands now."""
        self._require_answer()
        return self._subscription(processor_id)

    def _subscription(self, processor_id: str) -> ProcessorSubscription:
        if processor_id not in self.subscriptions:
            raise UnknownToProcessor(f"the payment processor does not know {processor_id}")
        return self.subscriptions[processor_id]

    async def subscription_of_invoice(self, invoice_id: InvoiceId) -> ProcessorSubscriptionId | None:
        """Return which subscription an invoice is of."""
        self._require_answer()
        if invoice_id not in self.invoice_owners:
            raise UnknownToProcessor(f"the payment processor does not know {invoice_id}")
        return self.invoice_owners[invoice_id]

    async def change_now(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Change the plan and collect the difference."""
        self._require_answer()
        known = self._subscription(processor_id)
        if processor_id in self.declined:
            raise PaymentDeclined("your payment method was declined")
        now, terms = self._now(), known.terms
        left = (terms.period_end - now) / (terms.period_end - terms.period_start)
        restarts = price.interval is not terms.interval
        changed = replace(
            terms,
            interval=price.interval,
            price_minor=price.price_minor,
            cancels_at=None,
            change=None,
        )
        if restarts:
            changed = replace(
                changed, anchor=now, period_start=now, period_end=_period_end(now, now, price.interval)
            )
        self.subscriptions[processor_id] = replace(known, plan_id=plan.plan_id, terms=changed)
        whole = price.price_minor if restarts else round(price.price_minor * left)
        amount_minor = max(0, whole - round(terms.price_minor * left))
        self._bill(processor_id, amount_minor, now, changed.period_end, is_change=not restarts)

    async def change_later(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Change the plan when the period ends."""
        self._require_answer()
        known = self._subscription(processor_id)
        self.prices[plan.plan_id, price.interval] = price
        change = ScheduledChange(plan_id=plan.plan_id, interval=price.interval, at=known.terms.period_end)
        self._change(processor_id, change=change, cancels_at=None)

    async def cancel_later(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """End it when the period does."""
        self._require_answer()
        known = self._subscription(processor_id)
        self._change(processor_id, change=None, cancels_at=known.terms.period_end)

    async def keep(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Let it go on as it is."""
        self._require_answer()
        known = self._subscription(processor_id)
        self._change(processor_id, change=None, cancels_at=None)
        if known.terms.status is SubscriptionStatus.PAUSED:
            self._change(processor_id, status=SubscriptionStatus.ACTIVE)

    async def end_surplus(self, processor_id: ProcessorSubscriptionId, periods: Sequence[PaidPeriod]) -> None:
        """Send its money back and end it."""
        self._require_answer()
        for period in periods:
            if period.payment_id is not None:
                refund = Refund(
                    refund_id=RefundId(f"re_{period.payment_id}"),
                    amount_minor=period.amount_minor,
                    status=RefundStatus.SUCCEEDED,
                )
                payment = self.payments[period.payment_id]
                self.payments[period.payment_id] = replace(payment, refunds=(refund,))
                self._created.setdefault(refund.refund_id, self._now())
                self.invoice_payments.pop(period.payment_id, None)
        if self._subscription(processor_id).ended_at is None:
            self.end(processor_id)

    async def open_portal(
        self, customer_id: CustomerId, *, plans: Sequence[Plan], return_url: str, request_id: RequestId
    ) -> str:
        """Return a page's address."""
        self._require_answer()
        if customer_id in self.gone:
            raise CustomerUnknownToProcessor(f"the payment processor does not know {customer_id}")
        self.portals.append((customer_id, return_url))
        return f"https://pay.example/portal/{customer_id}"

    async def list_invoices(
        self, customer_id: CustomerId, *, after: str | None, limit: int
    ) -> Listing[Invoice]:
        """Return one page of a customer's invoices, newest first."""
        self._require_answer()
        mine = [invoice for payer, invoice in reversed(self.invoices) if payer == customer_id]
        ids = [invoice.invoice_id for invoice in mine]
        if after is not None and after not in ids:
            raise UnknownToProcessor(f"the payment processor does not know {after}")
        start = 0 if after is None else ids.index(InvoiceId(after)) + 1
        page = mine[start : start + limit]
        is_last = start + limit >= len(mine)
        return Listing(items=page, next_after=None if is_last else page[-1].invoice_id)


def _period_end(anchor: datetime, start: datetime, interval: BillingInterval) -> datetime:
    """Return when a period ends that begins then: so many months after, counted from the anchor."""
    end = start
    for _ in range(MONTHS[interval]):
        end = month_of(anchor, end).end
    return end
