"""The payment processor, by Polar: hosted checkout pages of packs, orders, refunds and disputes."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from polar.v2026_10 import PolarAsync, outputs

from billing.adapters.outbound.polar import lists
from billing.adapters.outbound.polar.answers import (
    CHECKOUT_ID,
    reference_in,
    required_id,
    seen_checkout,
    seen_dispute,
    seen_invoice,
    seen_order,
    seen_payment,
    seen_refund,
    to_refund,
)
from billing.adapters.outbound.polar.catalogue import PolarCatalogue
from billing.adapters.outbound.polar.errors import answered, cannot_sell
from billing.adapters.outbound.polar.no_plans import SellsNoPlans
from billing.adapters.outbound.polar.no_saved_methods import KeepsNoCards
from billing.adapters.outbound.polar.refunds import ORDER_ID, net_of, order_of, require_undisputed
from billing.adapters.outbound.polar.selling import PolarSelling
from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.domain.identifiers import (
    CheckoutId,
    CustomerId,
    DisputeId,
    PageId,
    PaymentId,
    RequestId,
    UserId,
)
from billing.domain.listing import Listing
from billing.domain.plan import Plan
from billing.domain.processor_payment import ListedPayment
from billing.domain.processor_subscription import Invoice
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund
from billing.domain.refund_order import RefundOrder
from billing.domain.settlement import ProcessorCheckout

TIMEOUT_S = 20.0
REFUND_PAGE, REFUND_PAGES_MAX = 100, 10
# Pages of one customer that are looked through for one that was opened before.
PAGES_LOOKED_AT_MAX = 100
REFERENCES_KEPT_MAX, REFERENCES_ASKED_AT_ONCE_MAX = 10_000, 4
PAGE_NUMBER = "page"
# Polar takes no longer values.
METADATA_MAX = 500


class PolarProcessor(PolarSelling, SellsNoPlans, KeepsNoCards):
    """Polar has no idempotency keys: what was made is found by our own ids, before it is made again.

    A customer is ours by its external id, of which Polar takes one. A page carries our checkout's id, and
    hands it on to its order. Two who ask for the same page in the same moment get two; the use case hands
    out one of them.
    """

    def __init__(self, *, access_token: str, api_url: str | None, promotion_codes: bool = False) -> None:
        """Pages take discount codes if that is said here."""
        self._client = PolarAsync(access_token, base_url=api_url, timeout=TIMEOUT_S)
        self._catalogue = PolarCatalogue(self._client)
        self._promotion_codes = promotion_codes
        # An order's reference never changes.
        self._references: dict[str, CheckoutId | None] = {}
        self._refunding = asyncio.Lock()
        self._asking = asyncio.Semaphore(REFERENCES_ASKED_AT_ONCE_MAX)

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Return the customer of a user: while Polar knows one, it stays, whatever it is to replace.

        An address belongs to one customer, and one that is not this user's is refused: Polar's page shows
        name and address of its customer, and nobody has proved yet that the mailbox is theirs.
        """
        try:
            return CustomerId((await answered(self._client.customers.get_external(user_id))).id)
        except UnknownToProcessor:
            pass
        try:
            made = await answered(self._client.customers.create(external_id=user_id, email=email))
        except PaymentProcessorRefused as refused:
            if "external_id" not in refused.details["fields"].split(","):
                raise
            # Somebody else made it meanwhile.
            made = await answered(self._client.customers.get_external(user_id))
        return CustomerId(made.id)

    async def forget_customer(self, customer_id: CustomerId) -> None:
        """Delete a customer; Polar ends what they subscribe to with it, and keeps their orders."""
        try:
            await answered(self._client.customers.delete(customer_id))
        except UnknownToProcessor:
            return

    async def open_checkout(
        self,
        checkout: Checkout,
        *,
        price_name: str,
        customer_id: CustomerId,
        success_url: str,
        cancel_url: str,
        trial_days: int = 0,
    ) -> ProcessorCheckout:
        """Open a page for one pack at its published price, or return the one that was opened before."""
        if checkout.pack_id is None:
            raise PaymentProcessorRefused("this payment back end sells no plans")
        product_id = await self._catalogue.product_on_sale(
            price_name, price_minor=checkout.price_minor, currency=checkout.currency
        )
        if known := await self._opened_before(checkout, product_id, customer_id):
            return await self._seen(known)
        asked: Any = {
            "products": [product_id],
            "currency": checkout.currency,
            "customer_id": customer_id,
            "success_url": success_url,
            "return_url": cancel_url,
            "allow_discount_codes": self._promotion_codes,
            "metadata": {
                CHECKOUT_ID: checkout.checkout_id,
                PAGE_NUMBER: checkout.page,
                "user_id": checkout.user_id,
                "pack_id": checkout.pack_id,
            },
        }
        try:
            return await self._seen(await answered(self._client.checkouts.create(**asked)))
        except PaymentProcessorRefused as refused:
            told = _of_customer(refused, customer_id)
            # All else that was asked for is ours: no buyer can mend it.
            raise (cannot_sell(refused) if told is refused else told) from refused

    async def _opened_before(
        self, checkout: Checkout, product_id: str, customer_id: CustomerId
    ) -> outputs.Checkout | None:
        found = await answered(
            self._client.checkouts.list(
                customer_id=customer_id, product_id=product_id, limit=PAGES_LOOKED_AT_MAX
            )
        )
        wanted = (checkout.checkout_id, checkout.page, checkout.price_minor, checkout.currency)
        # Of two, made in the same moment, always the same one.
        return next((page for page in reversed(found.items) if _made_for(page) == wanted), None)

    async def find_checkout(self, page_id: PageId) -> ProcessorCheckout:
        """Read a page as it stands now, with the order that came of it."""
        return await self._seen(await answered(self._client.checkouts.get(required_id(page_id))))

    async def _seen(self, page: outputs.Checkout) -> ProcessorCheckout:
        if page.status != "succeeded":
            return seen_checkout(page, None)
        asked: Any = {"sorting": ["created_at"]}
        orders = (await answered(self._client.orders.list(checkout_id=page.id, limit=1, **asked))).items
        if not orders or not orders[0].paid:
            raise PaymentProcessorUnavailable("the order of a page that is paid is not there yet; try again")
        return seen_checkout(page, orders[0])

    async def find_payment(self, payment_id: PaymentId) -> ProcessorPayment:
        """Read an order and all its refunds."""
        order = await answered(self._client.orders.get(required_id(payment_id)))
        return seen_payment(order, await self._refunds_of(order.id))

    async def refund_payment(self, order: RefundOrder) -> Refund:
        """Create an order's refund, or return the one that it has, found by the order's id.

        In this process one at a time: Polar would take two at once for two.
        """
        async with self._refunding:
            paid = await answered(self._client.orders.get(required_id(order.payment_id)))
            for known in await self._refunds_of(paid.id):
                if order_of(known) == order.order_id:
                    return to_refund(known)
            require_undisputed((await answered(self._client.disputes.list(order_id=paid.id))).items)
            asked: Any = {
                "order_id": paid.id,
                "amount": net_of(paid, order.amount_minor),
                "reason": "customer_request",
                "comment": order.reason,
                "metadata": {
                    ORDER_ID: order.order_id,
                    "purchase_id": order.purchase_id,
                    "reason": order.reason[:METADATA_MAX],
                    "actor": order.actor[:METADATA_MAX],
                },
            }
            return to_refund(await answered(self._client.refunds.create(**asked)))

    async def _refunds_of(self, order_id: str) -> list[outputs.Refund]:
        refunds: list[outputs.Refund] = []
        for page in range(1, REFUND_PAGES_MAX + 1):
            found = await answered(self._client.refunds.list(order_id=order_id, page=page, limit=REFUND_PAGE))
            refunds += found.items
            if page >= found.pagination.max_page:
                return refunds
        raise PaymentProcessorRefused(f"payment {order_id} has more than {len(refunds)} refunds")

    async def find_dispute(self, dispute_id: DisputeId) -> ProcessorDispute:
        """Read a dispute, with the order that it is about."""
        dispute = await answered(self._client.disputes.get(required_id(dispute_id)))
        references = await self._references_of([dispute.order_id])
        return seen_dispute(dispute, references[dispute.order_id])

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Read one page of the list of refunds."""
        refunds, next_after = await lists.read_page(
            lambda page: answered(self._client.refunds.list(page=page, limit=lists.PAGE_MAX)),
            since=since,
            after=after,
        )
        references = await self._references_of(refund.order_id for refund in refunds)
        items = [seen_refund(refund, references[refund.order_id]) for refund in refunds]
        return Listing(items=items, next_after=next_after)

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Read one page of the list of disputes."""
        disputes, next_after = await lists.read_page(
            lambda page: answered(self._client.disputes.list(page=page, limit=lists.PAGE_MAX)),
            since=since,
            after=after,
        )
        references = await self._references_of(dispute.order_id for dispute in disputes)
        items = [seen_dispute(dispute, references[dispute.order_id]) for dispute in disputes]
        return Listing(items=items, next_after=next_after)

    async def list_payments(self, *, since: datetime, after: str | None) -> Listing[ListedPayment]:
        """Read one page of the list of orders: each that is paid is a payment."""
        orders, next_after = await lists.read_page(
            lambda page: answered(self._client.orders.list(page=page, limit=lists.PAGE_MAX)),
            since=since,
            after=after,
        )
        seen = [seen_order(order) for order in orders]
        return Listing(items=[payment for payment in seen if payment is not None], next_after=next_after)

    async def _references_of(self, order_ids: Iterable[str]) -> Mapping[str, CheckoutId | None]:
        """Return our checkouts' ids by orders: refunds and disputes name the order and nothing of ours."""
        wanted = dict.fromkeys(order_ids)
        unknown = [order_id for order_id in wanted if order_id not in self._references]
        found = await asyncio.gather(*(self._reference_of(order_id) for order_id in unknown))
        answer = {order_id: self._references.get(order_id) for order_id in wanted}
        answer |= dict(zip(unknown, found, strict=True))
        self._references |= answer
        while len(self._references) > REFERENCES_KEPT_MAX:
            del self._references[next(iter(self._references))]
        return answer

    async def _reference_of(self, order_id: str) -> CheckoutId | None:
        async with self._asking:
            try:
                return reference_in((await answered(self._client.orders.get(order_id))).metadata)
            except UnknownToProcessor:
                return None

    async def open_portal(
        self, customer_id: CustomerId, *, plans: Sequence[Plan], return_url: str, request_id: RequestId
    ) -> str:
        """Open Polar's own portal: orders, invoices and payment methods, as its owner has set it up."""
        asked: Any = {"customer_id": customer_id, "return_url": return_url}
        try:
            return (await answered(self._client.customer_sessions.create(**asked))).customer_portal_url
        except PaymentProcessorRefused as refused:
            raise _of_customer(refused, customer_id) from refused

    async def list_invoices(
        self, customer_id: CustomerId, *, after: str | None, limit: int
    ) -> Listing[Invoice]:
        """Read one page of a customer's orders that are paid: each is invoiced."""
        orders, next_after = await lists.read_page(
            lambda page: answered(self._client.orders.list(customer_id=customer_id, page=page, limit=limit)),
            since=lists.EVER,
            after=after,
        )
        return Listing(items=[seen_invoice(order) for order in orders if order.paid], next_after=next_after)


def _made_for(page: outputs.Checkout) -> tuple[Any, ...]:
    made_for = (page.metadata.get(CHECKOUT_ID), page.metadata.get(PAGE_NUMBER))
    return (*made_for, page.amount, page.currency)


def _of_customer(refused: PaymentProcessorRefused, customer_id: CustomerId) -> PaymentProcessorRefused:
    """Return a refusal, told apart where it is the customer that is unknown."""
    if "customer_id" not in refused.details["fields"].split(","):
        return refused
    return CustomerUnknownToProcessor(f"the payment processor does not know {customer_id}")
