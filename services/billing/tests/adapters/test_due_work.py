"""One look says what is due: whatever a claim would take, and nothing else."""

from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from billing.adapters.outbound.postgres.due_work import PostgresDueWork, Queue
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.application.carry_on_refunds import CarryOnRefundsHandler
from billing.application.hear_departure import HearDeparture
from billing.application.refund_purchase import RefundPurchase
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.checkout import CheckoutStatus
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.identifiers import UserId
from billing_support import TERMS, BillingUnderTest
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, listening
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from top_up_world import Account

pytestmark = pytest.mark.parametrize("any_billing", ["postgres"], indirect=True)


def engine_of(billing: BillingUnderTest) -> AsyncEngine:
    """Its database."""
    assert isinstance(billing.units, PostgresUnitsOfWork)
    return billing.units._engine


async def due(billing: BillingUnderTest) -> Collection[Queue]:
    """What a look says."""
    return await PostgresDueWork(engine_of(billing), billing.clock, TERMS.hold).look()


@pytest.fixture
async def billing(any_billing: BillingUnderTest) -> AsyncIterator[BillingUnderTest]:
    """Billing with nothing due, and facts that no test here is about."""
    assert await due(any_billing) == []
    yield any_billing
    await any_billing.facts.pass_over()


@contextmanager
def processor_away(billing: BillingUnderTest) -> Iterator[None]:
    """Have the processor away."""
    billing.processor.failure = PaymentProcessorUnavailable("away")
    yield
    billing.processor.failure = None


async def test_a_look_is_one_round_trip(billing: BillingUnderTest, tmp_path: Path) -> None:
    """Whatever is due."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    with listening(engine_of(billing), tmp_path / "wire") as wire:
        await engine_of(billing).dispose()
        await due(billing)
        assert wire.said().count(ROUND_TRIP) == 1


async def test_a_table_that_can_not_be_read_is_left_out(
    billing: BillingUnderTest, postgres_server: str
) -> None:
    """A look that waits for it ends within its time; the others' is made without it."""
    await billing.told("page_unknown", event_id="evt_1")
    engine = engine_of(billing)
    look = PostgresDueWork(engine, billing.clock, TERMS.hold, look_ms=100).look
    with psycopg.connect(postgres_server, dbname=engine.url.database) as admin:
        admin.execute("LOCK TABLE refund_orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError, match="statement timeout"):
            await look()
        with pytest.raises(OperationalError, match="statement timeout"):
            await look([Queue.REFUNDS])
        others = [queue for queue in Queue if queue is not Queue.REFUNDS]
        assert await look(others) == [Queue.WEBHOOKS]
    assert await look() == [Queue.WEBHOOKS]
    await billing.process_all()


async def test_a_webhook_is_due_until_it_is_worked_out(billing: BillingUnderTest) -> None:
    """Not while somebody has it, and again once they had it for too long."""
    await billing.told("page_unknown", event_id="evt_1")
    assert await due(billing) == [Queue.WEBHOOKS]
    until = billing.clock.now() + timedelta(minutes=1)
    async with billing.units.of_system() as work:
        assert await work.claim_webhook(now=billing.clock.now(), until=until, token="lease_dead")
    assert await due(billing) == []
    billing.clock.advance(timedelta(minutes=2))
    assert await due(billing) == [Queue.WEBHOOKS]
    await billing.process_all()
    assert await due(billing) == []


async def test_a_checkout_is_due_when_it_is_to_be_asked_about(billing: BillingUnderTest) -> None:
    """Until it is settled."""
    opened = await billing.open()
    assert await due(billing) == []
    billing.clock.advance(timedelta(hours=1))
    assert await due(billing) == [Queue.CHECKOUTS]
    billing.processor.pay(opened.checkout.page_id or "")
    assert await billing.reconcile() == 1
    assert (await billing.follow("usr_1", opened.checkout.checkout_id)).status is CheckoutStatus.COMPLETE
    billing.clock.advance(timedelta(days=1))
    assert await due(billing) == []


async def test_a_low_balance_is_due(billing: BillingUnderTest) -> None:
    """Until a pack was bought."""
    account = Account(billing)
    await account.keep_card()
    await account.want()
    assert await due(billing) == []
    await account.falls_to(99)
    assert await due(billing) == [Queue.TOP_UPS]
    await billing.run_top_ups()
    assert Queue.TOP_UPS not in await due(billing)


async def test_a_month_that_begins_is_due(billing: BillingUnderTest) -> None:
    """Once."""
    free = next(plan for plan in billing.catalogue.plans if not plan.prices)
    start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, free)
    await start(UserId("usr_1"), since=billing.clock.now())
    assert await due(billing) == []
    billing.clock.advance(timedelta(days=32))
    assert await due(billing) == [Queue.RENEWALS]
    await billing.renew()
    assert await due(billing) == []


async def test_a_departure_and_an_erasure_are_due(billing: BillingUnderTest) -> None:
    """Each until it is done."""
    from_day = billing.clock.now() + timedelta(days=30)
    leaves = HearDeparture(user_id=UserId("usr_1"), revision=1, erased_from=from_day)
    await billing.hear_departure(leaves)
    assert await due(billing) == [Queue.DEPARTURES]
    await billing.carry_on_departures()
    assert await due(billing) == []
    await billing.begin_erasure(UserId("usr_1"))
    assert await due(billing) == [Queue.ERASURES]
    await billing.carry_on_erasures()
    assert await due(billing) == []


async def test_a_refund_that_nobody_answered_about_is_due(billing: BillingUnderTest) -> None:
    """Once it is its time to be carried on."""
    bought = await billing.bought()
    order = RefundPurchase(
        purchase_id=bought.purchase_id,
        amount_minor=None,
        reason="bought twice",
        actor="usr_admin",
        idempotency_key=None,
    )
    with processor_away(billing), pytest.raises(PaymentProcessorUnavailable):
        await billing.refund_purchase(order)
    assert await due(billing) == []
    billing.clock.advance(timedelta(hours=1))
    assert Queue.REFUNDS in await due(billing)
    await CarryOnRefundsHandler(billing.units, billing.maker, billing.clock)()
    assert Queue.REFUNDS not in await due(billing)


async def test_a_reward_is_due_once_the_payment_has_stayed(billing: BillingUnderTest) -> None:
    """Not before."""
    ada, bob = UserId("usr_ada"), UserId("usr_bob")
    await billing.claim_referral(bob, (await billing.read_referral(ada)).code)
    await billing.bought(bob)
    billing.clock.advance(TERMS.hold - timedelta(seconds=1))
    assert Queue.REWARDS not in await due(billing)
    billing.clock.advance(timedelta(seconds=1))
    assert Queue.REWARDS in await due(billing)
    assert await billing.reward() == 1
    assert Queue.REWARDS not in await due(billing)
