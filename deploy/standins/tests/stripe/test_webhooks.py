"""Delivery: retries, redelivery, pause, shuffle, and nothing lost over a crash."""

from __future__ import annotations

import httpx
import pytest
import stripe
from standins.serving import running
from standins.stripe.app import create_app

from .conftest import SECRET, WAIT_S, StandIn


def test_refused_delivery_is_retried(standin: StandIn) -> None:
    """A refused webhook comes again with the same body and a fresh valid signature."""
    standin.inbox.refusals = [500, 404]
    customer = standin.sdk.v1.customers.create({"name": "Ada"})
    standin.inbox.wait_for(lambda: len(standin.inbox.raw) == 3)
    assert {event.data.object["id"] for event in standin.inbox.events} == {customer.id}
    assert len({body for body, _ in standin.inbox.raw}) == 1


def test_delivery_gives_up_after_the_last_delay(standin: StandIn) -> None:
    """After the configured attempts the delivery failed; retry makes it due again."""
    standin.inbox.refusals = [503] * 4
    standin.sdk.v1.customers.create({"name": "Ada"})
    (delivery,) = standin.deliveries(state="failed", count=1)
    assert [outcome["status"] for outcome in delivery["outcomes"]] == [503] * 4
    assert standin.control("POST", "deliveries/retry") == {"hastened": 1}
    (delivery,) = standin.deliveries(state="delivered", count=1)
    assert [outcome["status"] for outcome in delivery["outcomes"]] == [503] * 4 + [200]


def test_forged_body_does_not_verify(standin: StandIn) -> None:
    """One changed byte, or another secret, fails the SDK's check."""
    standin.sdk.v1.customers.create({"name": "Ada"})
    standin.inbox.wait_for_type("customer.created")
    body, header = standin.inbox.raw[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body.replace(b"Ada", b"Eve"), header, SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, header, "whsec_other")


def test_redelivery_many_times(standin: StandIn) -> None:
    """An event is delivered again as often as asked, always the same event."""
    standin.sdk.v1.customers.create({"name": "Ada"})
    (event,) = standin.inbox.wait_for_type("customer.created")
    standin.control("POST", f"events/{event.id}/deliver", times=3)
    again = standin.inbox.wait_for_type("customer.created", count=4)
    assert {item.id for item in again} == {event.id}


def test_paused_deliveries_wait(standin: StandIn) -> None:
    """While paused nothing goes out and the event counts a pending webhook; resuming sends it."""
    standin.control("POST", "deliveries/mode", paused=True)
    standin.sdk.v1.customers.create({"name": "Ada"})
    (event,) = standin.sdk.v1.events.list().data
    assert (event.pending_webhooks, standin.inbox.raw) == (1, [])
    (delivery,) = standin.control("GET", "deliveries?state=pending")["data"]
    assert (delivery["event"], delivery["attempts"]) == (event.id, 0)
    standin.control("POST", "deliveries/mode", paused=False)
    standin.inbox.wait_for_type("customer.created")


def test_copies_and_shuffle(standin: StandIn) -> None:
    """In this mode every event arrives three times, at random moments of the window."""
    standin.control("POST", "deliveries/mode", copies=3, shuffle_window_s=0.2)
    made = [standin.sdk.v1.customers.create({"name": str(number)}).id for number in range(4)]
    events = standin.inbox.wait_for_type("customer.created", count=12)
    received = [event.data.object["id"] for event in events]
    assert sorted(received) == sorted(made * 3)
    due = [item["due_at"] for item in standin.control("GET", "deliveries")["data"]]
    assert len(set(due)) == 12


def test_restart_keeps_objects_keys_and_deliveries(standin: StandIn) -> None:
    """Another process over the same folder has the objects, replays the key and sends what was pending."""
    standin.control("POST", "deliveries/mode", paused=True)
    first = standin.sdk.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    with running(create_app(standin.settings)) as url:
        later = StandIn(url, standin.settings, standin.inbox)
        again = later.sdk.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
        assert again.id == first.id
        later.control("POST", "deliveries/mode", paused=False)
        later.inbox.wait_for_type("customer.created")


def test_control_needs_the_key_and_known_fields(standin: StandIn) -> None:
    """A wrong order is refused and the mode stays as it was."""
    assert httpx.post(f"{standin.url}/_test/deliveries/mode", json={"paused": True}).status_code == 401
    refused = httpx.post(
        f"{standin.url}/_test/deliveries/mode",
        json={"pause": True},
        auth=(standin.settings.api_key.get_secret_value(), ""),
        timeout=WAIT_S,
    )
    assert refused.status_code == 400
    assert standin.control("GET", "deliveries/mode")["paused"] is False
