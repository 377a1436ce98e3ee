"""Billing over gRPC."""

from collections.abc import Mapping, Sequence

import grpc
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as rpc
from tintype.billing.v1 import events_pb2 as events

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.adapters.outbound.wire import members
from gateway.domain.auto_top_up import (
    AutoTopUp,
    AutoTopUpStatus,
    AutoTopUpStopReason,
    AutoTopUpWish,
    SavedMethod,
)
from gateway.domain.credits import Balance
from gateway.domain.identifiers import CheckoutId, PackId, PlanId, PurchaseId, UserId
from gateway.domain.invoice import Invoice, InvoiceStatus
from gateway.domain.page import Page
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, CheckoutStatus, Pack, PaymentStatus, Purchase, PurchaseStatus
from gateway.domain.referral import ClaimedReferral, Referral
from gateway.domain.subscription import (
    BillingInterval,
    Plan,
    PlanPrice,
    ScheduledChange,
    Subscription,
    SubscriptionStatus,
)
from gateway.domain.user import Principal, Role

_STATUSES = members(pb.CheckoutStatus, CheckoutStatus)
_PAYMENT_STATUSES = members(pb.PaymentStatus, PaymentStatus)
_INVOICE_STATUSES = members(pb.InvoiceStatus, InvoiceStatus)
_AUTO_TOP_UP_STATUSES = members(pb.AutoTopUpStatus, AutoTopUpStatus)
_STOP_REASONS = members(events.AutoTopUpStopReason, AutoTopUpStopReason)
_INTERVALS = members(events.BillingInterval, BillingInterval)
_ROLES = {Role.USER: pb.PRINCIPAL_ROLE_USER, Role.ADMIN: pb.PRINCIPAL_ROLE_ADMIN}
_SUBSCRIPTION_STATUSES = members(events.SubscriptionStatus, SubscriptionStatus)
_PURCHASE_STATUSES = members(pb.PurchaseStatus, PurchaseStatus)


