"""The part of BillingService about the plans that people have: parse, call the use case, render."""

from dataclasses import dataclass
from typing import Any

from chassis.events import is_subject_token
from tintype.billing.v1 import billing_pb2 as pb

from billing.adapters.inbound import plan_messages as plans
from billing.application.cancel_subscription import CancelSubscriptionHandler
from billing.application.change_subscription import ChangeSubscription, ChangeSubscriptionHandler
from billing.application.list_invoices import ListInvoices, ListInvoicesHandler
from billing.application.open_portal import OpenPortal, OpenPortalHandler
from billing.application.read_subscription import ReadSubscriptionHandler
from billing.application.resume_subscription import ResumeSubscriptionHandler
from billing.domain import errors
from billing.domain.identifiers import PlanId, RequestId, UserId


@dataclass(frozen=True, kw_only=True)
class PlanServicer:
    """Answers by the use cases."""

    read_subscription: ReadSubscriptionHandler
    change_subscription: ChangeSubscriptionHandler
    cancel_subscription: CancelSubscriptionHandler
    resume_subscription: ResumeSubscriptionHandler
    open_portal: OpenPortalHandler
    invoices: ListInvoicesHandler

    async def GetSubscription(
        self, request: pb.GetSubscriptionRequest, context: Any
    ) -> pb.GetSubscriptionResponse:
        standing = await self.read_subscription(account(request.user_id))
        return pb.GetSubscriptionResponse(subscription=plans.subscription(standing))

    async def ChangeSubscription(
        self, request: pb.ChangeSubscriptionRequest, context: Any
    ) -> pb.ChangeSubscriptionResponse:
        standing = await self.change_subscription(
            ChangeSubscription(
                user_id=account(request.user_id),
                plan_id=PlanId(request.plan_id),
                interval=plans.interval(request.interval),
                expected_price=plans.expected_price(request),
                request_id=RequestId(request.idempotency_key),
            )
        )
        return pb.ChangeSubscriptionResponse(subscription=plans.subscription(standing))

    async def CancelSubscription(
        self, request: pb.CancelSubscriptionRequest, context: Any
    ) -> pb.CancelSubscriptionResponse:
        standing = await self.cancel_subscription(
            account(request.user_id), request_id=RequestId(request.idempotency_key)
        )
        return pb.CancelSubscriptionResponse(subscription=plans.subscription(standing))

    async def ResumeSubscription(
        self, request: pb.ResumeSubscriptionRequest, context: Any
    ) -> pb.ResumeSubscriptionResponse:
        standing = await self.resume_subscription(
            account(request.user_id), request_id=RequestId(request.idempotency_key)
        )
        return pb.ResumeSubscriptionResponse(subscription=plans.subscription(standing))

    async def OpenBillingPortal(
        self, request: pb.OpenBillingPortalRequest, context: Any
    ) -> pb.OpenBillingPortalResponse:
        url = await self.open_portal(
            OpenPortal(
                user_id=account(request.user_id),
                email=request.email,
                return_url=request.return_url,
                request_id=RequestId(request.idempotency_key),
            )
        )
        return pb.OpenBillingPortalResponse(url=url)

    async def ListInvoices(self, request: pb.ListInvoicesRequest, context: Any) -> pb.ListInvoicesResponse:
        page = await self.invoices(
            ListInvoices(
                user_id=account(request.user_id),
                after=request.page_token or None,
                limit=request.page_size,
            )
        )
        return pb.ListInvoicesResponse(
            invoices=[plans.invoice(invoice) for invoice in page.items],
            next_page_token=page.next_after or "",
        )


def account(user_id: str) -> UserId:
    """Return an id under which facts can be published. Raises InvalidField."""
    if not is_subject_token(user_id):
        raise errors.InvalidField("user_id", "must be 1 to 64 letters, digits, _ or -")
    return UserId(user_id)
