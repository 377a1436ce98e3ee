"""A paid plan's webhooks in any order, over HTTP, with the clock and the reconcilers between: one end."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stripe
from billing.application.change_subscription import ChangeSubscription
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.month import month_of
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing_support import plan_order
from embedded.memory_only import examples
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from webhook_route import Route, webhook_route

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

ADA = UserId("usr_ada")
PRO, BUSINESS, FREE = 3000, 6000, 500
# A renewal's invoice is a draft for an hour.
PAID_BY = timedelta(hours=2)
LOOKS = ("hear", "renew", "reconcile", "later")
STEPS = 7
Looks = list[list[str]]


class Story:
    """Ada buys, goes up and down, does not pay, pays, and cancels; `looks` are what billing does then."""

    def __init__(self, route: Route, looks: Looks) -> None:
        self.route = route
        self.looks = iter(looks)
        self.customer = ""

    async def buy(self) -> datetime:
        """Buy Pro by the month; return when it begins."""
        billing = self.route.billing
        page = (await billing.create(plan_order(ADA))).checkout
        self.customer = self.route.sdk.customers.list().data[0].id
        await self.route.control(f"customers/{self.customer}/clock")
        clock = self.route.sdk.test_helpers.test_clocks.list().data[0]
        billing.clock.time = datetime.fromtimestamp(clock.frozen_time, UTC)
        form = {"action": "pay", "email": "ada@example.com", "card": "pm_card_visa"}
        async with httpx.AsyncClient() as browser:
            assert (await browser.post(page.url or "", data=form)).status_code == 303
        (bought,) = self.route.sdk.subscriptions.list({"customer": self.customer}).data
        return datetime.fromtimestamp(bought.billing_cycle_anchor, UTC)

    async def look(self) -> None:
        """Let billing look in the order that is tried; in the end each webhook came once at least."""
        for how in next(self.looks):
            if how == "hear":
                await self.route.hear()
            elif how == "renew":
                await self.route.renew()
            elif how == "reconcile":
                await self.route.reconcile()
            else:
                now = self.route.billing.clock.time
                await self.route.let_come(self.customer, now + timedelta(hours=3))
        await self.route.hear(everything=True)
        await self.route.renew()

    async def until(self, moment: datetime) -> None:
        """Let time go on and look."""
        await self.route.let_come(self.customer, moment)
        await self.look()

    async def change(self, plan: str) -> None:
        """Change the plan."""
        await self.route.billing.change_plan(
            ChangeSubscription(
                user_id=ADA,
                plan_id=PlanId(plan),
                interval=BillingInterval.MONTH,
                request_id=RequestId(f"change to {plan}"),
            )
        )

    async def granted(self) -> list[tuple[str, str, int]]:
        """What was granted: as what, since when, how much."""
        facts = await self.route.billing.told_facts()
        return [(fact[0], fact[2], fact[3]) for fact in facts if fact[0] in GRANTS]


GRANTS = ("SubscriptionRenewed", "AllocationRaised")


# An example takes seconds: a smaller one that fails as well is not looked for.
@settings(max_examples=examples(4), deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(st.lists(st.sampled_from(LOOKS), max_size=4), min_size=STEPS, max_size=STEPS),
    st.integers(0, 2**32),
)
async def test_any_order_ends_alike(looks: Looks, seed: int) -> None:
    """The same months, the same rest of one, the same purchases, and the free plan in the end."""
    async with webhook_route(seed) as route:
        story = Story(route, looks)
        anchor = await story.buy()
        months = [month_of(anchor, anchor + timedelta(days=31 * number)) for number in range(4)]
        first, second, third, fourth = (month.start for month in months)
        await story.look()
        await route.let_come(story.customer, first + timedelta(days=10))
        await story.change("business")
        upgraded = max(line.period.start for line in newest_invoice(route).lines.data)
        await story.look()
        await story.change("pro")
        await story.until(second + PAID_BY)
        await route.control(f"customers/{story.customer}/card", card="pm_card_chargeCustomerFail")
        await story.until(third + PAID_BY)
        found = await route.billing.reader.subscription(ADA)
        assert found is not None
        assert found.standing.status is SubscriptionStatus.PAST_DUE
        await route.control(f"customers/{story.customer}/card", card="pm_card_visa")
        with suppress(stripe.InvalidRequestError):
            # The new card may have paid it by itself.
            route.sdk.invoices.pay(newest_invoice(route).id)
        await story.until(third + timedelta(days=1))
        await route.billing.cancel_plan(ADA, request_id=RequestId("cancel"))
        await story.look()
        await story.until(fourth + PAID_BY)

        rest_begins = datetime.fromtimestamp(upgraded, UTC)
        left = (second - rest_begins) // timedelta(seconds=1)
        whole = (second - first) // timedelta(seconds=1)
        *of_plan, of_free = sorted(await story.granted(), key=lambda grant: grant[1])
        assert of_plan == [
            ("SubscriptionRenewed", first.isoformat(), PRO),
            ("AllocationRaised", rest_begins.isoformat(), -(-(BUSINESS - PRO) * left // whole)),
            ("SubscriptionRenewed", second.isoformat(), PRO),
            ("SubscriptionRenewed", third.isoformat(), PRO),
        ]
        assert of_free == ("SubscriptionRenewed", fourth.isoformat(), FREE)
        mine = await route.billing.reader.subscription(ADA)
        assert mine is not None
        assert (mine.plan_id, mine.standing.status) == ("free", SubscriptionStatus.ACTIVE)
        assert sorted(bought.credits for bought in await route.billing.purchases(ADA)) == sorted(
            [PRO, of_plan[1][2], PRO, PRO]
        )
        told = [fact[3:] for fact in await route.billing.told_facts() if fact[0] == "SubscriptionChanged"]
        assert [change[0] for change in told] == ["pro", "business", "pro", "pro", "pro", "pro", "free"]


def newest_invoice(route: Route) -> stripe.Invoice:
    """The invoice that Stripe made last."""
    newest: stripe.Invoice = route.sdk.invoices.list({"limit": 1}).data[0]
    return newest
