"""Where the credits of plans come from, as their lots say it. Pure."""

from ledger.domain.identifiers import SubscriptionId

PLAN = "subscription:"
# A source of its own: told before the month's renewal, it is not ended by it.
_RAISED = ":raise"


def of_month(subscription_id: SubscriptionId) -> str:
    """Return the source of a month's credits: each ends what is left of the one before."""
    return f"{PLAN}{subscription_id}"


def of_raise(subscription_id: SubscriptionId) -> str:
    """Return the source of what an upgrade added to a month."""
    return f"{PLAN}{subscription_id}{_RAISED}"


def subscription_of(source: str) -> SubscriptionId:
    """Return the subscription whose month or upgrade a source names."""
    return SubscriptionId(source.removeprefix(PLAN).removesuffix(_RAISED))
