"""A year of a plan while billing is killed -9 at each advance of the clock, over real processes and HTTP.

Once every webhook comes three times and in no order, and once none comes.
"""

from datetime import timedelta
from typing import Any

import pytest
from billing.domain.month import month_of
from moved_world import until
from subscriber import ADA, HEARS, HEARS_NOTHING, Subscriber
from tintype.billing.v1 import events_pb2

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

PRO = 3000


async def wait_for(ada: Subscriber, months: int, *, available: int) -> None:
    """Wait for so many months' credits, and for what may be spent of them."""

    async def has_come() -> bool:
        return len(await months_of(ada)) >= months and await ada.available() == available

    await until(has_come, f"{months} months and {available} credits")


async def months_of(ada: Subscriber) -> list[Any]:
    """What was granted of Pro."""
    return [grant for grant in await ada.grants() if grant[2] == PRO]


@pytest.mark.parametrize("mode", [HEARS, HEARS_NOTHING], ids=["webhooks thrice and shuffled", "no webhook"])
async def test_a_year_is_twelve_allocations_whenever_billing_is_killed(
    subscriber: Subscriber, mode: dict[str, Any]
) -> None:
    """Each on its day, none twice, one invoice and one purchase; and the books are right in the end."""
    ada = subscriber
    await ada.world.control("deliveries/mode", **mode)
    await ada.world.welcome(ADA)
    await wait_for(ada, 0, available=500)
    anchor, ends = await ada.subscribe(events_pb2.BILLING_INTERVAL_YEAR)
    # What is left of the free month stays until that is over.
    await wait_for(ada, 1, available=500 + PRO)
    begins = [anchor]
    while (following := month_of(anchor, begins[-1]).end) < ends:
        kill_during = len(begins) % 2 == 0
        await ada.let_come(following - timedelta(minutes=5), kill_during=not kill_during)
        assert len(await months_of(ada)) == len(begins)
        await ada.let_come(following + timedelta(minutes=1), kill_during=kill_during)
        begins.append(following)
        await wait_for(ada, len(begins), available=PRO)
    await ada.let_come(ends - timedelta(minutes=5), kill_during=True)
    assert len(begins) == 12
    if mode is HEARS:
        await ada.everything_is_heard()
    assert await months_of(ada) == [
        (start, end, PRO) for start, end in zip(begins, [*begins[1:], ends], strict=True)
    ]
    for began, granted in zip(begins, await ada.granted_at(PRO), strict=True):
        assert began <= granted < began + timedelta(minutes=10)
    (invoice,) = ada.world.sdk.invoices.list().data
    assert [(paid.amount_minor, paid.credits) for paid in await ada.purchases()] == [
        (invoice.amount_paid, PRO)
    ]
    assert [(change.revision, change.plan_id) for change in ada.changes()] == [(1, "free"), (2, "pro")]
    verification = await ada.verify()
    assert verification.ok, verification.as_dict()
    assert verification.money is not None
    assert verification.money.differing == 0
