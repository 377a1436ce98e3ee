"""A fresh proof, over REST and in the console: API keys are made after one."""

from gateway_world import HTML, PASSWORD, Door, assert_problem, enter, hidden

KEY = {"name": "Shop", "scopes": ["account:read"]}


async def test_keys_are_made_after_a_fresh_proof(door: Door) -> None:
    """A sign-in just now is one; later the password is said once more."""
    await door.sign_up()
    assert (await door.http.post("/v1/api-keys", json=KEY)).status_code == 201
    door.clock.pass_(minutes=10)
    refused = await door.http.post("/v1/api-keys", json=KEY)
    assert_problem(refused, 403, "STEP_UP_REQUIRED")
    assert len(door.world.identity.keys) == 1
    assert (await door.http.get("/v1/api-keys")).status_code == 200
    wrong = await door.http.post("/v1/auth/step-up", json={"password": "wrong"})
    assert_problem(wrong, 422, "WRONG_PASSWORD")
    assert_problem(await door.http.post("/v1/auth/step-up", json={"code": "1"}), 422, "WRONG_CODE")
    assert_problem(await door.http.post("/v1/auth/step-up", json={}), 422, "WRONG_PASSWORD")
    assert_problem(await door.http.post("/v1/api-keys", json=KEY), 403, "STEP_UP_REQUIRED")
    assert (await door.http.post("/v1/auth/step-up", json={"password": PASSWORD})).status_code == 204
    assert (await door.http.post("/v1/api-keys", json=KEY)).status_code == 201


async def test_the_console_asks_and_leads_back(door: Door) -> None:
    """To the page that the form stood on; what is wrong asks again."""
    csrf = await enter(door)
    door.clock.pass_(minutes=10)
    page = await door.http.get("/account/keys", headers=HTML)
    form = {"csrf_token": csrf, "once": hidden(page, "once")} | KEY
    from_here = HTML | {"Referer": "http://gateway.test/account/keys"}
    asked = await door.http.post("/account/keys", data=form, headers=from_here)
    assert asked.headers["location"] == "/account/step-up?next=/account/keys"
    assert door.world.identity.keys == {}
    page = await door.http.get(asked.headers["location"], headers=HTML)
    assert "If you have neither, sign out and sign in again" in page.text
    step = {"csrf_token": csrf, "next": hidden(page, "next"), "password": "wrong"}
    wrong = await door.http.post("/account/step-up", data=step, headers=HTML)
    assert (wrong.status_code, hidden(wrong, "next")) == (422, "/account/keys")
    proven = await door.http.post("/account/step-up", data=step | {"password": PASSWORD}, headers=HTML)
    assert proven.headers["location"] == "/account/keys?note=proven"
    made = await door.http.post("/account/keys", data=form, headers=HTML)
    assert "tt_live_" in made.text


async def test_nobody_is_led_elsewhere(door: Door) -> None:
    """After a proof one is still here."""
    csrf = await enter(door)
    step = {"csrf_token": csrf, "next": "//evil.example", "password": PASSWORD}
    proven = await door.http.post("/account/step-up", data=step, headers=HTML)
    assert proven.headers["location"] == "/account?note=proven"
