"""`/v1/auto-top-up`: what is wanted, how it stands, and what can't be."""

from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.application.set_auto_top_up import SetAutoTopUpHandler
from gateway.domain.auto_top_up import AutoTopUpStatus, AutoTopUpStopReason, AutoTopUpWish, SavedMethod
from gateway.domain.credits import Balance
from gateway.domain.errors import Unavailable
from gateway.domain.identifiers import PackId, UserId
from gateway_world import Door, assert_problem

PATH = "/v1/auto-top-up"


class Away(MemoryLedger):
    """A ledger that does not answer."""

    async def balance(self, account_id: str) -> Balance:
        """See Ledger."""
        raise Unavailable("the ledger is away", reason="LEDGER_UNAVAILABLE")


WISH = {"enabled": True, "threshold_credits": 200, "pack": "starter", "monthly_purchases_max": 3}


async def test_it_is_off_until_it_is_wanted(door: Door) -> None:
    """Nulls where nothing was said; nobody reads it without a token."""
    assert_problem(await door.http.get(PATH), 401, "UNAUTHENTICATED")
    assert_problem(await door.http.put(PATH, json=WISH), 401, "UNAUTHENTICATED")
    await door.sign_up()
    assert (await door.http.get(PATH)).json() == {
        "enabled": False,
        "status": "off",
        "threshold_credits": None,
        "pack": None,
        "monthly_purchases_max": None,
        "reason": None,
        "purchases_this_month": 0,
        "in_progress": False,
        "payment_method": None,
        "url": None,
        "accepted_price": None,
    }


async def test_it_is_wanted_with_the_balance_of_now(door: Door) -> None:
    """Billing is told what there is, so that who is low already need not wait; harmless to repeat."""
    user_id = await door.sign_up()
    door.world.billing.auto_top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    answers = [await door.http.put(PATH, json=WISH) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    first, second = (answer.json() for answer in answers)
    assert first == second == (await door.http.get(PATH)).json()
    assert (first["enabled"], first["status"], first["pack"]) == (True, "active", "starter")
    assert first["payment_method"] == {"brand": "visa", "last4": "4242"}
    seen = door.world.billing.auto_top_ups.seen[user_id]
    assert seen == await door.world.ledger.balance(user_id)
    off = await door.http.put(PATH, json=WISH | {"enabled": False})
    assert (off.json()["enabled"], off.json()["status"]) == (False, "off")
    assert off.json()["threshold_credits"] == 200


async def test_what_stopped_it_is_shown(door: Door) -> None:
    """With where the bank is answered."""
    user_id = await door.sign_up()
    top_ups = door.world.billing.auto_top_ups
    top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    await door.http.put(PATH, json=WISH)
    top_ups.stop(user_id, AutoTopUpStopReason.PAYMENT_REFUSED)
    stopped = (await door.http.get(PATH)).json()
    assert (stopped["enabled"], stopped["status"], stopped["reason"]) == (
        True,
        "paused_by_failure",
        "payment_refused",
    )
    top_ups.stop(user_id, AutoTopUpStopReason.AUTHENTICATION_REQUIRED, url="https://checkout.example/pay/1")
    asked = (await door.http.get(PATH)).json()
    assert (asked["status"], asked["url"]) == ("needs_authentication", "https://checkout.example/pay/1")


async def test_what_can_not_be_wanted(door: Door) -> None:
    """Each refusal has its reason, and nothing has changed."""
    user_id = await door.sign_up()
    assert_problem(await door.http.put(PATH, json=WISH), 409, "NO_PAYMENT_METHOD")
    door.world.billing.auto_top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    assert_problem(await door.http.put(PATH, json=WISH | {"pack": "none"}), 404, "UNKNOWN_PACK")
    for wrong in (
        {"threshold_credits": 0},
        {"monthly_purchases_max": 0},
        {"monthly_purchases_max": 101},
        {"enabled": "yes"},
        {"more": 1},
    ):
        assert_problem(await door.http.put(PATH, json=WISH | wrong), 422, "INVALID_REQUEST")
    assert (await door.http.get(PATH)).json()["status"] == "off"


async def test_a_ledger_that_is_away_keeps_nobody_from_it(door: Door) -> None:
    """Then the next change of the balance begins it."""
    user_id = UserId(await door.sign_up())
    top_ups = door.world.billing.auto_top_ups
    top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    wish = AutoTopUpWish(
        is_on=True, threshold_credits=200, pack_id=PackId("starter"), monthly_purchases_max=3
    )
    known = await SetAutoTopUpHandler(door.world.billing, Away(door.world.clock), door.world.identity)(
        user_id, wish
    )
    assert known.status is AutoTopUpStatus.ACTIVE
    assert top_ups.seen[user_id] is None


async def test_what_the_pack_costs_is_agreed_to(door: Door) -> None:
    """Whoever was shown something else is told, and nothing is on."""
    user_id = await door.sign_up()
    door.world.billing.auto_top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    asked = {"price_minor": 1000, "currency": "usd"}
    refused = await door.http.put(PATH, json=WISH | {"expected_price": asked | {"price_minor": 900}})
    assert assert_problem(refused, 409, "PRICE_CHANGED")["price"] == asked
    assert (await door.http.get(PATH)).json()["enabled"] is False
    for body in (WISH | {"expected_price": asked}, WISH):
        assert (await door.http.put(PATH, json=body)).json()["accepted_price"] == asked
