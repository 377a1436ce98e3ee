"""Plans: credits that come every month."""

from dataclasses import dataclass

from billing.domain.identifiers import PlanId


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a plan grants, and how it is shown."""

    plan_id: PlanId
    # Of one month; what is left of them ends with it.
    credits: int
    title: str
    description: str
    features: tuple[str, ...] = ()
    badge: str | None = None
    # What it opens, words such as `premium`.
    entitlements: tuple[str, ...] = ()
