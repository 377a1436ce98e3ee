"""Webhooks as a queue: what counts against one, what waits, what wakes it, and what is never overwritten."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from billing.application import process_webhook
from billing.application.drain_webhooks import DrainWebhooksHandler
from billing.application.forget_webhook_bodies import ForgetWebhookBodiesHandler
from billing.application.process_webhook import ATTEMPTS_MAX, LEASE, WORK_MAX_S, ProcessWebhookHandler, Worked
from billing.domain.errors import (
    PaymentProcessorMisconfigured,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind, WebhookState
from billing_support import SIGNED, BillingUnderTest
from tintype.billing.v1 import events_pb2 as pb

WAITING, DONE, IGNORED, PARKED = WebhookState
OUTAGES = [
    PaymentProcessorUnavailable("away"),
    PaymentProcessorMisconfigured("the key is revoked"),
    TimeoutError("slow"),
]
HOUR_S = 3_600


async def refunded(billing: BillingUnderTest) -> str:
    """Buy a pack, have it refunded, and have a webhook tell about it; return the payment."""
    payment = (await billing.bought()).payment_id
    billing.processor.refund(payment, "re_1", 1000, RefundStatus.SUCCEEDED)
    await billing.told_about("evt_1", payment_id=payment)
    return payment


async def park(billing: BillingUnderTest, object_id: str) -> None:
    """Fail about one object until its webhook is given up."""
    billing.processor.failures[object_id] = RuntimeError("it is poisoned")
    for _ in range(ATTEMPTS_MAX):
        await billing.process_all()
        billing.clock.advance(301)
    del billing.processor.failures[object_id]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: type(one).__name__)
async def test_an_outage_of_days_is_no_failure(any_billing: BillingUnderTest, outage: Exception) -> None:
    """Asked 200 times over hours, the webhook waits with nothing counted; then it is worked out."""
    await refunded(any_billing)
    any_billing.processor.failure = outage
    for _ in range(200):
        assert await any_billing.process() == Worked(state=WAITING, is_outage=True)
        any_billing.clock.advance(60)
    stored = await any_billing.stored("evt_1")
    assert (stored.state, stored.event.attempts, type(outage).__name__ in stored.error) == (WAITING, 0, True)
    assert await any_billing.money_back() == []
    any_billing.processor.failure = None
    assert await any_billing.process_all() == [DONE]
    assert [type(one) for one in await any_billing.money_back()] == [pb.PaymentRefunded]


async def test_storage_that_is_away_is_no_failure(any_billing: BillingUnderTest) -> None:
    """As the composition root names it."""
    payment = await refunded(any_billing)
    process = ProcessWebhookHandler(
        any_billing.units,
        any_billing.settle,
        any_billing.refund,
        any_billing.dispute,
        any_billing.settle_plan,
        any_billing.refresh_prices,
        any_billing.process.customer,
        any_billing.processor,
        any_billing.clock,
        any_billing.lease_ids,
        outages=(ConnectionError,),
    )
    any_billing.processor.failures[payment] = ConnectionError("the database restarts")
    assert await process() == Worked(state=WAITING, is_outage=True)
    assert (await any_billing.stored("evt_1")).event.attempts == 0


async def test_a_poisoned_webhook_is_parked_and_stops_nobody(any_billing: BillingUnderTest) -> None:
    """Whatever the failure, it is tried a bounded number of times and kept; its neighbour is done at once."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 300, RefundStatus.SUCCEEDED)
    any_billing.processor.failures["cs_poisoned"] = RuntimeError("a lone \ud800 and a \x00")
    await any_billing.told("cs_poisoned", event_id="evt_1")
    await any_billing.told_about("evt_2", payment_id=payment)
    assert sorted(await any_billing.process_all()) == [DONE, WAITING]
    await any_billing.facts.expect(("PaymentRefunded", payment, 300, 300))
    states: list[WebhookState] = []
    while PARKED not in states:
        any_billing.clock.advance(301)
        states += await any_billing.process_all()
    assert states == [WAITING] * (ATTEMPTS_MAX - 2) + [PARKED]
    stored = await any_billing.stored("evt_1")
    assert (stored.event.attempts, "lone" in stored.error) == (ATTEMPTS_MAX, True)
    any_billing.clock.advance(HOUR_S)
    assert await any_billing.process_all() == []


