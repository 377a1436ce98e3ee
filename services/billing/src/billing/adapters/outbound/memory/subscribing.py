"""What is asked of the payment processor in memory about subscriptions."""

from collections.abc import Sequence
from dataclasses import replace

from billing.adapters.outbound.memory.renewals import MemoryRenewals, period_end
from billing.domain.errors import CustomerUnknownToProcessor, PaymentDeclined, UnknownToProcessor
from billing.domain.identifiers import CustomerId, InvoiceId, ProcessorSubscriptionId, RefundId, RequestId
from billing.domain.listing import Listing
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_subscription import Invoice, PaidPeriod, ProcessorSubscription
from billing.domain.refund import Refund, RefundStatus
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import ScheduledChange


class MemorySubscribing(MemoryRenewals):
    """Changes to subscriptions, and their invoices; a test plays the payers."""

    async def find_subscription(self, processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        """Return how a subscription stands now."""
        self._require_answer()
        return self._subscription(processor_id)

    def _subscription(self, processor_id: str) -> ProcessorSubscription:
        if processor_id in self.failures:
            raise self.failures[processor_id]
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
        self._require_price(price)
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
                changed, anchor=now, period_start=now, period_end=period_end(now, now, price.interval)
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
        self._require_price(price)
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
                self.invoice_payments.pop(period.invoice_id, None)
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

    def _require_price(self, price: PlanPrice) -> None:
        raise NotImplementedError
