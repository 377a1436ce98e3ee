"""Subscriptions at the payment processor in memory as time goes by: begun, billed, renewed and ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from billing.domain.checkout import Checkout
from billing.domain.identifiers import CustomerId, InvoiceId, PaymentId, PlanId, ProcessorSubscriptionId
from billing.domain.month import month_of
from billing.domain.plan import PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import Invoice, InvoiceStatus, PaidPeriod, ProcessorSubscription
from billing.domain.refund import ProcessorPayment
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms

MONTHS = {BillingInterval.MONTH: 1, BillingInterval.YEAR: 12}


class MemoryRenewals:
    """Subscriptions and their invoices; the clock is the test's, and `tick` lets time come."""

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
        # What calls about one object raise.
        self.failures: dict[str, Exception] = {}
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
            period_end=trial_end or period_end(anchor, now, checkout.interval),
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
        self._created[processor_id] = now
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
        terms = replace(terms, period_start=start, period_end=period_end(terms.anchor, start, terms.interval))
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
        self._created[period.invoice_id] = self._now()
        self.invoice_payments[period.invoice_id] = ListedInvoicePayment(
            payment_id=period.payment_id,
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


def period_end(anchor: datetime, start: datetime, interval: BillingInterval) -> datetime:
    """Return when a period ends that begins then: so many months after, counted from the anchor."""
    end = start
    for _ in range(MONTHS[interval]):
        end = month_of(anchor, end).end
    return end
