"""Open a checkout page that leads back to where people came from."""

from dataclasses import dataclass

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.identifiers import PackId, PlanId
from gateway.domain.origin import origin
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout
from gateway.domain.subscription import BillingInterval
from gateway.domain.user import Principal
from gateway.ports.billing import Billing
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class OpenCheckout:
    """What to buy, a pack or a plan by an interval.

    `expected_price` is what the buyer was shown. Without addresses of their own, people come back to the
    console's billing page.
    """

    buyer: Principal
    pack_id: PackId | None = None
    plan_id: PlanId | None = None
    interval: BillingInterval | None = None
    expected_price: Price | None = None
    idempotency_key: str
    success_url: str | None = None
    cancel_url: str | None = None


@dataclass(frozen=True)
class OpenCheckoutHandler:
    """Asks billing for a hosted page."""

    billing: Billing
    identity: Identity
    public_url: str
    """Without a slash at the end."""

    async def __call__(self, command: OpenCheckout) -> tuple[Checkout, bool]:
        """Open a page, once a key; the flag says that the answer is a replay.

        Raises InvalidRequest unless it is one of a pack and a plan, and for an address on another origin: no
        stranger's page may follow ours. Raises Conflict while the account is about to be deleted: the
        credits would go with it.
        """
        if (command.pack_id is None) == (command.plan_id is None):
            what = "say either a pack or a plan"
            raise InvalidRequest("That is no order.", fields=[FieldProblem("plan", what)])
        if command.plan_id is not None and command.interval is None:
            missing = FieldProblem("interval", "is required with a plan")
            raise InvalidRequest("That is no order.", fields=[missing])
        # Billing knows the checkout's id before anybody is sent anywhere.
        success_url = command.success_url or f"{self.public_url}/billing?checkout={{CHECKOUT_ID}}"
        cancel_url = command.cancel_url or f"{self.public_url}/billing?note=unpaid"
        foreign = [
            FieldProblem(field, "must be on the origin of this service")
            for field, url in (("success_url", success_url), ("cancel_url", cancel_url))
            if origin(url) != origin(self.public_url)
        ]
        if foreign:
            raise InvalidRequest(
                "An address leads to another origin.", reason="FOREIGN_RETURN_URL", fields=foreign
            )
        (await self.identity.user(command.buyer.user_id)).require_staying()
        return await self.billing.create_checkout(
            user_id=command.buyer.user_id,
            email=command.buyer.email,
            pack_id=command.pack_id,
            plan_id=command.plan_id,
            interval=command.interval,
            expected_price=command.expected_price,
            idempotency_key=command.idempotency_key,
            success_url=success_url,
            cancel_url=cancel_url,
        )
