"""BillingService over gRPC: parse, call the use case, render."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
from chassis.timestamps import to_timestamp
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as rpc

from billing.adapters.inbound import payment_messages as payments
from billing.adapters.inbound import plan_messages as plans
from billing.adapters.inbound import top_up_messages as top_ups
from billing.adapters.inbound.grpc_plans import PlanServicer, account
from billing.application.claim_referral import ClaimReferralHandler
from billing.application.create_checkout import CreateCheckout, CreateCheckoutHandler
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.list_packs import ListPacksHandler
from billing.application.list_plans import ListPlansHandler
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.list_purchases import ListPurchases, ListPurchasesHandler
from billing.application.read_auto_top_up import ReadAutoTopUpHandler
from billing.application.read_referral import ReadReferralHandler
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.redeem_promotion import RedeemPromotion, RedeemPromotionHandler
from billing.application.refund_purchase import RefundPurchase, RefundPurchaseHandler
from billing.application.set_auto_top_up import SetAutoTopUpHandler
from billing.domain import errors
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.identifiers import CheckoutId, PackId, PlanId, PurchaseId, SignInId
from billing.domain.pack import Pack
from billing.domain.processor_payment import ReconciledPayment
from billing.ports.unit_of_work import BillingReader

ERRORS: dict[type[Exception], grpc.StatusCode] = {
    errors.InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UnknownPack: grpc.StatusCode.NOT_FOUND,
    errors.CheckoutNotFound: grpc.StatusCode.NOT_FOUND,
    errors.SubscriptionNotFound: grpc.StatusCode.NOT_FOUND,
    errors.ReferralsOff: grpc.StatusCode.NOT_FOUND,
    errors.UnknownReferralCode: grpc.StatusCode.NOT_FOUND,
    errors.ReferralRefused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ReferralClaimedBefore: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ReferralTooLate: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PurchaseNotFound: grpc.StatusCode.NOT_FOUND,
    errors.NothingLeftToRefund: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NotAnAdmin: grpc.StatusCode.PERMISSION_DENIED,
    errors.PlanNotOnSale: grpc.StatusCode.NOT_FOUND,
    errors.PriceChanged: grpc.StatusCode.FAILED_PRECONDITION,
    errors.SubscribedAlready: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PlanIsFree: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PaymentDeclined: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NoPaymentMethod: grpc.StatusCode.FAILED_PRECONDITION,
    errors.UnknownPromotion: grpc.StatusCode.NOT_FOUND,
    errors.PromotionEnded: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PromotionRedeemedBefore: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyKeyReused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.InvalidSignature: grpc.StatusCode.INVALID_ARGUMENT,
    errors.AccountGone: grpc.StatusCode.PERMISSION_DENIED,
    errors.AccountLeaving: grpc.StatusCode.FAILED_PRECONDITION,
    errors.InvalidWebhook: grpc.StatusCode.INVALID_ARGUMENT,
    errors.PurchaseNotKnownYet: grpc.StatusCode.ABORTED,
    errors.PaymentProcessorUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.PaymentProcessorMisconfigured: grpc.StatusCode.UNAVAILABLE,
    errors.PaymentProcessorRefused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.UnknownToProcessor: grpc.StatusCode.FAILED_PRECONDITION,
    errors.CustomerUnknownToProcessor: grpc.StatusCode.FAILED_PRECONDITION,
}

PLACE_LENGTH_MAX = 64
_SERVICE = "/tintype.billing.v1.BillingService/"
ALLOWED = {
    _SERVICE + method: frozenset([caller])
    for method, caller in {
        "ListPacks": "gateway",
        "ListPlans": "gateway",
        "GetSubscription": "gateway",
        "ChangeSubscription": "gateway",
        "CancelSubscription": "gateway",
        "ResumeSubscription": "gateway",
        "OpenBillingPortal": "gateway",
        "ListInvoices": "gateway",
        "RedeemPromotion": "gateway",
        "GetAutoTopUp": "gateway",
        "SetAutoTopUp": "gateway",
        "CreateCheckout": "gateway",
        "GetCheckout": "gateway",
        "ListPurchases": "gateway",
        "GetReferral": "gateway",
        "ClaimReferral": "gateway",
        "RefundPurchase": "gateway",
        "ReceiveWebhook": "gateway",
        "ListSettledPayments": "auditor",
        "ListProcessorPayments": "auditor",
        "ListAllocations": "auditor",
    }.items()
}

_STATUSES = {
    CheckoutStatus.OPEN: pb.CHECKOUT_STATUS_OPEN,
    CheckoutStatus.COMPLETE: pb.CHECKOUT_STATUS_COMPLETE,
    CheckoutStatus.EXPIRED: pb.CHECKOUT_STATUS_EXPIRED,
}
_PAYMENT_STATUSES = {
    status: pb.PaymentStatus.Value(f"PAYMENT_STATUS_{status.name}") for status in PaymentStatus
}


@dataclass(frozen=True, kw_only=True)
class BillingServicer(PlanServicer, rpc.BillingServiceServicer):
    """Answers BillingService by the use cases."""

    create: CreateCheckoutHandler
    follow: FollowCheckoutHandler
    packs: ListPacksHandler
    plans: ListPlansHandler
    purchases: ListPurchasesHandler
    redeem: RedeemPromotionHandler
    read_referral: ReadReferralHandler
    claim_referral: ClaimReferralHandler
    refund: RefundPurchaseHandler
    read_auto_top_up: ReadAutoTopUpHandler
    set_auto_top_up: SetAutoTopUpHandler
    receive: ReceiveWebhookHandler
    reader: BillingReader
    processor_payments: ListProcessorPaymentsHandler

    async def ListPacks(self, request: pb.ListPacksRequest, context: Any) -> pb.ListPacksResponse:
        return pb.ListPacksResponse(packs=[_pack(pack) for pack in await self.packs()])

    async def ListPlans(self, request: pb.ListPlansRequest, context: Any) -> pb.ListPlansResponse:
        return pb.ListPlansResponse(plans=[plans.plan(plan) for plan in await self.plans()])

    async def RedeemPromotion(
        self, request: pb.RedeemPromotionRequest, context: Any
    ) -> pb.RedeemPromotionResponse:
        redeemed = await self.redeem(
            RedeemPromotion(
                user_id=account(request.user_id), code=request.code, idempotency_key=request.idempotency_key
            )
        )
        return pb.RedeemPromotionResponse(
            redemption=plans.redemption(redeemed.redemption), replayed=redeemed.replayed
        )

    async def GetAutoTopUp(self, request: pb.GetAutoTopUpRequest, context: Any) -> pb.GetAutoTopUpResponse:
        view = await self.read_auto_top_up(account(request.user_id))
        return pb.GetAutoTopUpResponse(auto_top_up=top_ups.auto_top_up(view))

    async def SetAutoTopUp(self, request: pb.SetAutoTopUpRequest, context: Any) -> pb.SetAutoTopUpResponse:
        user_id = account(request.user_id)
        await self.set_auto_top_up(top_ups.wanted(user_id, request))
        return pb.SetAutoTopUpResponse(auto_top_up=top_ups.auto_top_up(await self.read_auto_top_up(user_id)))

    async def CreateCheckout(
        self, request: pb.CreateCheckoutRequest, context: Any
    ) -> pb.CreateCheckoutResponse:
        opened = await self.create(
            CreateCheckout(
                user_id=account(request.user_id),
                email=request.email,
                pack_id=PackId(request.pack_id) if request.pack_id else None,
                plan_id=PlanId(request.plan_id) if request.plan_id else None,
                interval=plans.interval(request.interval),
                expected_price=plans.expected_price(request),
                idempotency_key=request.idempotency_key or None,
                success_url=request.success_url,
                cancel_url=request.cancel_url,
            )
        )
        return pb.CreateCheckoutResponse(checkout=_checkout(opened.checkout), replayed=opened.replayed)

    async def GetCheckout(self, request: pb.GetCheckoutRequest, context: Any) -> pb.GetCheckoutResponse:
        found = await self.follow(account(request.user_id), CheckoutId(request.checkout_id))
        return pb.GetCheckoutResponse(checkout=_checkout(found))

    async def ListPurchases(self, request: pb.ListPurchasesRequest, context: Any) -> pb.ListPurchasesResponse:
        page = await self.purchases(
            ListPurchases(
                user_id=account(request.user_id),
                before=PurchaseId(request.page_token) if request.page_token else None,
                limit=request.page_size,
            )
        )
        return pb.ListPurchasesResponse(
            purchases=[payments.purchase(standing) for standing in page.purchases],
            next_page_token=page.next_before or "",
        )

    async def GetReferral(self, request: pb.GetReferralRequest, context: Any) -> pb.GetReferralResponse:
        standing = await self.read_referral(account(request.user_id))
        return pb.GetReferralResponse(referral=plans.referral(standing))

    async def ClaimReferral(self, request: pb.ClaimReferralRequest, context: Any) -> pb.ClaimReferralResponse:
        claimed = await self.claim_referral(account(request.user_id), request.code)
        return pb.ClaimReferralResponse(code=claimed.code, claimed_at=to_timestamp(claimed.claimed_at))

    async def RefundPurchase(
        self, request: pb.RefundPurchaseRequest, context: Any
    ) -> pb.RefundPurchaseResponse:
        refunded = await self.refund(
            RefundPurchase(
                purchase_id=PurchaseId(request.purchase_id),
                amount_minor=request.amount_minor or None,
                reason=request.reason,
                actor=_administrator(request.principal),
                idempotency_key=request.idempotency_key or None,
                sign_in_id=_sign_in(request.principal),
                client_address=request.principal.client_address[:PLACE_LENGTH_MAX] or None,
            )
        )
        return pb.RefundPurchaseResponse(
            purchase=payments.purchase(refunded.standing), replayed=refunded.replayed
        )

    async def ReceiveWebhook(
        self, request: pb.ReceiveWebhookRequest, context: Any
    ) -> pb.ReceiveWebhookResponse:
        received = await self.receive(_headers(request), request.body)
        return pb.ReceiveWebhookResponse(event_id=received.event_id, duplicate=received.duplicate)

    async def ListSettledPayments(
        self, request: pb.ListSettledPaymentsRequest, context: Any
    ) -> AsyncIterator[pb.ListSettledPaymentsResponse]:
        async for standing in self.reader.settled_payments():
            yield payments.settled(standing)

    async def ListProcessorPayments(
        self, request: pb.ListProcessorPaymentsRequest, context: Any
    ) -> AsyncIterator[pb.ListProcessorPaymentsResponse]:
        async for found in self.processor_payments():
            if isinstance(found, ReconciledPayment):
                yield payments.at_processor(found)
            elif request.with_unpaid_invoices:
                yield pb.ListProcessorPaymentsResponse(unpaid_invoice_id=found.invoice_id)

    async def ListAllocations(
        self, request: pb.ListAllocationsRequest, context: Any
    ) -> AsyncIterator[pb.ListAllocationsResponse]:
        async for allocation in self.reader.allocations():
            yield plans.told(allocation)
        async for known in self.reader.free_plans():
            yield plans.free_plan(known)


def _headers(request: pb.ReceiveWebhookRequest) -> dict[str, str]:
    # A gateway of an older release sends the signature alone, and knows of no processor but Stripe.
    return dict(request.headers) or {"stripe-signature": request.signature}


def _administrator(principal: pb.Principal) -> str:
    """Return who acts. Raises NotAnAdmin for anybody else."""
    if principal.role != pb.PRINCIPAL_ROLE_ADMIN:
        raise errors.NotAnAdmin("only an administrator may do that")
    return account(principal.actor_id)


def _sign_in(principal: pb.Principal) -> SignInId | None:
    return SignInId(principal.session_id[:PLACE_LENGTH_MAX]) if principal.session_id else None


def _pack(pack: Pack) -> pb.Pack:
    return pb.Pack(
        pack_id=pack.pack_id,
        title=pack.title,
        description=pack.description,
        credits=pack.credits,
        price_minor=pack.price_minor,
        currency=pack.currency,
        badge=pack.badge or "",
    )


def _checkout(checkout: Checkout) -> pb.Checkout:
    return pb.Checkout(
        checkout_id=checkout.checkout_id,
        user_id=checkout.user_id,
        pack_id=checkout.pack_id or "",
        url=checkout.url or "",
        status=_STATUSES[checkout.status],
        created_at=to_timestamp(checkout.created_at),
        expires_at=to_timestamp(checkout.expires_at),
        purchase_id=checkout.purchase_id or "",
        payment_status=_PAYMENT_STATUSES[checkout.payment_status],
        plan_id=checkout.plan_id or "",
        interval=plans.interval_number(checkout.interval),
        subscription_id=checkout.subscription_id or "",
    )
