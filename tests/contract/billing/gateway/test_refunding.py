"""What the gateway needs of billing for refunds, by the gateway's own port: its fake and the real thing."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from billing_support import billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.domain.administration import Actor
from gateway.domain.errors import Conflict, Forbidden, IdempotencyKeyReused, InvalidRequest, NotFound
from gateway.domain.purchase import Purchase, PurchaseStatus
from gateway.domain.user import Role
from gateway.ports.billing import Billing
from support import HandClock

ME = "usr_me"


@dataclass
class Shop:
    """The port, and a way to buy a starter pack as me."""

    port: Billing
    buy: Callable[[], Awaitable[None]]


@pytest.fixture(params=["fake", "real"])
async def shop(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Shop:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        fake = MemoryBilling(HandClock())

        async def buy_of_fake() -> None:
            checkout, _ = await fake.create_checkout(
                user_id=ME,
                email="ada@example.com",
                pack_id="starter",
                idempotency_key="k1",
                success_url="",
                cancel_url="",
            )
            fake.pay(checkout.checkout_id)

        return Shop(fake, buy_of_fake)
    billing = billing_in_memory()

    async def buy_of_real() -> None:
        await billing.bought(ME)

    target = await serve_billing(stack, billing)
    return Shop(GrpcBilling(await connect(stack, target, "gateway")), buy_of_real)


def actor(role: Role = Role.ADMIN) -> Actor:
    """Somebody whose token says this role."""
    return Actor(user_id="usr_boss", role=role, session_id="ses_1", client_address="203.0.113.7")


async def bought(shop: Shop) -> Purchase:
    """A paid purchase of mine."""
    await shop.buy()
    return (await shop.port.purchases(ME, cursor=None, limit=10)).items[0]


async def refund(
    shop: Shop,
    purchase_id: str,
    amount_minor: int | None = None,
    *,
    key: str = "k1",
    role: Role = Role.ADMIN,
    reason: str = "Bought by mistake",
) -> tuple[Purchase, bool]:
    """Refund somebody's purchase."""
    return await shop.port.refund_purchase(
        actor(role), purchase_id, amount_minor=amount_minor, reason=reason, idempotency_key=key
    )


async def test_a_part_and_the_rest(shop: Shop) -> None:
    """The answer is the purchase as it stands, and so is what its owner sees; a key is one refund."""
    purchase = await bought(shop)
    part, replayed = await refund(shop, purchase.purchase_id, 400)
    assert (part.refunded_minor, part.status, replayed) == (400, PurchaseStatus.PARTIALLY_REFUNDED, False)
    assert await refund(shop, purchase.purchase_id, 400) == (part, True)
    with pytest.raises(IdempotencyKeyReused):
        await refund(shop, purchase.purchase_id, 500)
    rest, _ = await refund(shop, purchase.purchase_id, key="k2")
    assert (rest.refunded_minor, rest.status) == (1000, PurchaseStatus.REFUNDED)
    assert (await shop.port.purchases(ME, cursor=None, limit=10)).items == [rest]
    with pytest.raises(Conflict) as refused:
        await refund(shop, purchase.purchase_id, key="k3")
    assert refused.value.reason == "NOTHING_LEFT_TO_REFUND"


async def test_nobody_else_refunds(shop: Shop) -> None:
    """A user is forbidden, a purchase that is none is not found, more than is left is refused."""
    purchase = await bought(shop)
    with pytest.raises(Forbidden) as forbidden:
        await refund(shop, purchase.purchase_id, role=Role.USER)
    assert forbidden.value.reason == "NOT_AN_ADMIN"
    with pytest.raises(NotFound) as missing:
        await refund(shop, "pay_other")
    assert missing.value.reason == "PURCHASE_NOT_FOUND"
    with pytest.raises(InvalidRequest) as invalid:
        await refund(shop, purchase.purchase_id, 1001)
    assert [field.field for field in invalid.value.fields] == ["amount_minor"]
    assert (await shop.port.purchases(ME, cursor=None, limit=10)).items == [purchase]
