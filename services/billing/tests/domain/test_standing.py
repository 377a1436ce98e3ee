"""How a subscription stands, for whoever opens something for it."""

from datetime import UTC, datetime, timedelta

import pytest
from billing.domain.standing import FREE, Standing, SubscriptionStatus

END = datetime(2026, 2, 28, 9, tzinfo=UTC)


def test_a_free_plan_stands_for_good() -> None:
    """Nothing is paid, so nothing runs out."""
    assert (FREE.opens, FREE.valid_until) == (True, None)
    assert FREE.opens_at(END + timedelta(days=9_000))


@pytest.mark.parametrize("status", SubscriptionStatus)
def test_what_is_paid_for_is_believed_a_little_longer(status: SubscriptionStatus) -> None:
    """Three days: a renewal is told late. What opens nothing has nothing that could run out."""
    standing = Standing(status=status, period_end=END)
    opens = status in {"trialing", "active", "past_due"}
    assert standing.opens is opens
    believed = END + timedelta(days=3)
    assert standing.opens_at(believed - timedelta(microseconds=1)) is opens
    assert not standing.opens_at(believed)
    assert standing.valid_until == (END + timedelta(days=3) if opens else None)
