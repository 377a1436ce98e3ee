"""A year of a plan, over a server that speaks Stripe's API and over PostgreSQL, by a clock that tests move.

Once every webhook comes three times and in no order, and once none comes: then the scheduler has to find out.
"""

import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.change_subscription import ChangeSubscription
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.month import month_of
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing_support import BillingUnderTest, CountingIds, plan_order
from chassis.postgres import create_engine
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import select
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings
from tintype.billing.v1 import events_pb2 as pb

pytestmark = pytest.mark.server

KEY, SECRET = "sk_test_billing", "whsec_of_this_test"
ADA = UserId("usr_ada")
MONTH, YEAR = BillingInterval.MONTH, BillingInterval.YEAR
# A renewal's invoice is a draft for an hour.
PAID_BY = timedelta(hours=2)


@dataclass
class Year:
    """Ada, her bank, and what billing hears of it."""

    url: str
    billing: BillingUnderTest
    hears: bool
    customer: str = ""
    heard: set[str] = field(default_factory=set)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        units, clock = self.billing.units, self.billing.clock
        self.receive = ReceiveWebhookHandler(units, StripeWebhookVerifier(SECRET), clock)

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    @property
    def now(self) -> datetime:
        """The time that Ada lives by."""
        return self.billing.clock.now()

    async def control(self, what: str, **order: Any) -> None:
        """Have the stand-in do something to Ada."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(headers=headers) as operator:
            address = f"{self.url}/_test/customers/{self.customer}/{what}"
            (await operator.post(address, json=order)).raise_for_status()

    def _clock(self) -> Any:
        return self.sdk.test_helpers.test_clocks.retrieve(
            self.sdk.customers.retrieve(self.customer).test_clock
        )

    async def subscribe(self, plan: str, interval: str) -> None:
        """Buy a plan on the page."""
        opened = await self.billing.create(plan_order(ADA, plan, interval))
        self.customer = self.sdk.customers.list().data[0].id
        await self.control("clock")
        self.billing.clock.time = datetime.fromtimestamp(self._clock().frozen_time, UTC)
        form = {"action": "pay", "email": "ada@example.com", "card": "pm_card_visa"}
        async with httpx.AsyncClient() as browser:
            assert (await browser.post(opened.checkout.url or "", data=form)).status_code == 303
        self.billing.clock.advance(5)
        assert (await self.billing.follow(ADA, opened.checkout.checkout_id)).subscription_id
        await self.settle_down()

    async def until(self, moment: datetime) -> None:
        """Let time go on, at most a month at once, and let billing look."""
        await self.control("advance", to=int(moment.timestamp()))
        deadline = time.monotonic() + 30
        while (clock := self._clock()).status != "ready":
            assert time.monotonic() < deadline
        self.billing.clock.time = datetime.fromtimestamp(clock.frozen_time, UTC)
        await self.settle_down()

    async def settle_down(self) -> None:
        """Hear what there is to hear, and let the scheduler run."""
        if self.hears:
            await self._hear()
        while await self.billing.renew():
            pass

    async def _hear(self) -> None:
        events = [event for event in self.sdk.events.list({"limit": 100}).data if event.id not in self.heard]
        self.heard |= {event.id for event in events}
        bodies = [json.dumps(event.to_dict(), default=str).encode() for event in events] * 3
        self.dice.shuffle(bodies)
        for body in bodies:
            timestamp = int(time.time())
            made = stripe.WebhookSignature._compute_signature(f"{timestamp}.{body.decode()}", SECRET)
            await self.receive({"stripe-signature": f"t={timestamp},v1={made}"}, body)
        while (worked := await self.billing.process()) is not None:
            assert worked.state in ("done", "ignored")

    async def credits(self) -> list[tuple[datetime, int]]:
        """What was granted: since when, and how much."""
        assert self.billing.published is not None
        told = list[tuple[datetime, int]]()
        for fact in await self.billing.published():
            if isinstance(fact, pb.SubscriptionRenewed):
                told.append((fact.period_start.ToDatetime(UTC), fact.credits))
            if isinstance(fact, pb.AllocationRaised):
                told.append((fact.starts_at.ToDatetime(UTC), fact.credits))
        return sorted(told)

    async def change(self, plan: str) -> None:
        """Change the plan."""
        request_id = RequestId(f"change {self.now}")
        command = ChangeSubscription(user_id=ADA, plan_id=PlanId(plan), interval=MONTH, request_id=request_id)
        await self.billing.change_plan(command)
        await self.settle_down()

    async def standing(self) -> tuple[str, SubscriptionStatus]:
        """Ada's plan, and how it stands."""
        found = await self.billing.reader.subscription(ADA)
        assert found is not None
        return found.plan_id, found.standing.status


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """A running stand-in."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(params=[True, False], ids=["webhooks thrice and shuffled", "no webhook"])
async def year(
    request: pytest.FixtureRequest, stripe_url: str, service_database: Callable[[str], Any]
) -> AsyncIterator[Year]:
    """Billing over PostgreSQL, before Ada."""
    engine = create_engine(service_database("billing").url)
    ids = CountingIds()

    async def published() -> list[Message]:
        async with engine.connect() as connection:
            columns = (tables.outbox.c.ce_type, tables.outbox.c.payload)
            rows = await connection.execute(select(*columns).order_by(tables.outbox.c.id))
            return [getattr(pb, row.ce_type.rpartition(".")[2]).FromString(row.payload) for row in rows]

    billing = BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
        processor=StripeProcessor(secret_key=KEY, api_url=stripe_url),
        published=published,
    )
    billing.clock.time = datetime.now(UTC)
    for plan in billing.catalogue.plans:
        if plan.prices:
            await billing.processor.publish_plan(plan)
    yield Year(stripe_url, billing, hears=request.param)
    await engine.dispose()


async def test_a_year_is_twelve_allocations_and_one_invoice(year: Year) -> None:
    """Each on its day, none twice, and nothing on the first day but the first."""
    await year.subscribe("pro", "year")
    found = await year.billing.reader.subscription(ADA)
    assert found is not None
    assert found.paid is not None
    anchor, ends = found.paid.anchor, found.paid.period_end
    months = [anchor]
    while (begins := month_of(anchor, months[-1]).end) < ends:
        await year.until(begins - timedelta(minutes=5))
        assert await year.credits() == [(month, 3000) for month in months]
        await year.until(begins + timedelta(minutes=1))
        months.append(begins)
        assert await year.credits() == [(month, 3000) for month in months]
    await year.until(ends - timedelta(minutes=1))
    assert len(months) == 12
    assert await year.credits() == [(month, 3000) for month in months]
    (invoice,) = year.sdk.invoices.list().data
    (purchase,) = await year.billing.purchases(ADA)
    assert (invoice.amount_paid, purchase.amount_minor, purchase.credits) == (29000, 29000, 3000)
    assert await year.standing() == ("pro", SubscriptionStatus.ACTIVE)


async def test_a_plan_goes_up_and_down_and_through_a_failed_payment(year: Year) -> None:
    """Upgraded on day 10, downgraded, cancelled, kept, unpaid, paid, ended: then the free plan is there."""
    await year.subscribe("pro", "month")
    found = await year.billing.reader.subscription(ADA)
    assert found is not None
    assert found.paid is not None
    anchor = found.paid.anchor
    first, second, third, fourth = (month_of(anchor, anchor + timedelta(days=31 * n)) for n in range(4))
    granted = [(first.start, 3000)]

    await year.until(anchor + timedelta(days=10))
    await year.change("business")
    base, more = await year.credits()
    left = (first.end - more[0]) / (first.end - first.start)
    assert base == granted[0]
    assert 3000 * left <= more[1] < 3000 * left + 1
    granted.append(more)
    assert await year.standing() == ("business", SubscriptionStatus.ACTIVE)

    await year.change("pro")
    assert await year.standing() == ("business", SubscriptionStatus.ACTIVE)
    await year.until(second.start + PAID_BY)
    granted.append((second.start, 3000))
    assert await year.credits() == granted
    assert await year.standing() == ("pro", SubscriptionStatus.ACTIVE)

    await year.billing.cancel_plan(ADA, request_id=RequestId("cancel"))
    await year.billing.resume_plan(ADA, request_id=RequestId("resume"))
    await year.control("card", card="pm_card_chargeCustomerFail")
    await year.until(third.start + PAID_BY)
    assert await year.credits() == granted
    assert await year.standing() == ("pro", SubscriptionStatus.PAST_DUE)

    await year.control("card", card="pm_card_visa")
    (owed,) = year.sdk.invoices.list({"status": "open"}).data
    with suppress(stripe.InvalidRequestError):
        # The new card may have paid it by itself.
        year.sdk.invoices.pay(owed.id)
    await year.until(third.start + timedelta(days=1))
    granted.append((third.start, 3000))
    assert await year.credits() == granted
    assert await year.standing() == ("pro", SubscriptionStatus.ACTIVE)

    await year.billing.cancel_plan(ADA, request_id=RequestId("cancel again"))
    await year.until(fourth.start + PAID_BY)
    assert await year.standing() == ("free", SubscriptionStatus.ACTIVE)
    told = await year.credits()
    assert told[: len(granted)] == granted
    assert [amount for _, amount in told[len(granted) :]] == [500]
    assert len(await year.billing.purchases(ADA)) == 4
