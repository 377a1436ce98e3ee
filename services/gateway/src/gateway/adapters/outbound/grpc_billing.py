"""Billing over gRPC."""

from collections.abc import Mapping, Sequence

import grpc
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as rpc

from gateway.adapters.outbound import billing_messages as messages
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.administration import Actor
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.credits import Balance
from gateway.domain.identifiers import CheckoutId, PackId, PlanId, PurchaseId, UserId
from gateway.domain.invoice import Invoice
from gateway.domain.page import Page
from gateway.domain.price import Price
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, Pack, Purchase
from gateway.domain.referral import ClaimedReferral, Referral
from gateway.domain.subscription import BillingInterval, Plan, Subscription
from gateway.domain.user import Role

_ROLES = {
    Role.USER: pb.PRINCIPAL_ROLE_USER,
    Role.SUPPORT: pb.PRINCIPAL_ROLE_SUPPORT,
    Role.ADMIN: pb.PRINCIPAL_ROLE_ADMIN,
}


class GrpcBilling:
    """Speaks to BillingService; implements Billing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.BillingServiceStub(channel)

    async def packs(self) -> Sequence[Pack]:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.ListPacks(pb.ListPacksRequest(), timeout=READ_DEADLINE_S)
        return [messages.pack(pack) for pack in answer.packs]

    async def plans(self) -> Sequence[Plan]:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.ListPlans(pb.ListPlansRequest(), timeout=READ_DEADLINE_S)
        return [messages.plan(plan) for plan in answer.plans]

    async def subscription(self, user_id: UserId) -> Subscription:
        """See Billing."""
        request = pb.GetSubscriptionRequest(user_id=user_id)
        with remote_calls("billing"):
            answer = await self._stub.GetSubscription(request, timeout=READ_DEADLINE_S)
        return messages.subscription(answer.subscription)

    async def change_subscription(
        self,
        user_id: UserId,
        *,
        plan_id: PlanId,
        interval: BillingInterval,
        expected_price: Price | None = None,
        idempotency_key: str,
    ) -> Subscription:
        """See Billing."""
        request = pb.ChangeSubscriptionRequest(
            user_id=user_id,
            plan_id=plan_id,
            interval=messages.interval_number(interval),
            expected_price=messages.expected_price(expected_price),
            idempotency_key=idempotency_key,
        )
        with remote_calls("billing"):
            answer = await self._stub.ChangeSubscription(request, timeout=COMMAND_DEADLINE_S)
        return messages.subscription(answer.subscription)

    async def cancel_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        request = pb.CancelSubscriptionRequest(user_id=user_id, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.CancelSubscription(request, timeout=COMMAND_DEADLINE_S)
        return messages.subscription(answer.subscription)

    async def resume_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        request = pb.ResumeSubscriptionRequest(user_id=user_id, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.ResumeSubscription(request, timeout=COMMAND_DEADLINE_S)
        return messages.subscription(answer.subscription)

    async def open_portal(self, *, user_id: UserId, email: str, return_url: str, idempotency_key: str) -> str:
        """See Billing."""
        request = pb.OpenBillingPortalRequest(
            user_id=user_id, email=email, return_url=return_url, idempotency_key=idempotency_key
        )
        with remote_calls("billing"):
            answer = await self._stub.OpenBillingPortal(request, timeout=COMMAND_DEADLINE_S)
        return answer.url

    async def invoices(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Invoice]:
        """See Billing."""
        request = pb.ListInvoicesRequest(user_id=user_id, page_size=limit, page_token=cursor or "")
        with remote_calls("billing"):
            answer = await self._stub.ListInvoices(request, timeout=READ_DEADLINE_S)
        items = [messages.invoice(invoice) for invoice in answer.invoices]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp:
        """See Billing."""
        request = pb.GetAutoTopUpRequest(user_id=user_id)
        with remote_calls("billing"):
            answer = await self._stub.GetAutoTopUp(request, timeout=READ_DEADLINE_S)
        return messages.auto_top_up(answer.auto_top_up)

    async def set_auto_top_up(
        self, user_id: UserId, wish: AutoTopUpWish, *, balance: Balance | None
    ) -> AutoTopUp:
        """See Billing."""
        request = pb.SetAutoTopUpRequest(
            user_id=user_id,
            enabled=wish.is_on,
            threshold_credits=wish.threshold_credits,
            pack_id=wish.pack_id,
            monthly_purchases_max=wish.monthly_purchases_max,
            expected_price=messages.expected_price(wish.expected_price),
            balance=pb.SeenBalance(available=balance.available, sequence=balance.sequence)
            if balance
            else None,
        )
        with remote_calls("billing"):
            answer = await self._stub.SetAutoTopUp(request, timeout=COMMAND_DEADLINE_S)
        return messages.auto_top_up(answer.auto_top_up)

    async def redeem_promotion(
        self, user_id: UserId, *, code: str, idempotency_key: str
    ) -> tuple[Redemption, bool]:
        """See Billing."""
        request = pb.RedeemPromotionRequest(user_id=user_id, code=code, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.RedeemPromotion(request, timeout=COMMAND_DEADLINE_S)
        return messages.redemption(answer.redemption), answer.replayed

    async def create_checkout(
        self,
        *,
        user_id: UserId,
        email: str,
        pack_id: PackId | None = None,
        plan_id: PlanId | None = None,
        interval: BillingInterval | None = None,
        expected_price: Price | None = None,
        idempotency_key: str,
        success_url: str,
        cancel_url: str,
    ) -> tuple[Checkout, bool]:
        """See Billing."""
        request = pb.CreateCheckoutRequest(
            user_id=user_id,
            email=email,
            pack_id=pack_id or "",
            plan_id=plan_id or "",
            interval=messages.interval_number(interval),
            expected_price=messages.expected_price(expected_price),
            idempotency_key=idempotency_key,
            success_url=success_url,
            cancel_url=cancel_url,
        )
        with remote_calls("billing"):
            answer = await self._stub.CreateCheckout(request, timeout=COMMAND_DEADLINE_S)
        return messages.checkout(answer.checkout), answer.replayed

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        """See Billing."""
        request = pb.GetCheckoutRequest(user_id=user_id, checkout_id=checkout_id)
        with remote_calls("billing"):
            answer = await self._stub.GetCheckout(request, timeout=READ_DEADLINE_S)
        return messages.checkout(answer.checkout)

    async def purchases(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """See Billing."""
        request = pb.ListPurchasesRequest(user_id=user_id, page_size=limit, page_token=cursor or "")
        with remote_calls("billing"):
            answer = await self._stub.ListPurchases(request, timeout=READ_DEADLINE_S)
        items = [messages.purchase(purchase) for purchase in answer.purchases]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def referral(self, user_id: UserId) -> Referral:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.GetReferral(
                pb.GetReferralRequest(user_id=user_id), timeout=READ_DEADLINE_S
            )
        return messages.referral(answer.referral)

    async def claim_referral(self, user_id: UserId, *, code: str) -> ClaimedReferral:
        """See Billing."""
        request = pb.ClaimReferralRequest(user_id=user_id, code=code)
        with remote_calls("billing"):
            answer = await self._stub.ClaimReferral(request, timeout=COMMAND_DEADLINE_S)
        return messages.claimed(answer)

    async def refund_purchase(
        self,
        actor: Actor,
        purchase_id: PurchaseId,
        *,
        amount_minor: int | None,
        reason: str,
        idempotency_key: str,
    ) -> tuple[Purchase, bool]:
        """See Billing."""
        request = pb.RefundPurchaseRequest(
            principal=pb.Principal(
                actor_id=actor.user_id,
                role=_ROLES[actor.role],
                session_id=actor.session_id or "",
                client_address=actor.client_address,
            ),
            purchase_id=purchase_id,
            amount_minor=amount_minor or 0,
            reason=reason,
            idempotency_key=idempotency_key,
        )
        with remote_calls("billing"):
            answer = await self._stub.RefundPurchase(request, timeout=COMMAND_DEADLINE_S)
        return messages.purchase(answer.purchase), answer.replayed

    async def receive_webhook(self, *, body: bytes, headers: Mapping[str, str]) -> bool:
        """See Billing."""
        # A billing of an older release reads the signature alone, and knows of no processor but Stripe.
        signature = headers.get("stripe-signature", "")
        request = pb.ReceiveWebhookRequest(body=body, headers=headers, signature=signature)
        with remote_calls("billing"):
            answer = await self._stub.ReceiveWebhook(request, timeout=COMMAND_DEADLINE_S)
        return answer.duplicate
