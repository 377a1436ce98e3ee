"""Who deletes their account may think again, and is told what is refused meanwhile."""

from datetime import datetime, timedelta

from gateway.domain.auto_top_up import SavedMethod
from gateway.domain.identifiers import UserId
from gateway_world import HTML, Door, assert_problem, enter


async def test_an_account_is_deleted_later_and_kept_after_all(door: Door) -> None:
    """202 with the day, which stays; then it is kept; both again are no error."""
    await door.sign_up(welcome_credits=100)
    assert (await door.http.get("/v1/me")).json()["erased_from"] is None
    leaving = await door.http.delete("/v1/me")
    assert leaving.status_code == 202
    day = datetime.fromisoformat(leaving.json()["erased_from"])
    assert day - door.clock.now() == timedelta(days=14)
    door.clock.pass_(minutes=5)
    assert (await door.http.delete("/v1/me")).json() == leaving.json()
    for _ in range(2):
        kept = await door.http.post("/v1/me/keep")
        assert (kept.status_code, kept.json()["erased_from"]) == (200, None)


async def test_nothing_new_is_sold_and_no_keys_are_made_meanwhile(door: Door) -> None:
    """Both would be lost with the account; what was paid for can still be used up."""
    await door.sign_up(welcome_credits=100)
    await door.http.delete("/v1/me")
    keyed = {"Idempotency-Key": "k"}
    for path, body in (
        ("/v1/checkout", {"pack": "starter"}),
        ("/v1/api-keys", {"name": "Shop", "scopes": ["billing:read"]}),
    ):
        refused = await door.http.post(path, json=body, headers=keyed)
        assert_problem(refused, 409, "ACCOUNT_LEAVING")
    assert door.world.billing.checkouts == {}
    assert door.world.identity.keys == {}
    assert (await door.generate()).status_code == 202


async def test_no_other_plan_is_bought_and_auto_top_up_is_only_switched_off_meanwhile(door: Door) -> None:
    """What is paid from now on would be lost; who wants to pay less is kept from nothing."""
    user_id = UserId(await door.sign_up())
    top_ups = door.world.billing.auto_top_ups
    top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    await door.http.delete("/v1/me")
    other = {"plan": "business", "interval": "month"}
    refused = await door.http.post("/v1/subscription/change", json=other, headers={"Idempotency-Key": "k"})
    assert_problem(refused, 409, "ACCOUNT_LEAVING")
    wish = {"enabled": True, "threshold_credits": 200, "pack": "starter", "monthly_purchases_max": 3}
    assert_problem(await door.http.put("/v1/auto-top-up", json=wish), 409, "ACCOUNT_LEAVING")
    assert (await door.http.get("/v1/auto-top-up")).json()["status"] == "off"
    off = await door.http.put("/v1/auto-top-up", json=wish | {"enabled": False})
    assert (off.status_code, off.json()["status"]) == (200, "off")


async def test_a_key_deletes_no_account(door: Door) -> None:
    """That is for people."""
    await door.sign_up()
    made = await door.http.post(
        "/v1/api-keys",
        json={"name": "Shop", "scopes": ["account:read"]},
        headers={"Idempotency-Key": "k"},
    )
    door.http.headers["Authorization"] = f"Bearer {made.json()['key']}"
    for answer in (await door.http.delete("/v1/me"), await door.http.post("/v1/me/keep")):
        assert_problem(answer, 403, "KEYS_NOT_ADMITTED")
    assert [user.erased_from for user in door.world.identity.users.values()] == [None]


async def test_a_session_that_was_left_open_deletes_no_account(door: Door) -> None:
    """Ten minutes after the sign-in it takes the password once more, over REST and on the page."""
    csrf = await enter(door)
    door.clock.pass_(minutes=11)
    form = {"csrf_token": csrf, "email": "ada@example.com"}
    page = await door.http.post("/account/data/delete", data=form, headers=HTML)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/account/step-up")
    (user,) = door.world.identity.users.values()
    token = door.world.identity.access_token(user)
    door.clock.pass_(minutes=11)
    refused = await door.http.delete("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert_problem(refused, 403, "STEP_UP_REQUIRED")
    assert door.world.identity.users[user.user_id].erased_from is None