async def test_a_webhook_that_comes_again_wakes_a_parked_one(any_billing: BillingUnderTest) -> None:
    """It is told to be a duplicate, worked out anew with nothing counted, and is done then for good."""
    payment = await refunded(any_billing)
    await park(any_billing, payment)
    assert (await any_billing.stored("evt_1")).state is PARKED
    assert (await any_billing.told_about("evt_1", payment_id=payment)).duplicate
    stored = await any_billing.stored("evt_1")
    assert (stored.state, stored.event.attempts, stored.error) == (WAITING, 0, None)
    assert await any_billing.process_all() == [DONE]
    assert len(await any_billing.money_back()) == 1
    assert (await any_billing.told_about("evt_1", payment_id=payment)).duplicate
    assert (await any_billing.stored("evt_1")).state is DONE


async def test_a_webhook_that_comes_again_changes_nothing_of_one_that_waits(
    any_billing: BillingUnderTest,
) -> None:
    """Neither its failures nor when it is due."""
    payment = await refunded(any_billing)
    any_billing.processor.failures[payment] = RuntimeError("once")
    await any_billing.process_all()
    before = await any_billing.stored("evt_1")
    await any_billing.told_about("evt_1", payment_id=payment)
    assert await any_billing.stored("evt_1") == before


async def test_a_person_wakes_a_webhook(any_billing: BillingUnderTest) -> None:
    """Parked or done; what it does is idempotent. One that nobody knows is refused."""
    payment = await refunded(any_billing)
    await park(any_billing, payment)
    assert await any_billing.replay("evt_1")
    assert await any_billing.process_all() == [DONE]
    assert await any_billing.replay("evt_1")
    assert await any_billing.process_all() == [DONE]
    assert len(await any_billing.money_back()) == 1
    assert not await any_billing.replay("evt_2")


async def test_a_person_wakes_one_that_was_ignored(any_billing: BillingUnderTest) -> None:
    """Its cause is gone with it: what it is now is worked out anew."""
    payment = (await any_billing.bought()).payment_id
    await any_billing.told_about("evt_1", payment_id="pi_unknown")
    assert await any_billing.process_all() == [IGNORED]
    assert await any_billing.replay("evt_1")
    stored = await any_billing.stored("evt_1")
    assert (stored.state, stored.event.cause, stored.finished_at) == (WAITING, None, None)
    any_billing.processor.payments["pi_unknown"] = replace(
        any_billing.processor.payments[payment], payment_id="pi_unknown", reference=None
    )
    assert await any_billing.process_all() == [IGNORED]
    assert (await any_billing.stored("evt_1")).event.cause is IgnoredCause.NOT_OURS


async def test_who_is_late_changes_nothing(any_billing: BillingUnderTest) -> None:
    """A processor that comes back after its claim ran out can't turn DONE into WAITING."""
    await refunded(any_billing)
    real, arrived, go_on = any_billing.processor.find_payment, asyncio.Event(), asyncio.Event()

    async def slow(payment_id: str) -> object:
        arrived.set()
        await go_on.wait()
        raise PaymentProcessorUnavailable("at last")

    any_billing.processor.find_payment = slow  # type: ignore[method-assign,assignment]
    late = asyncio.create_task(any_billing.process())
    await arrived.wait()
    any_billing.processor.find_payment = real  # type: ignore[method-assign]
    assert await any_billing.process_all() == []
    any_billing.clock.advance(LEASE.total_seconds() + 1)
    assert await any_billing.process_all() == [DONE]
    go_on.set()
    await late
    assert (await any_billing.stored("evt_1")).state is DONE
    assert [one.event.event_id for one in await any_billing.webhooks.webhooks(state=WAITING, limit=9)] == []
    assert len(await any_billing.money_back()) == 1


async def test_a_process_that_is_told_to_end_lets_go(any_billing: BillingUnderTest) -> None:
    """Another takes the webhook at once, and nothing is counted."""
    await refunded(any_billing)
    real, arrived = any_billing.processor.find_payment, asyncio.Event()

    async def slow(payment_id: str) -> object:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError("it is cancelled before")

    any_billing.processor.find_payment = slow  # type: ignore[method-assign,assignment]
    working = asyncio.create_task(any_billing.process())
    await arrived.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    any_billing.processor.find_payment = real  # type: ignore[method-assign]
    assert (await any_billing.stored("evt_1")).event.attempts == 0
    assert await any_billing.process_all() == [DONE]
    await any_billing.facts.expect(("PaymentRefunded", "pi_1", 1000, 1000))


