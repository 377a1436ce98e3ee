"""BillingService's tables, and webhooks as gateways of two releases hand them over."""

import inspect
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import stripe
from billing.adapters.inbound.grpc import ALLOWED, ERRORS, BillingServicer
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.current_offers import CurrentOffers
from billing.application.list_plans import ListPlansHandler
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.read_subscription import ReadSubscriptionHandler
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain import errors
from billing.domain.catalogue import Catalogue
from billing.domain.errors import InvalidField, InvalidSignature, NotAnAdmin, SubscriptionNotFound
from billing.domain.identifiers import UserId
from billing_support import BillingUnderTest, begun
from tintype.billing.v1 import billing_pb2 as pb


def test_every_domain_error_has_a_status() -> None:
    """A refusal is never answered as our bug."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    unmapped = [one for one in classes if one.__module__ == errors.__name__ and one not in ERRORS]
    assert unmapped == [errors.BillingError]


def test_every_method_names_its_callers() -> None:
    """A method that is not listed is closed; none is forgotten."""
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["BillingService"].methods}
    assert {name.rpartition("/")[2] for name in ALLOWED} == methods


BODY = b'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}'
SECRET = "whsec_1"


def signature() -> str:
    """What Stripe says of the body now."""
    timestamp = int(time.time())
    made = stripe.WebhookSignature._compute_signature(f"{timestamp}.{BODY.decode()}", SECRET)
    return f"t={timestamp},v1={made}"


def servicer(billing: BillingUnderTest) -> BillingServicer:
    """The service, with Stripe's verifier before it."""
    return BillingServicer(
        create=billing.create,
        follow=billing.follow,
        packs=billing.packs,
        plans=billing.list_plans,
        read_subscription=billing.read_subscription,
        change_subscription=billing.change_plan,
        cancel_subscription=billing.cancel_plan,
        resume_subscription=billing.resume_plan,
        open_portal=billing.open_portal,
        invoices=billing.list_invoices,
        purchases=billing.list_purchases,
        redeem=billing.redeem,
        read_referral=billing.read_referral,
        claim_referral=billing.claim_referral,
        refund=billing.refund_purchase,
        read_auto_top_up=billing.read_auto_top_up,
        set_auto_top_up=billing.set_auto_top_up,
        receive=ReceiveWebhookHandler(billing.units, StripeWebhookVerifier(SECRET), billing.clock),
        reader=billing.reader,
        processor_payments=ListProcessorPaymentsHandler(billing.processor),
    )


async def test_the_signature_is_found_among_the_headers(memory_billing: BillingUnderTest) -> None:
    """As it is by a gateway of an older release, which sends it alone."""
    headers = {"stripe-signature": signature(), "content-type": "application/json"}
    service = servicer(memory_billing)
    first = await service.ReceiveWebhook(pb.ReceiveWebhookRequest(body=BODY, headers=headers), None)
    again = await service.ReceiveWebhook(pb.ReceiveWebhookRequest(body=BODY, signature=signature()), None)
    assert (first.event_id, first.duplicate, again.duplicate) == ("evt_1", False, True)


async def test_headers_without_a_signature_are_refused(memory_billing: BillingUnderTest) -> None:
    """Whatever stands beside them: a gateway that knows headers has sent all that there were."""
    request = pb.ReceiveWebhookRequest(body=BODY, headers={"host": "x"}, signature=signature())
    with pytest.raises(InvalidSignature):
        await servicer(memory_billing).ReceiveWebhook(request, None)
    assert await memory_billing.webhooks.webhook_counts() == {}


async def test_a_plan_and_its_month(memory_billing: BillingUnderTest) -> None:
    """As it is on offer, with the month that it is in; off the catalogue it is named and no more."""
    began = datetime(2026, 1, 31, tzinfo=UTC)
    memory_billing.clock.time = began
    free = memory_billing.catalogue.plans[0]
    start = StartFreePlanHandler(memory_billing.units, memory_billing.clock, memory_billing.ids, free)
    await start(UserId("usr_1"), since=began)
    await memory_billing.facts.expect(*begun("usr_1", began, 500))
    service = servicer(memory_billing)
    opening = Catalogue((), (replace(free, entitlements=("premium", "early_access")),))
    answer = await replace(
        service, plans=ListPlansHandler(CurrentOffers(memory_billing.reader, opening))
    ).ListPlans(pb.ListPlansRequest(), None)
    assert list(answer.plans[0].entitlements) == ["premium", "early_access"]
    offered, *paid = (await service.ListPlans(pb.ListPlansRequest(), None)).plans
    assert [list(plan.entitlements) for plan in paid] == [["premium"], ["premium", "business"]]
    assert (offered.plan_id, offered.title, offered.credits) == ("free", "Free", 500)
    request = pb.GetSubscriptionRequest(user_id="usr_1")
    told = (await service.GetSubscription(request, None)).subscription
    assert told.plan == offered
    assert (told.user_id, told.plan_id, told.subscription_id) == ("usr_1", "free", "plan_00000001")
    assert told.began_at.ToDatetime(UTC) == told.period_start.ToDatetime(UTC) == began
    assert told.period_end.ToDatetime(UTC) == datetime(2026, 2, 28, tzinfo=UTC)
    assert list(told.entitlements) == []
    opened = ReadSubscriptionHandler(memory_billing.reader, opening, memory_billing.clock)
    told = (await replace(service, read_subscription=opened).GetSubscription(request, None)).subscription
    assert list(told.entitlements) == ["premium", "early_access"]
    empty = ReadSubscriptionHandler(memory_billing.reader, Catalogue(()), memory_billing.clock)
    told = (await replace(service, read_subscription=empty).GetSubscription(request, None)).subscription
    assert (told.plan_id, told.HasField("plan")) == ("free", False)
    with pytest.raises(SubscriptionNotFound):
        await service.GetSubscription(pb.GetSubscriptionRequest(user_id="usr_2"), None)


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (None, NotAnAdmin),
        (pb.Principal(actor_id="usr_eve"), NotAnAdmin),
        (pb.Principal(actor_id="usr_eve", role=pb.PRINCIPAL_ROLE_USER), NotAnAdmin),
        (pb.Principal(actor_id="usr_eve", role=pb.PRINCIPAL_ROLE_SUPPORT), NotAnAdmin),
        (pb.Principal(role=pb.PRINCIPAL_ROLE_ADMIN), InvalidField),
        (pb.Principal(actor_id="usr.*", role=pb.PRINCIPAL_ROLE_ADMIN), InvalidField),
    ],
)
async def test_only_an_administrator_refunds(
    memory_billing: BillingUnderTest, principal: pb.Principal | None, refusal: type[Exception]
) -> None:
    """Whatever the gateway let pass is checked again: nothing went back, and no order is kept."""
    purchase = await memory_billing.bought()
    request = pb.RefundPurchaseRequest(principal=principal, purchase_id=purchase.purchase_id, reason="x")
    with pytest.raises(refusal):
        await servicer(memory_billing).RefundPurchase(request, None)
    assert memory_billing.processor.payments[purchase.payment_id].refunds == ()
    async with memory_billing.units.of_system() as work:
        assert list(await work.refund_orders(purchase.purchase_id)) == []
