"""When a change of a paid plan comes. Pure."""

from billing.domain.plan import Plan, PlanPrice
from billing.domain.standing import BillingInterval


def is_at_once(now: Plan, paid_by: BillingInterval, wanted: Plan, price: PlanPrice) -> bool:
    """Return whether a change comes at once: it gives more credits, or the same for longer, and nothing less.

    Everything else waits for the end of the period that is paid for: nobody loses what they paid.
    """
    is_shorter = paid_by is BillingInterval.YEAR and price.interval is BillingInterval.MONTH
    is_longer = paid_by is BillingInterval.MONTH and price.interval is BillingInterval.YEAR
    if is_shorter or wanted.credits < now.credits:
        return False
    return wanted.credits > now.credits or is_longer
