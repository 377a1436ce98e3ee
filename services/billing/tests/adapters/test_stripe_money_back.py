"""Refunds and disputes by the official SDK over HTTP, against a server that speaks Stripe's API."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe import lists as stripe_lists
from billing.adapters.outbound.stripe.answers import seen_dispute, seen_refund
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.domain.dispute import DisputeState
from billing.domain.errors import UnknownToProcessor
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import Subject, SubjectKind
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY, SECRET, WAIT_S = "sk_test_billing", "whsec_billing", 10.0


class Shop:
    """A server that speaks Stripe's API, the SDK, and one payment of $10.00 for checkout `chk_1`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sdk = stripe.StripeClient(KEY, base_addresses={"api": url}).v1
        self.processor = StripeProcessor(secret_key=KEY, api_url=url)

    def pay(self, action: str = "pay", **metadata: str) -> tuple[str, str]:
        """Pay on the hosted page; return session and payment."""
        price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Starter"}}
        session = self.sdk.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"price_data": price, "quantity": 1}],
                "success_url": "https://app.example/done",
                "payment_intent_data": {"metadata": metadata or {"checkout_id": "chk_1"}},
            }
        )
        self.press(session.id, action)
        return session.id, str(self.sdk.checkout.sessions.retrieve(session.id).payment_intent)

    def press(self, session_id: str, action: str) -> None:
        """Press a button on the hosted page."""
        answer = httpx.post(
            f"{self.url}/c/pay/{session_id}", data={"action": action, "email": "a@example.com"}
        )
        assert answer.status_code in (200, 303)

    def dispute(self, session_id: str, action: str = "dispute") -> str:
        """Have the cardholder dispute the payment; return the dispute."""
        self.press(session_id, action)
        return self.sdk.disputes.list().data[0].id

    def await_event(self, kind: str) -> stripe.Event:
        """Return the newest event of a kind, once there is one."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := self.sdk.events.list({"type": kind}).data:
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no {kind}")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A running shop."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield Shop(url)


async def test_every_refund_of_a_payment_is_seen(shop: Shop) -> None:
    """Over pages, with our own reference; another shop's payment has none."""
    _, payment = shop.pay()
    for _ in range(101):
        shop.sdk.refunds.create({"payment_intent": payment, "amount": 2})
    seen = await shop.processor.find_payment(payment)
    assert (seen.payment_id, seen.reference, len(seen.refunds)) == (payment, "chk_1", 101)
    assert {(one.amount_minor, one.status) for one in seen.refunds} == {(2, RefundStatus.SUCCEEDED)}
    _, others = shop.pay(order="7")
    assert (await shop.processor.find_payment(others)).reference is None


async def test_a_refund_is_seen_as_it_moves(shop: Shop) -> None:
    """Pending then succeeded, or succeeded then failed."""
    for action, first, event, then in [
        ("pay_refund_pending", RefundStatus.PENDING, "refund.updated", RefundStatus.SUCCEEDED),
        ("pay_refund_fails", RefundStatus.SUCCEEDED, "refund.failed", RefundStatus.FAILED),
    ]:
        _, payment = shop.pay(action)
        created = shop.sdk.refunds.create({"payment_intent": payment})
        assert created.status == first.value
        deadline = time.monotonic() + WAIT_S
        while (await shop.processor.find_payment(payment)).refunds[0].status is not then:
            assert time.monotonic() < deadline
        assert shop.await_event(event)