class GrpcBilling:
    """Speaks to BillingService; implements Billing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.BillingServiceStub(channel)

    async def packs(self) -> Sequence[Pack]:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.ListPacks(pb.ListPacksRequest(), timeout=READ_DEADLINE_S)
        return [_pack(pack) for pack in answer.packs]

    async def plans(self) -> Sequence[Plan]:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.ListPlans(pb.ListPlansRequest(), timeout=READ_DEADLINE_S)
        return [_plan(plan) for plan in answer.plans]

    async def subscription(self, user_id: UserId) -> Subscription:
        """See Billing."""
        request = pb.GetSubscriptionRequest(user_id=user_id)
        with remote_calls("billing"):
            answer = await self._stub.GetSubscription(request, timeout=READ_DEADLINE_S)
        return _subscription(answer.subscription)

    async def change_subscription(
        self, user_id: UserId, *, plan_id: PlanId, interval: BillingInterval, idempotency_key: str
    ) -> Subscription:
        """See Billing."""
        request = pb.ChangeSubscriptionRequest(
            user_id=user_id,
            plan_id=plan_id,
            interval=_interval_number(interval),
            idempotency_key=idempotency_key,
        )
        with remote_calls("billing"):
            answer = await self._stub.ChangeSubscription(request, timeout=COMMAND_DEADLINE_S)
        return _subscription(answer.subscription)

    async def cancel_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        request = pb.CancelSubscriptionRequest(user_id=user_id, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.CancelSubscription(request, timeout=COMMAND_DEADLINE_S)
        return _subscription(answer.subscription)

    async def resume_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        request = pb.ResumeSubscriptionRequest(user_id=user_id, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.ResumeSubscription(request, timeout=COMMAND_DEADLINE_S)
        return _subscription(answer.subscription)

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
        items = [_invoice(invoice) for invoice in answer.invoices]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp:
        """See Billing."""
        request = pb.GetAutoTopUpRequest(user_id=user_id)
        with remote_calls("billing"):
            answer = await self._stub.GetAutoTopUp(request, timeout=READ_DEADLINE_S)
        return _auto_top_up(answer.auto_top_up)

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
            balance=pb.SeenBalance(available=balance.available, sequence=balance.sequence)
            if balance
            else None,
        )
        with remote_calls("billing"):
            answer = await self._stub.SetAutoTopUp(request, timeout=COMMAND_DEADLINE_S)
        return _auto_top_up(answer.auto_top_up)

    async def redeem_promotion(
        self, user_id: UserId, *, code: str, idempotency_key: str
    ) -> tuple[Redemption, bool]:
        """See Billing."""
        request = pb.RedeemPromotionRequest(user_id=user_id, code=code, idempotency_key=idempotency_key)
        with remote_calls("billing"):
            answer = await self._stub.RedeemPromotion(request, timeout=COMMAND_DEADLINE_S)
        return _redemption(answer.redemption), answer.replayed

    async def create_checkout(
        self,
        *,
        user_id: UserId,
        email: str,
        pack_id: PackId | None = None,
        plan_id: PlanId | None = None,
        interval: BillingInterval | None = None,
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
            interval=_interval_number(interval),
            idempotency_key=idempotency_key,
            success_url=success_url,
            cancel_url=cancel_url,
        )
        with remote_calls("billing"):
            answer = await self._stub.CreateCheckout(request, timeout=COMMAND_DEADLINE_S)
        return _checkout(answer.checkout), answer.replayed

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        """See Billing."""
        request = pb.GetCheckoutRequest(user_id=user_id, checkout_id=checkout_id)
        with remote_calls("billing"):
            answer = await self._stub.GetCheckout(request, timeout=READ_DEADLINE_S)
        return _checkout(answer.checkout)

    async def purchases(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """See Billing."""
        request = pb.ListPurchasesRequest(user_id=user_id, page_size=limit, page_token=cursor or "")
        with remote_calls("billing"):
            answer = await self._stub.ListPurchases(request, timeout=READ_DEADLINE_S)
        items = [_purchase(purchase) for purchase in answer.purchases]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def referral(self, user_id: UserId) -> Referral:
        """See Billing."""
        with remote_calls("billing"):
            answer = await self._stub.GetReferral(
                pb.GetReferralRequest(user_id=user_id), timeout=READ_DEADLINE_S
            )
        return _referral(answer.referral)

    async def claim_referral(self, user_id: UserId, *, code: str) -> ClaimedReferral:
        """See Billing."""
        request = pb.ClaimReferralRequest(user_id=user_id, code=code)
        with remote_calls("billing"):
            answer = await self._stub.ClaimReferral(request, timeout=COMMAND_DEADLINE_S)
        return _claimed(answer)

    async def refund_purchase(
        self,
        principal: Principal,
        purchase_id: PurchaseId,
        *,
        amount_minor: int | None,
        reason: str,
        idempotency_key: str,
    ) -> tuple[Purchase, bool]:
        """See Billing."""
        request = pb.RefundPurchaseRequest(
            principal=pb.Principal(actor_id=principal.user_id, role=_ROLES[principal.role]),
            purchase_id=purchase_id,
            amount_minor=amount_minor or 0,
            reason=reason,
            idempotency_key=idempotency_key,
        )
        with remote_calls("billing"):
            answer = await self._stub.RefundPurchase(request, timeout=COMMAND_DEADLINE_S)
        return _purchase(answer.purchase), answer.replayed

    async def receive_webhook(self, *, body: bytes, headers: Mapping[str, str]) -> bool:
        """See Billing."""
        # A billing of an older release reads the signature alone, and knows of no processor but Stripe.
        signature = headers.get("stripe-signature", "")
        request = pb.ReceiveWebhookRequest(body=body, headers=headers, signature=signature)
        with remote_calls("billing"):
            answer = await self._stub.ReceiveWebhook(request, timeout=COMMAND_DEADLINE_S)
        return answer.duplicate


def _interval_number(interval: BillingInterval | None) -> events.BillingInterval.ValueType:
    if interval is None:
        return events.BILLING_INTERVAL_UNSPECIFIED
    return events.BillingInterval.Value(f"BILLING_INTERVAL_{interval.name}")


def _payment_status(message: pb.Checkout) -> PaymentStatus:
    """Where the money is; of a billing that does not say, what the purchase says."""
    otherwise = PaymentStatus.PAID if message.purchase_id else PaymentStatus.UNPAID
    return _PAYMENT_STATUSES.get(message.payment_status, otherwise)


def _purchase_status(number: pb.PurchaseStatus.ValueType) -> PurchaseStatus:
    """Where it is; a billing that does not say yet knew of no money that went back."""
    return _PURCHASE_STATUSES.get(number, PurchaseStatus.PAID)


def _interval(message: pb.Subscription | pb.Checkout) -> BillingInterval | None:
    """For how long it is paid at once; nothing of a free plan, and of a pack."""
    return _INTERVALS.get(message.interval)


def _subscription_status(message: pb.Subscription) -> SubscriptionStatus:
    """Where it is; a billing that does not say yet knew of free plans alone."""
    return _SUBSCRIPTION_STATUSES.get(message.status, SubscriptionStatus.ACTIVE)


_pack = reader(pb.Pack, Pack)
_plan_price = reader(pb.PlanPrice, PlanPrice, values={"interval": _INTERVALS.__getitem__})
_plan = reader(pb.Plan, Plan, values={"prices": _plan_price})
_redemption = reader(pb.Redemption, Redemption)
_referral = reader(pb.Referral, Referral)
_claimed = reader(pb.ClaimReferralResponse, ClaimedReferral)
_change = reader(pb.ScheduledChange, ScheduledChange, values={"interval": _INTERVALS.__getitem__})
_subscription = reader(
    pb.Subscription,
    Subscription,
    values={"plan": _plan, "scheduled_change": _change},
    derived={
        "status": _subscription_status,
        "interval": _interval,
        "price_minor": lambda message: message.price_minor if message.interval else None,
    },
    unread=("user_id",),
)
_invoice = reader(pb.Invoice, Invoice, values={"status": _INVOICE_STATUSES.__getitem__})
_saved_method = reader(pb.SavedMethod, SavedMethod)
_auto_top_up = reader(
    pb.AutoTopUp,
    AutoTopUp,
    values={
        "status": _AUTO_TOP_UP_STATUSES.__getitem__,
        "reason": _STOP_REASONS.get,
        "method": _saved_method,
    },
)
_checkout = reader(
    pb.Checkout,
    Checkout,
    values={"status": _STATUSES.__getitem__},
    derived={"payment_status": _payment_status, "interval": _interval},
    unread=("user_id",),
)
_purchase = reader(pb.Purchase, Purchase, values={"status": _purchase_status}, unread=("user_id",))