async def test_a_call_without_an_end_is_an_outage(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut, the webhook waits with nothing counted, and its neighbour is worked out."""
    monkeypatch.setattr(process_webhook, "WORK_MAX_S", 0.05)
    await refunded(any_billing)
    real = any_billing.processor.find_payment

    async def endless(payment_id: str) -> object:
        return await asyncio.Event().wait()

    any_billing.processor.find_payment = endless  # type: ignore[method-assign,assignment]
    assert await any_billing.process() == Worked(state=WAITING, is_outage=True)
    any_billing.processor.find_payment = real  # type: ignore[method-assign]
    assert (await any_billing.stored("evt_1")).event.attempts == 0
    await any_billing.told("cs_unknown", event_id="evt_2")
    assert await any_billing.process_all() == [IGNORED]


async def test_a_claim_is_longer_than_a_slow_call() -> None:
    """Work is cut before the claim ends, so that nobody else works on the webhook meanwhile."""
    assert timedelta(seconds=WORK_MAX_S) < LEASE


async def test_a_webhook_that_kills_its_processes_is_parked(any_billing: BillingUnderTest) -> None:
    """Claims that were never finished count: a crash loop ends, and the neighbours are worked out."""
    await refunded(any_billing)
    for number in range(ATTEMPTS_MAX + 1):
        async with any_billing.units.of_system() as work:
            now = any_billing.clock.now()
            assert await work.claim_webhook(now=now, until=now + LEASE, token=f"dead_{number}")
        any_billing.clock.advance(LEASE.total_seconds() + 1)
    assert await any_billing.process_all() == [PARKED]
    assert await any_billing.money_back() == []


async def test_what_the_processor_does_not_know_is_ignored_at_once(any_billing: BillingUnderTest) -> None:
    """Nobody's session, payment or dispute: one question each, and why is kept."""
    await any_billing.told("cs_unknown", event_id="evt_1")
    await any_billing.told_about("evt_2", payment_id="pi_unknown")
    await any_billing.told_about("evt_3", dispute_id="du_unknown")
    assert await any_billing.process_all() == [IGNORED] * 3
    for number in (1, 2, 3):
        assert (await any_billing.stored(f"evt_{number}")).event.cause is IgnoredCause.UNKNOWN_OBJECT
    assert await any_billing.webhooks.webhook_counts() == {(IGNORED, IgnoredCause.UNKNOWN_OBJECT): 3}


async def test_what_is_ours_and_unknown_there_waits(any_billing: BillingUnderTest) -> None:
    """Then the key is another account's: that is mended, and no money is forgotten."""
    payment = await refunded(any_billing)
    any_billing.processor.failures[payment] = UnknownToProcessor("no such payment")
    assert await any_billing.process() == Worked(state=WAITING, is_outage=True)
    assert (await any_billing.stored("evt_1")).event.attempts == 0
    any_billing.processor.failures.clear()
    any_billing.clock.advance(31)
    assert await any_billing.process_all() == [DONE]
    await any_billing.facts.expect(("PaymentRefunded", payment, 1000, 1000))


@pytest.mark.exhaustive
@pytest.mark.parametrize("cause", list(IgnoredCause))
async def test_what_needs_no_work_is_ignored_when_it_comes(
    any_billing: BillingUnderTest, cause: IgnoredCause
) -> None:
    """Stored as received with its cause; nobody is asked. Once it is told to be ours it is worked out."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 300, RefundStatus.SUCCEEDED)
    any_billing.processor.failure = AssertionError("nobody may be asked")
    body = json.dumps(
        {"event_id": "evt_1", "kind": "x", "about": ["payment", payment], "cause": cause}
    ).encode()
    assert not (await any_billing.receive(SIGNED, body)).duplicate
    assert await any_billing.process_all() == []
    stored = await any_billing.stored("evt_1")
    assert (stored.state, stored.event.cause, stored.event.body) == (IGNORED, cause, body)
    assert (await any_billing.receive(SIGNED, body)).duplicate
    assert await any_billing.process_all() == []
    any_billing.processor.failure = None
    await any_billing.told_about("evt_1", payment_id=payment)
    assert await any_billing.process_all() == [DONE]
    assert (await any_billing.stored("evt_1")).event.cause is None
    await any_billing.facts.expect(("PaymentRefunded", payment, 300, 300))


async def test_webhooks_are_listed_and_counted(any_billing: BillingUnderTest) -> None:
    """Newest first, by state, without their bodies; and how long the oldest waits."""
    assert await any_billing.webhooks.oldest_waiting_webhook() is None
    payment = await refunded(any_billing)
    received_at = any_billing.clock.now()
    any_billing.clock.advance(1)
    await any_billing.told("cs_unknown", event_id="evt_2")
    assert await any_billing.webhooks.oldest_waiting_webhook() == received_at
    any_billing.processor.failures[payment] = RuntimeError("once")
    await any_billing.process_all()
    listed = await any_billing.webhooks.webhooks(state=None, limit=9)
    assert [(one.event.event_id, one.state, one.event.body) for one in listed] == [
        ("evt_2", IGNORED, b""),
        ("evt_1", WAITING, b""),
    ]
    assert [one.event.event_id for one in await any_billing.webhooks.webhooks(state=WAITING, limit=9)] == [
        "evt_1"
    ]
    assert len(await any_billing.webhooks.webhooks(state=None, limit=1)) == 1
    assert await any_billing.webhooks.webhook_counts() == {
        (WAITING, None): 1,
        (IGNORED, IgnoredCause.UNKNOWN_OBJECT): 1,
    }


async def test_bodies_are_forgotten_once_they_are_old(any_billing: BillingUnderTest) -> None:
    """Those that were done or ignored; what waits or is parked keeps its own, what came of all stays."""
    payment = await refunded(any_billing)
    assert await any_billing.process_all() == [DONE]
    await any_billing.facts.expect(("PaymentRefunded", payment, 1000, 1000))
    await any_billing.told("cs_poisoned", event_id="evt_2")
    await park(any_billing, "cs_poisoned")
    await any_billing.told_about("evt_3", payment_id=payment)
    forget = ForgetWebhookBodiesHandler(any_billing.units, any_billing.clock, after_days=30)
    assert await forget() == 0
    any_billing.clock.advance(31 * 24 * HOUR_S)
    assert await forget() == 1
    assert await forget() == 0
    bodies = [bool((await any_billing.stored(f"evt_{number}")).event.body) for number in (1, 2, 3)]
    assert bodies == [False, True, True]
    assert (await any_billing.stored("evt_1")).event.subject == Subject(
        kind=SubjectKind.PAYMENT, object_id=payment
    )


async def test_many_claim_a_webhook_once(any_billing: BillingUnderTest) -> None:
    """Eight at a time."""
    await refunded(any_billing)
    worked = await asyncio.gather(*(any_billing.process() for _ in range(8)))
    assert [one for one in worked if one] == [Worked(state=DONE)]
    await any_billing.facts.expect(("PaymentRefunded", "pi_1", 1000, 1000))


async def test_a_waking_hint_may_be_told_not_to(any_billing: BillingUnderTest) -> None:
    """Then what is parked stays parked."""
    payment = await refunded(any_billing)
    await park(any_billing, payment)
    hint = replace((await any_billing.stored("evt_1")).event, attempts=0)
    async with any_billing.units.of_system() as work:
        await work.add_webhook(hint, wakes=False)
    assert (await any_billing.stored("evt_1")).state is PARKED


class Drained:
    """What a drain observed."""

    def __init__(self, billing: BillingUnderTest) -> None:
        self.seen: list[Worked] = []
        self.drain = DrainWebhooksHandler(billing.process, billing.clock, observe=self.seen.append)


async def test_a_processor_that_is_away_is_asked_ever_more_seldom(any_billing: BillingUnderTest) -> None:
    """By one webhook at a time, with a pause that grows; when it is back, all of them are worked out."""
    payment = (await any_billing.bought()).payment_id
    for number in range(20):
        await any_billing.told_about(f"evt_{number}", payment_id=payment)
    any_billing.processor.answers = False
    drained = Drained(any_billing)
    for _ in range(4 * 60):
        await drained.drain()
        any_billing.clock.advance(0.25)
    assert len(drained.seen) <= 7
    assert all(one.is_outage for one in drained.seen)
    any_billing.processor.answers = True
    any_billing.clock.advance(31)
    await drained.drain()
    assert drained.seen[-20:] == [Worked(state=DONE)] * 20


async def test_a_pause_begins_small_again_after_each_outage(any_billing: BillingUnderTest) -> None:
    """One webhook whose object alone can't be asked about keeps the others from nothing."""
    payment = (await any_billing.bought()).payment_id
    drained = Drained(any_billing)
    any_billing.processor.failures["pi_broken"] = PaymentProcessorUnavailable("this one alone")
    await any_billing.told_about("evt_broken", payment_id="pi_broken")
    for number in range(30):
        await any_billing.told_about(f"evt_{number}", payment_id=payment)
        await drained.drain()
        any_billing.clock.advance(1)
        await drained.drain()
        assert (await any_billing.stored(f"evt_{number}")).state is DONE
        any_billing.clock.advance(30)
    assert len([one for one in drained.seen if one.is_outage]) > 10
