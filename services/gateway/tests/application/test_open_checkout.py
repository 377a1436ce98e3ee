"""Checkouts are opened for whoever is signed in, and lead back to us and nowhere else."""

import pytest
from gateway.adapters.inbound.deps import Deps
from gateway.application.open_checkout import OpenCheckout
from gateway.bootstrap.parts import wire
from gateway.domain.errors import Conflict, InvalidRequest
from gateway.domain.identifiers import PackId, SessionId, UserId
from gateway.domain.user import Principal, Role, User
from gateway_world import ORIGIN, Door

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")
HERE = f"{ORIGIN}/thanks"
ELSEWHERE = "https://evil.example/thanks"


@pytest.fixture
def deps(door: Door) -> Deps:
    """The use cases over the door's memory, for two people."""
    for user_id in (ADA, BOB):
        door.world.identity.users[user_id] = User(
            user_id=user_id,
            email=f"{user_id}@example.com",
            email_verified=True,
            full_name="",
            avatar_url="",
            role=Role.USER,
            created_at=door.clock.now(),
        )
    return wire(door.world.ports)


def order(door: Door, user_id: UserId = ADA, **more: str) -> OpenCheckout:
    """A pack for somebody."""
    buyer = Principal(
        user_id=user_id,
        email=f"{user_id}@example.com",
        role=Role.USER,
        expires_at=door.clock.now(),
        session_id=SessionId("ses_1"),
    )
    return OpenCheckout(buyer=buyer, pack_id=PackId("starter"), idempotency_key="k", **more)


async def test_it_is_the_buyers_own(deps: Deps, door: Door) -> None:
    """Billing hears who buys and where mails go; another's same key is another checkout."""
    first, replayed = await deps.open_checkout(order(door))
    assert not replayed
    again, replayed = await deps.open_checkout(order(door))
    assert (again.checkout_id, replayed) == (first.checkout_id, True)
    bobs, replayed = await deps.open_checkout(order(door, BOB))
    assert not replayed
    billing = door.world.billing
    assert {checkout_id: owner for checkout_id, (owner, _) in billing.checkouts.items()} == {
        first.checkout_id: ADA,
        bobs.checkout_id: BOB,
    }
    assert billing.emails == {
        first.checkout_id: "usr_ada@example.com",
        bobs.checkout_id: "usr_bob@example.com",
    }


async def test_each_address_of_ones_own_is_kept(deps: Deps, door: Door) -> None:
    """One that is given stands, and the other is the console's."""
    checkout, _ = await deps.open_checkout(order(door, success_url=HERE))
    assert door.world.billing.return_urls == [(HERE, f"{ORIGIN}/billing?note=unpaid")]
    door.world.billing.return_urls.clear()
    checkout, _ = await deps.open_checkout(order(door, BOB, cancel_url=HERE))
    back = f"{ORIGIN}/billing?checkout={checkout.checkout_id}"
    assert door.world.billing.return_urls == [(back, HERE)]


@pytest.mark.parametrize("fields", [("success_url",), ("cancel_url",), ("success_url", "cancel_url")])
async def test_one_foreign_address_is_enough(deps: Deps, door: Door, fields: tuple[str, ...]) -> None:
    """Each is named, and nothing was opened."""
    before = door.state()
    urls = {"success_url": HERE, "cancel_url": HERE} | dict.fromkeys(fields, ELSEWHERE)
    with pytest.raises(InvalidRequest) as refused:
        await deps.open_checkout(order(door, **urls))
    assert refused.value.reason == "FOREIGN_RETURN_URL"
    assert tuple(problem.field for problem in refused.value.fields) == fields
    assert door.state() == before
    assert door.world.billing.emails == {}


async def test_who_leaves_buys_nothing(deps: Deps, door: Door) -> None:
    """The refusal says until when; once that is taken back the same key opens a page."""
    await deps.identity.request_erasure(ADA)
    with pytest.raises(Conflict, match="is deleted on") as refused:
        await deps.open_checkout(order(door))
    assert (refused.value.reason, door.world.billing.checkouts) == ("ACCOUNT_LEAVING", {})
    await deps.identity.take_back_erasure(ADA)
    checkout, replayed = await deps.open_checkout(order(door))
    assert (list(door.world.billing.checkouts), replayed) == ([checkout.checkout_id], False)
