"""Change a person's paid plan."""

from dataclasses import dataclass

from gateway.domain.identifiers import PlanId, UserId
from gateway.domain.price import Price
from gateway.domain.subscription import BillingInterval, Subscription
from gateway.ports.billing import Billing
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class ChangePlan:
    """Whose plan becomes which. `expected_price` is what they were shown."""

    user_id: UserId
    plan_id: PlanId
    interval: BillingInterval
    expected_price: Price | None
    idempotency_key: str


@dataclass(frozen=True)
class ChangePlanHandler:
    """Asks billing, unless what is paid now would be lost with the account."""

    billing: Billing
    identity: Identity

    async def __call__(self, command: ChangePlan) -> Subscription:
        """Return the plan as it is from now on.

        Raises Conflict while the account is about to be deleted, and what the billing port's method does.
        """
        (await self.identity.user(command.user_id)).require_staying()
        return await self.billing.change_subscription(
            command.user_id,
            plan_id=command.plan_id,
            interval=command.interval,
            expected_price=command.expected_price,
            idempotency_key=command.idempotency_key,
        )
