"""Facts as webhooks tell them: each as it is described, once, and to nobody whom it does not concern."""

import json
from typing import Any

import pytest
from chassis.events import Refused
from gateway.adapters.inbound.webhook_facts import SUBJECTS, WebhookFacts
from gateway.adapters.inbound.webhook_messages import message_of
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.application.forget_webhooks import ForgetWebhooksHandler
from gateway.application.record_webhook import RecordWebhookHandler
from gateway.domain.identifiers import UserId, WebhookEndpointId
from gateway.domain.webhook import WebhookEndpoint, WebhookEvent
from gateway_world import ToldClock, description
from google.protobuf.message import Message
from tintype.billing.v1.events_pb2 import PaymentCompleted, PaymentRefunded
from tintype.generation.v1.events_pb2 import (
    GenerationCancelled,
    GenerationFailed,
    GenerationProgressed,
    GenerationSucceeded,
)
from tintype.identity.v1.events_pb2 import UserDeleted
from tintype.ledger.v1.events_pb2 import BalanceLow, CreditsCharged
from tintype.ledger.v1.ledger_pb2 import Balance
from told_facts import ADA, AT, heard

EVE = UserId("usr_" + "e" * 32)
GENERATION = "gen_" + "c" * 32
BALANCE = Balance(available=70, sequence=12)
FACTS: dict[WebhookEvent, tuple[Message, dict[str, Any]]] = {
    WebhookEvent.GENERATION_SUCCEEDED: (
        GenerationSucceeded(generation_id=GENERATION, charge_credits=15, output_count=3),
        {"id": GENERATION, "status": "succeeded", "credits_charged": 15, "output_count": 3},
    ),
    WebhookEvent.GENERATION_FAILED: (
        GenerationFailed(generation_id=GENERATION, reason="CONTENT_REFUSED", detail="what was asked"),
        {"id": GENERATION, "status": "failed", "credits_charged": 0, "failure_reason": "CONTENT_REFUSED"},
    ),
    WebhookEvent.GENERATION_CANCELLED: (
        GenerationCancelled(generation_id=GENERATION),
        {"id": GENERATION, "status": "cancelled", "failure_reason": None},
    ),
    WebhookEvent.CREDITS_LOW: (BalanceLow(threshold=100, balance=BALANCE), {"threshold": 100}),
    WebhookEvent.CREDITS_CHARGED: (
        CreditsCharged(generation_id=GENERATION, charged=15, refunded=5, balance=BALANCE),
        {"generation_id": GENERATION, "charged": 15, "returned": 5},
    ),
    WebhookEvent.PAYMENT_COMPLETED: (
        PaymentCompleted(
            payment_id="pi_1",
            purchase_id="pay_1",
            pack_id="starter",
            credits=1000,
            amount_minor=1000,
            currency="usd",
        ),
        {"payment_id": "pi_1", "pack": "starter", "credits": 1000, "amount_minor": 1000},
    ),
    WebhookEvent.PAYMENT_REFUNDED: (
        PaymentRefunded(
            payment_id="pi_1",
            purchase_id="pay_1",
            refunded_credits=500,
            refunded_minor=500,
            currency="usd",
        ),
        {"payment_id": "pi_1", "refunded_credits": 500, "refunded_minor": 500},
    ),
}


def facts(kept: MemoryWebhooks) -> WebhookFacts:
    """What hears them."""
    return WebhookFacts(RecordWebhookHandler(kept, ToldClock()), ForgetWebhooksHandler(kept))


async def opened(kept: MemoryWebhooks, account: UserId = ADA) -> None:
    """An endpoint for everything."""
    endpoint = WebhookEndpoint(
        endpoint_id=WebhookEndpointId(f"whe_{len(kept.kept):032x}"),
        account_id=account,
        url="https://receiver.example/",
        event_types=frozenset(WebhookEvent),
        description="",
        created_at=AT,
    )
    await kept.add(endpoint, "whsec_AAAA")


@pytest.mark.parametrize("kind", WebhookEvent)
async def test_a_fact_is_told_as_it_is_described(kind: WebhookEvent) -> None:
    """Once, to its account alone, and nothing of it that is nobody's business."""
    kept = MemoryWebhooks()
    await opened(kept)
    await opened(kept, EVE)
    message, data = FACTS[kind]
    for _ in range(2):
        await facts(kept).handle(heard(message))
    (delivery,) = kept.log.values()
    assert (delivery.account_id, delivery.event_type) == (ADA, kind)
    told = json.loads(delivery.payload)
    schemas = {
        described["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for name, described in description().document["webhooks"].items()
        if name == kind
    }
    (ref,) = schemas
    description().validate(told, {"$ref": ref})
    assert (told["type"], told["timestamp"], told["api_version"]) == (kind, "2030-01-02T03:04:05Z", "v1")
    assert told["data"].items() >= data.items()
    # What a person asked for is theirs to look up.
    assert "what was asked" not in delivery.payload


async def test_every_kind_is_heard_of() -> None:
    """No endpoint can ask for what nobody listens to."""
    named = [subject for subjects in SUBJECTS.values() for subject in subjects]
    for message, _ in FACTS.values():
        subject = heard(message).subject
        assert f"{subject.rpartition('.')[0]}.*" in named
    assert set(FACTS) == set(WebhookEvent)


async def test_a_fact_has_one_id_whoever_heard_it() -> None:
    """Two facts have two."""
    message, _ = FACTS[WebhookEvent.CREDITS_CHARGED]
    first, again = message_of(heard(message)), message_of(heard(message, deliveries=3))
    other = message_of(heard(message, event_id="evt_2"))
    assert first is not None
    assert other is not None
    assert again == first
    assert first.message_id != other.message_id


async def test_what_is_not_told_is_left_alone() -> None:
    """A step on the way, and what another series of refunds replaces."""
    kept = MemoryWebhooks()
    await opened(kept)
    for message in (GenerationProgressed(generation_id=GENERATION), PaymentRefunded(reversed=True)):
        await facts(kept).handle(heard(message))
    assert kept.log == {}


async def test_what_is_no_fact_is_refused() -> None:
    """Of another account than its subject says, of another kind, or unreadable: for good."""
    kept = MemoryWebhooks()
    await opened(kept)
    message, _ = FACTS[WebhookEvent.GENERATION_SUCCEEDED]
    good = heard(message)
    for bad in (
        {"subject": good.subject.replace(ADA, EVE)},
        {"payload": b"\xff"},
        {"headers": {"ce-type": "tintype.generation.v1.GenerationFailed"}},
    ):
        with pytest.raises(Refused):
            await facts(kept).handle(heard(message, **bad))
    strange = heard(CreditsCharged(balance=Balance(by_category={99: 1})))
    await facts(kept).handle(strange)
    assert len(kept.log) == 1


async def test_a_deleted_account_is_forgotten_and_stays_so() -> None:
    """What is heard of it later tells nobody; another's account stays."""
    kept = MemoryWebhooks()
    await opened(kept)
    await opened(kept, EVE)
    message, _ = FACTS[WebhookEvent.GENERATION_SUCCEEDED]
    await facts(kept).handle(heard(message))
    gone = UserDeleted(user_id=ADA)
    for number in range(2):
        await facts(kept).handle(heard(gone, event_id=f"evt_gone_{number}"))
    await facts(kept).handle(heard(message, event_id="evt_late"))
    assert kept.log == {}
    assert {endpoint.account_id for endpoint in kept.kept.values()} == {EVE}
    assert kept.secrets.keys() == kept.kept.keys()
