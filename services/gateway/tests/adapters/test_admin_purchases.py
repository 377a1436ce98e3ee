"""Refunds by administrators: a user is refused, whatever they send."""

from dataclasses import replace

from gateway.domain.user import Role
from gateway_world import PASSWORD, Door, assert_problem

WHY = {"reason": "Bought by mistake"}


async def sell(door: Door) -> str:
    """Sell a starter pack to whoever is signed in; return the purchase's id."""
    checkout = (await door.http.post("/v1/checkout", json={"pack": "starter"})).json()
    return str(door.world.billing.pay(checkout["id"]).purchase_id)


async def become_admin(door: Door) -> None:
    """Sign in as an administrator."""
    user_id = await door.sign_up("boss@example.com")
    users = door.world.identity.users
    users[user_id] = replace(users[user_id], role=Role.ADMIN)
    answer = await door.http.post("/v1/auth/login", json={"email": "boss@example.com", "password": PASSWORD})
    door.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def test_a_part_and_the_rest(door: Door) -> None:
    """The answer is the purchase; the same key replays it, and another body with it is refused."""
    await door.sign_up()
    purchase = await sell(door)
    await become_admin(door)
    path, key = f"/v1/admin/purchases/{purchase}/refund", {"Idempotency-Key": "k1"}
    part = await door.http.post(path, json=WHY | {"amount_minor": 400}, headers=key)
    assert part.status_code == 200
    said = part.json()
    assert (said["id"], said["refunded_minor"], said["status"]) == (purchase, 400, "partially_refunded")
    again = await door.http.post(path, json=WHY | {"amount_minor": 400}, headers=key)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (said, "true")
    reused = await door.http.post(path, json=WHY, headers=key)
    assert_problem(reused, 422, "IDEMPOTENCY_KEY_REUSED")
    rest = await door.http.post(path, json=WHY)
    assert (rest.json()["refunded_minor"], rest.json()["status"]) == (1000, "refunded")
    assert_problem(await door.http.post(path, json=WHY), 409, "NOTHING_LEFT_TO_REFUND")


async def test_a_user_is_refused(door: Door) -> None:
    """Their own purchase too; without a token nobody is known at all. Nothing goes back."""
    await door.sign_up()
    purchase = await sell(door)
    path = f"/v1/admin/purchases/{purchase}/refund"
    before = dict(door.world.billing.paid)
    assert_problem(await door.http.post(path, json=WHY), 403, "NOT_AN_ADMIN")
    # A user does not even learn which purchases there are.
    assert_problem(await door.http.post("/v1/admin/purchases/pay_0/refund", json=WHY), 403, "NOT_AN_ADMIN")
    del door.http.headers["Authorization"]
    assert_problem(await door.http.post(path, json=WHY), 401, "UNAUTHENTICATED")
    assert door.world.billing.paid == before


async def test_what_is_none_or_too_much(door: Door) -> None:
    """An unknown purchase, one that no id is like, and amounts out of bounds."""
    await door.sign_up()
    purchase = await sell(door)
    await become_admin(door)
    for unknown in ("pay_0", "nothing", "pay_%00"):
        answer = await door.http.post(f"/v1/admin/purchases/{unknown}/refund", json=WHY)
        assert_problem(answer, 404, "PURCHASE_NOT_FOUND")
    path = f"/v1/admin/purchases/{purchase}/refund"
    for body in ({}, WHY | {"amount_minor": 0}, {"reason": ""}, WHY | {"amount": 1}):
        assert_problem(await door.http.post(path, json=body), 422, "INVALID_REQUEST")
    too_much = await door.http.post(path, json=WHY | {"amount_minor": 1001})
    assert_problem(too_much, 422, "INVALID_FIELD")
