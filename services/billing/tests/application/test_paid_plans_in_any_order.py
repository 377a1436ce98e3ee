"""Whoever looks at a paid plan, how often and when: the same credits, and the same end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.standing import BillingInterval, Standing
from billing_support import BillingUnderTest, billing_in_memory, plan_order
from embedded.memory_only import examples
from hypothesis import given, settings
from hypothesis import strategies as st

ADA = UserId("usr_ada")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
LOOKS = ("subscription", "invoice", "checkout", "scheduler")
# What is done after so many days: by Ada, by her bank, by nobody.
STORY = ((0, "buy"), (10, "up"), (12, "down"), (29, ""), (40, "decline"), (61, ""), (64, "pay"), (95, "end"))


@dataclass
class Watched:
    """One billing, and what it hears."""

    billing: BillingUnderTest
    page_id: str = ""
    heard: int = 0

    @property
    def there(self) -> Any:
        """The subscription at the processor."""
        (found,) = self.billing.processor.subscriptions.values()
        return found

    async def act(self, what: str) -> None:
        """Do a step of the story, at the processor alone."""
        processor, catalogue = self.billing.processor, self.billing.catalogue
        if what == "buy":
            opened = await self.billing.create(plan_order(ADA))
            self.page_id = opened.checkout.page_id or ""
            processor.pay(opened.checkout.page_id)
            return
        processor_id = self.there.processor_id
        if what in ("up", "down"):
            plan = PlanId("business" if what == "up" else "pro")
            change = processor.change_now if what == "up" else processor.change_later
            terms = catalogue.on_sale(plan, BillingInterval.MONTH)
            await change(processor_id, *terms, request_id=RequestId(what))
        elif what == "decline":
            processor.declined.add(processor_id)
        elif what == "pay":
            processor.recover(processor_id)
        elif what == "end":
            processor.end(processor_id)

    async def look(self, how: str) -> None:
        """Have billing look, by a webhook or by itself."""
        self.heard += 1
        event_id = f"evt_{self.heard}"
        if how == "checkout":
            await self.billing.told(self.page_id, event_id=event_id)
        elif how == "scheduler":
            while await self.billing.renew():
                pass
        elif how == "subscription":
            await self.billing.told_about(event_id, subscription_id=self.there.processor_id)
        else:
            await self.billing.told_about(event_id, invoice_id=self.there.periods[0].invoice_id)
        await self.billing.process_all()

    async def state(self) -> tuple[list[Any], str | None, Standing | None, int]:
        """What was granted, and how it stands in the end."""
        told = await self.billing.told_facts()
        granted = sorted(fact for fact in told if fact[0] in ("SubscriptionRenewed", "AllocationRaised"))
        mine = await self.billing.reader.subscription(ADA)
        purchases = len(await self.billing.purchases(ADA))
        return granted, mine and mine.plan_id, mine and mine.standing, purchases


async def lived(looks: list[list[tuple[int, str]]]) -> tuple[list[Any], str | None, Standing | None, int]:
    """Live through the story; `looks` are, for each step, after how many hours who looks."""
    watched = Watched(billing_in_memory())
    clock = watched.billing.clock
    for (day, what), seen in zip(STORY, looks, strict=True):
        begins = BEGAN + timedelta(days=day)
        clock.time = max(clock.time, begins) if what != "buy" else begins
        watched.billing.processor.tick()
        await watched.act(what)
        for hours, how in sorted(seen):
            clock.time = max(clock.time, begins + timedelta(hours=hours))
            await watched.look(how)
    return await watched.state()


# A day at most, so that no look falls into the next step; the first must be of what is known by its page.
SEEN = st.lists(st.tuples(st.integers(0, 23), st.sampled_from(LOOKS)), min_size=1, max_size=4)


@settings(max_examples=examples(60), deadline=None)
@given(st.tuples(*(SEEN for _ in STORY)))
async def test_looks_in_any_order_end_alike(looks: tuple[list[tuple[int, str]], ...]) -> None:
    """Repeated, late and mixed, with the scheduler between: one allocation a month, and one plan."""
    # The scheduler knows nothing before somebody told it: it can't be alone at the first step.
    given_looks = [[(0, "checkout"), *looks[0]], *([*seen, (23, "subscription")] for seen in looks[1:])]
    once = [[(0, "checkout")], *([(23, "subscription")] for _ in STORY[1:])]
    assert await lived(given_looks) == await lived(once)
