"""How long a webhook waits after each of its failures, and when it is given up."""

from datetime import timedelta

import pytest
from billing.application.process_webhook import Worked
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.webhook_event import WebhookState
from billing_support import billing_in_memory

WAITING, DONE, IGNORED, PARKED = WebhookState
# Twice as long each time, up to five minutes; up to a fifth earlier, so that not all come back at once.
WAITS_S = [2, 4, 8, 16, 32, 64, 128, 256, *([300] * 11)]


async def test_each_failure_of_its_own_doubles_the_wait_up_to_a_bound() -> None:
    """Nineteen waits; the twentieth failure parks it."""
    billing = billing_in_memory()
    billing.processor.failures["cs_1"] = RuntimeError("it is poisoned")
    await billing.told("cs_1", event_id="evt_1")
    for failures, wait_s in enumerate(WAITS_S, start=1):
        assert await billing.process() == Worked(state=WAITING, is_outage=False)
        stored = await billing.stored("evt_1")
        waits = stored.due_at - billing.clock.now()
        assert timedelta(seconds=0.8 * wait_s) <= waits <= timedelta(seconds=wait_s)
        assert (stored.event.attempts, "it is poisoned" in stored.error) == (failures, True)
        billing.clock.time = stored.due_at - timedelta(microseconds=1)
        assert await billing.process() is None
        billing.clock.time = stored.due_at
    assert await billing.process() == Worked(state=PARKED, is_outage=False)
    stored = await billing.stored("evt_1")
    assert (stored.event.attempts, "it is poisoned" in stored.error) == (20, True)
    billing.clock.advance(365 * 24 * 3600)
    assert await billing.process() is None


async def test_a_wait_is_never_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn at its latest, each is the power of two, and five minutes at most; an outage is half a minute."""
    monkeypatch.setattr("billing.application.process_webhook.random.uniform", lambda low, high: high)
    billing = billing_in_memory()
    billing.processor.failures["cs_1"] = RuntimeError("it is poisoned")
    await billing.told("cs_1", event_id="evt_1")
    for wait_s in WAITS_S:
        await billing.process()
        due_at = (await billing.stored("evt_1")).due_at
        assert due_at - billing.clock.now() == timedelta(seconds=wait_s)
        billing.clock.time = due_at
    billing.processor.failures["cs_1"] = PaymentProcessorUnavailable("away")
    await billing.process()
    assert (await billing.stored("evt_1")).due_at - billing.clock.now() == timedelta(seconds=30)


async def test_an_outage_waits_half_a_minute_and_counts_nothing() -> None:
    """However often it happens."""
    billing = billing_in_memory()
    billing.processor.failure = PaymentProcessorUnavailable("away")
    await billing.told("cs_1", event_id="evt_1")
    for _ in range(3):
        assert await billing.process() == Worked(state=WAITING, is_outage=True)
        stored = await billing.stored("evt_1")
        waits = stored.due_at - billing.clock.now()
        assert timedelta(seconds=24) <= waits <= timedelta(seconds=30)
        assert stored.event.attempts == 0
        billing.clock.time = stored.due_at


async def test_a_webhook_about_nothing_is_ignored_once() -> None:
    """That is no failure."""
    billing = billing_in_memory()
    await billing.told(None, event_id="evt_1", kind="nothing.we.know")
    assert await billing.process() == Worked(state=IGNORED)
    assert (await billing.stored("evt_1")).event.attempts == 0
    assert await billing.process() is None


@pytest.mark.parametrize("poisoned", [0, 1])
async def test_only_the_one_that_fails_waits(poisoned: int) -> None:
    """The other is worked out at once."""
    billing = billing_in_memory()
    sessions = [(await billing.open()).checkout.page_id or "" for _ in range(2)]
    for place, session in enumerate(sessions, start=1):
        billing.processor.pay(session)
        await billing.told(session, event_id=f"evt_{place}")
    billing.processor.failures[sessions[poisoned]] = RuntimeError("once")
    assert sorted(await billing.process_all()) == [DONE, WAITING]
    assert len(await billing.told_facts()) == 1
