"""A step of everything that begins, changes or ends a plan: tell what the account has from now on."""

from datetime import datetime

from billing.domain.events import SubscriptionChanged
from billing.domain.plan import Plan
from billing.domain.standing import FREE, Standing
from billing.domain.subscription import Subscription
from billing.ports.unit_of_work import UnitOfWork


async def publish_change(
    work: UnitOfWork,
    subscription: Subscription,
    plan: Plan | None,
    now: datetime,
    *,
    standing: Standing = FREE,
) -> None:
    """Publish how the account's plan stands, in the transaction that changed it.

    Called once a transaction, after its last change, with the subscription that the account has then. A
    plan that the catalogue has no more opens nothing.
    """
    opened = opened_by(plan, standing)
    await work.publish(
        SubscriptionChanged(
            subscription=subscription,
            standing=standing,
            entitlements=opened,
            revision=await work.next_revision(subscription.user_id, opened=opened),
            occurred_at=now,
        )
    )


def opened_by(plan: Plan | None, standing: Standing) -> tuple[str, ...]:
    """Return what a plan opens as it stands."""
    return plan.entitlements if plan is not None and standing.opens else ()