async def test_a_dispute_is_seen_as_it_moves(shop: Shop) -> None:
    """Opened with the payment that it is about, under review, won."""
    session, payment = shop.pay()
    dispute_id = shop.dispute(session)
    seen = await shop.processor.find_dispute(dispute_id)
    assert (seen.payment_id, seen.reference, seen.amount_minor) == (payment, "chk_1", 1000)
    assert (seen.state, seen.currency) == (DisputeState.OPENED, "usd")
    shop.sdk.disputes.update(dispute_id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert shop.await_event("charge.dispute.closed")
    assert (await shop.processor.find_dispute(dispute_id)).state is DisputeState.WON


async def test_a_lost_dispute_and_an_inquiry(shop: Shop) -> None:
    """Giving in loses the money; a bank that only asks took none."""
    lost = shop.dispute(shop.pay()[0])
    shop.sdk.disputes.close(lost)
    assert (await shop.processor.find_dispute(lost)).state is DisputeState.LOST
    inquiry = shop.dispute(shop.pay()[0], "inquiry")
    assert (await shop.processor.find_dispute(inquiry)).state is None
    shop.sdk.disputes.close(inquiry)
    assert (await shop.processor.find_dispute(inquiry)).state is None


async def test_refunds_and_disputes_are_listed_since_a_moment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, newest first, with the payment and our reference; another shop's has none."""
    monkeypatch.setattr(stripe_lists, "PAGE_MAX", 2)
    session, payment = shop.pay()
    refunds = [shop.sdk.refunds.create({"payment_intent": payment, "amount": 2}).id for _ in range(5)]
    _, others = shop.pay(order="7")
    refunds.append(shop.sdk.refunds.create({"payment_intent": others, "amount": 2}).id)
    since, after, seen = datetime.now(UTC) - timedelta(minutes=5), None, []
    for _ in range(3):
        page = await shop.processor.list_refunds(since=since, after=after)
        seen += page.items
        after = page.next_after
    assert after is None
    assert [one.refund.refund_id for one in seen] == refunds[::-1]
    assert [(one.payment_id, one.reference) for one in seen] == [(others, None), *[(payment, "chk_1")] * 5]
    dispute = shop.dispute(session)
    (only,) = (await shop.processor.list_disputes(since=since, after=None)).items
    assert (only.dispute_id, only.payment_id, only.reference) == (dispute, payment, "chk_1")
    assert only.moved_at is not None
    assert abs(only.moved_at - datetime.now(UTC)) < timedelta(minutes=1)
    later = datetime.now(UTC) + timedelta(minutes=1)
    for listed in (shop.processor.list_refunds, shop.processor.list_disputes):
        assert (await listed(since=later, after=None)).items == []
        with pytest.raises(UnknownToProcessor):
            await listed(since=since, after="re_that_is_gone")


def test_an_item_that_cant_be_read_stops_none_of_the_others() -> None:
    """It is told in the log and left out; the list goes on after it."""
    good = {
        "id": "re_1",
        "object": "refund",
        "amount": 5,
        "status": "odd",
        "created": 1,
        "payment_intent": None,
    }
    data = [good, {"id": "re_2", "object": "refund"}, {**good, "id": "re_3", "created": "x"}]
    page = stripe.ListObject.construct_from({"object": "list", "data": data, "has_more": True}, KEY)
    listed = stripe_lists.listing(page, seen_refund)
    assert [(one.refund.refund_id, one.refund.status) for one in listed.items] == [
        ("re_1", RefundStatus.PENDING)
    ]
    assert listed.next_after == "re_3"


@pytest.mark.parametrize(("moved", "state"), [([-1000], DisputeState.LOST), ([-9, 9], None), ([], None)])
def test_a_status_that_nobody_knows_counts_by_its_money(moved: list[int], state: DisputeState | None) -> None:
    """`prevented`, or one that Stripe adds: lost if money was withdrawn and not given back."""
    dispute = stripe.Dispute.construct_from(
        {
            "id": "du_1",
            "object": "dispute",
            "amount": 1000,
            "created": 1,
            "currency": "usd",
            "status": "prevented",
            "payment_intent": None,
            "balance_transactions": [
                {"object": "balance_transaction", "amount": one, "created": 2} for one in moved
            ],
        },
        KEY,
    )
    seen = seen_dispute(dispute)
    assert (seen.state, seen.payment_id, seen.reference) == (state, None, None)


def test_webhooks_say_what_they_are_about(shop: Shop) -> None:
    """Every event of refunds names the payment, every event of disputes the dispute, others neither."""
    session, payment = shop.pay()
    shop.sdk.refunds.create({"payment_intent": payment, "amount": 100})
    dispute_id = shop.dispute(session)
    shop.sdk.disputes.close(dispute_id)
    about = {}
    told = httpx.get(f"{shop.url}/v1/events?limit=100", auth=(KEY, "")).json()["data"]
    for event in told:
        verified = StripeWebhookVerifier(SECRET).verify(*signed(event))
        assert (verified.event_id, verified.kind) == (event["id"], event["type"])
        about[verified.kind] = verified.subject
    for kind in ("charge.refunded", "refund.created", "refund.updated"):
        assert about.pop(kind) == Subject(kind=SubjectKind.PAYMENT, object_id=payment)
    for kind in ("created", "funds_withdrawn", "closed"):
        assert about.pop(f"charge.dispute.{kind}") == Subject(kind=SubjectKind.DISPUTE, object_id=dispute_id)
    assert about.pop("checkout.session.completed") == Subject(kind=SubjectKind.PAGE, object_id=session)
    # What was priced for the page.
    assert about.pop("product.created") == about.pop("price.created")
    assert set(about.values()) == {None}


def signed(event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """An event as Stripe sends it."""
    body, timestamp = json.dumps(event), int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{timestamp}.{body}", SECRET)
    return {"stripe-signature": f"t={timestamp},v1={signature}"}, body.encode()
