"""Billing over gRPC."""

from collections.abc import Sequence

import grpc
from chassis.timestamps import moment, to_datetime
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as rpc

from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.page import Page
from gateway.domain.purchase import Checkout, CheckoutStatus, Pack, PaymentStatus, Purchase, PurchaseStatus

_STATUSES = {pb.CheckoutStatus.Value(f"CHECKOUT_STATUS_{one.name}"): one for one in CheckoutStatus}
_PAYMENT_STATUSES = {pb.PaymentStatus.Value(f"PAYMENT_STATUS_{one.name}"): one for one in PaymentStatus}

_PURCHASE_STATUSES = {pb.PurchaseStatus.Value(f"PURCHASE_STATUS_{one.name}"): one for one in PurchaseStatus}


class GrpcBilling:
    """Speaks to BillingService; implements Billing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.BillingServiceStub(channel)

    async def packs(self) -> Sequence[Pack]:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.ListPacks(pb.ListPacksRequest(), timeout=READ_DEADLINE_S)
        return [_pack(one) for one in answer.packs]

    async def create_checkout(
        self,
        *,
        user_id: str,
        email: str,
        pack_id: str,
        idempotency_key: str,
        success_url: str,
        cancel_url: str,
    ) -> tuple[Checkout, bool]:
        """See Billing."""
        request = pb.CreateCheckoutRequest(
            user_id=user_id,
            email=email,
            pack_id=pack_id,
            idempotency_key=idempotency_key,
            success_url=success_url,
            cancel_url=cancel_url,
        )
        with remote_calls("billing"):
            answer = await self._stub.CreateCheckout(request, timeout=COMMAND_DEADLINE_S)
        return _checkout(answer.checkout), answer.replayed

    async def checkout(self, user_id: str, checkout_id: str) -> Checkout:
        """See Billing."""
        request = pb.GetCheckoutRequest(user_id=user_id, checkout_id=checkout_id)
        with remote_calls("billing"):
            answer = await self._stub.GetCheckout(request, timeout=READ_DEADLINE_S)
        return _checkout(answer.checkout)

    async def purchases(self, user_id: str, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """See Billing."""
        request = pb.ListPurchasesRequest(user_id=user_id, page_size=limit, page_token=cursor or "")
        with remote_calls("billing"):
            answer = await self._stub.ListPurchases(request, timeout=READ_DEADLINE_S)
        items = [_purchase(one) for one in answer.purchases]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def receive_webhook(self, *, body: bytes, signature: str) -> bool:
        """See Billing."""
        request = pb.ReceiveWebhookRequest(body=body, signature=signature)
        with remote_calls("billing"):
            answer = await self._stub.ReceiveWebhook(request, timeout=COMMAND_DEADLINE_S)
        return answer.duplicate


def _pack(message: pb.Pack) -> Pack:
    return Pack(
        pack_id=message.pack_id,
        title=message.title,
        description=message.description,
        credits=message.credits,
        price_minor=message.price_minor,
        currency=message.currency,
        badge=message.badge,
    )


def _checkout(message: pb.Checkout) -> Checkout:
    return Checkout(
        checkout_id=message.checkout_id,
        pack_id=message.pack_id,
        url=message.url or None,
        status=_STATUSES[message.status],
        payment_status=_payment_status(message),
        created_at=to_datetime(message.created_at),
        expires_at=moment(message, "expires_at"),
        purchase_id=message.purchase_id or None,
    )


def _payment_status(message: pb.Checkout) -> PaymentStatus:
    """Where the money is; of a billing that does not say, what the purchase says."""
    otherwise = PaymentStatus.PAID if message.purchase_id else PaymentStatus.UNPAID
    return _PAYMENT_STATUSES.get(message.payment_status, otherwise)


def _purchase(message: pb.Purchase) -> Purchase:
    return Purchase(
        purchase_id=message.purchase_id,
        pack_id=message.pack_id,
        pack_title=message.pack_title,
        credits=message.credits,
        amount_minor=message.amount_minor,
        currency=message.currency,
        payment_id=message.payment_id,
        created_at=to_datetime(message.created_at),
        refunded_minor=message.refunded_minor,
        disputed_minor=message.disputed_minor,
        # A billing that does not say yet knew of no money that went back.
        status=_PURCHASE_STATUSES.get(message.status, PurchaseStatus.PAID),
    )
