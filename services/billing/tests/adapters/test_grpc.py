"""BillingService's tables, and webhooks as gateways of two releases hand them over."""

import inspect
import time

import pytest
import stripe
from billing.adapters.inbound.grpc import ALLOWED, ERRORS, BillingServicer
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.domain import errors
from billing.domain.errors import InvalidSignature
from billing_support import BillingUnderTest
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
        purchases=billing.list_purchases,
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
