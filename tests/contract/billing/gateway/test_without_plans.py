"""What the gateway is told where the payment back end sells no plans and keeps no cards, as with Polar."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.identifiers import PlanId, ProcessorSubscriptionId, SubscriptionId, UserId
from billing.domain.standing import BillingInterval as Paid
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import PaidTerms, Subscription
from billing_support import ORIGIN, BillingUnderTest, billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.inbound.problems import status_of
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.domain.auto_top_up import AutoTopUpWish
from gateway.domain.errors import GatewayError
from gateway.domain.subscription import BillingInterval
from shops import ME

MONTH = BillingInterval.MONTH
Call = Callable[[GrpcBilling], Awaitable[Any]]


def change(port: GrpcBilling) -> Awaitable[Any]:
    """Ask for another plan."""
    return port.change_subscription(ME, plan_id="pro", interval=MONTH, idempotency_key="k1")


def cancel(port: GrpcBilling) -> Awaitable[Any]:
    """Ask for a plan's end."""
    return port.cancel_subscription(ME, idempotency_key="k1")


def resume(port: GrpcBilling) -> Awaitable[Any]:
    """Take that back."""
    return port.resume_subscription(ME, idempotency_key="k1")


def subscribe(port: GrpcBilling) -> Awaitable[Any]:
    """Buy a plan."""
    return port.create_checkout(
        user_id=ME,
        email="ada@example.com",
        plan_id="pro",
        interval=MONTH,
        idempotency_key="k1",
        success_url=f"{ORIGIN}/done",
        cancel_url=f"{ORIGIN}/back",
    )


def top_up(port: GrpcBilling) -> Awaitable[Any]:
    """Have packs bought by themselves."""
    wish = AutoTopUpWish(is_on=True, threshold_credits=200, pack_id="starter", monthly_purchases_max=3)
    return port.set_auto_top_up(ME, wish, balance=None)


@pytest.fixture
def billing() -> BillingUnderTest:
    """Billing with a back end that nobody answers at: what is refused here asks for nothing."""
    processor = PolarProcessor(access_token="polar_oat_unused", api_url="http://127.0.0.1:1")
    assert not processor.sells_plans
    return billing_in_memory(processor)


async def refusal(stack: AsyncExitStack, billing: BillingUnderTest, call: Call) -> tuple[int, str]:
    """What a client gets: the status and the reason."""
    port = GrpcBilling(await connect(stack, await serve_billing(stack, billing), "gateway"))
    with pytest.raises(GatewayError) as refused:
        await call(port)
    return status_of(refused.value), refused.value.reason


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (subscribe, (404, "UNKNOWN_PLAN")),
        (change, (404, "SUBSCRIPTION_NOT_FOUND")),
        (cancel, (404, "SUBSCRIPTION_NOT_FOUND")),
        (resume, (404, "SUBSCRIPTION_NOT_FOUND")),
        (top_up, (409, "NO_PAYMENT_METHOD")),
    ],
)
async def test_nothing_is_sold_that_can_not_be(
    stack: AsyncExitStack, billing: BillingUnderTest, call: Call, said: tuple[int, str]
) -> None:
    """Each call has an answer that a client knows; none is a failure of ours."""
    assert await refusal(stack, billing, call) == said
    assert await billing.purchases(ME) == []


@pytest.mark.parametrize("call", [change, cancel, resume])
async def test_who_has_the_free_plan_is_told_so(
    stack: AsyncExitStack, billing: BillingUnderTest, call: Call
) -> None:
    """It is the only one on offer, and goes on as everywhere."""
    free = billing.catalogue.plans[0]
    start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, free)
    await start(UserId(ME), since=billing.clock.now())
    assert [plan.plan_id for plan in await billing.list_plans()] == ["free"]
    assert await refusal(stack, billing, call) == (409, "PLAN_IS_FREE")
    await billing.facts.pass_over()


@pytest.mark.parametrize("call", [change, cancel, resume])
async def test_a_plan_of_another_back_end_is_read_and_not_changed(
    stack: AsyncExitStack, billing: BillingUnderTest, call: Call
) -> None:
    """Whoever bought one before the back end was changed: it is refused, and stays as it was."""
    now = billing.clock.now()
    mine = Subscription(
        subscription_id=SubscriptionId("plan_1"),
        user_id=UserId(ME),
        plan_id=PlanId("pro"),
        began_at=now,
        next_allocation_at=now + timedelta(days=9),
        paid=PaidTerms(
            processor_id=ProcessorSubscriptionId("sub_1"),
            interval=Paid.MONTH,
            status=SubscriptionStatus.ACTIVE,
            price_minor=2900,
            currency="usd",
            anchor=now,
            period_start=now,
            period_end=now + timedelta(days=30),
        ),
    )
    async with billing.units.of_system() as work:
        await work.insert_subscription(mine)
    assert await refusal(stack, billing, call) == (409, "PAYMENT_PROCESSOR_REFUSED")
    port = GrpcBilling(await connect(stack, await serve_billing(stack, billing), "gateway"))
    assert (await port.subscription(ME)).plan_id == "pro"
    assert await billing.reader.subscription(UserId(ME)) == mine
