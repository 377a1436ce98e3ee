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


HOOK = {"url": "https://shop.example/hook", "event_types": ["credits.low"]}


async def test_what_webhooks_are_verified_by_takes_a_fresh_proof(door: Door) -> None:
    """A new endpoint, another address, another secret, and a look at the account's: nothing changed."""
    await door.sign_up()
    made = (await door.http.post("/v1/webhook-endpoints", json=HOOK)).json()
    path = f"/v1/webhook-endpoints/{made['id']}"
    door.clock.pass_(minutes=10)
    before = door.state()
    for method, address, body in (
        ("POST", "/v1/webhook-endpoints", HOOK),
        ("PATCH", path, {"url": "https://evil.example/hook"}),
        ("POST", f"{path}/rotate-secret", None),
        ("GET", "/v1/webhook-endpoints/signing-secret", None),
        ("POST", "/v1/webhook-endpoints/signing-secret/rotate", None),
    ):
        assert_problem(await door.http.request(method, address, json=body), 403, "STEP_UP_REQUIRED")
    assert door.state() == before
    assert (await door.http.patch(path, json={"description": "Shop"})).status_code == 200
    same = await door.http.patch(path, json={"url": HOOK["url"], "description": "Web shop"})
    assert (same.status_code, same.json()["description"]) == (200, "Web shop")
    assert (await door.http.post("/v1/auth/step-up", json={"password": PASSWORD})).status_code == 204
    assert (await door.http.post(f"{path}/rotate-secret")).status_code == 200


async def test_a_key_that_may_change_webhooks_needs_no_proof(door: Door) -> None:
    """It was made after one, for this; a key without the scope is refused as ever."""
    await door.sign_up()
    scopes = {"name": "Shop", "scopes": ["webhooks:write"]}
    key = (await door.http.post("/v1/api-keys", json=scopes)).json()["key"]
    other = (await door.http.post("/v1/api-keys", json=KEY)).json()["key"]
    door.clock.pass_(minutes=10)
    door.http.headers["Authorization"] = f"Bearer {key}"
    assert (await door.http.post("/v1/webhook-endpoints", json=HOOK)).status_code == 201
    assert (await door.http.get("/v1/webhook-endpoints/signing-secret")).status_code == 200
    assert_problem(await door.http.post("/v1/api-keys", json=KEY), 403, "KEYS_NOT_ADMITTED")
    door.http.headers["Authorization"] = f"Bearer {other}"
    assert_problem(await door.http.post("/v1/webhook-endpoints", json=HOOK), 403, "SCOPE_REQUIRED")


async def test_the_console_asks_before_webhooks_go_elsewhere(door: Door) -> None:
    """For a new endpoint, another address and a new secret; other words need nothing."""
    csrf = await enter(door)
    form = {"csrf_token": csrf, "url": HOOK["url"], "events": ["credits.low"]}
    await door.http.post("/account/webhooks", data=form, headers=HTML)
    (endpoint,) = door.world.webhooks.kept.values()
    page = f"/account/webhooks/{endpoint.endpoint_id}"
    door.clock.pass_(minutes=10)
    for address, sent in (
        ("/account/webhooks", form),
        (page, form | {"url": "https://evil.example/"}),
        (f"{page}/rotate", {"csrf_token": csrf}),
    ):
        asked = await door.http.post(address, data=sent, headers=HTML)
        assert asked.headers["location"].startswith("/account/step-up"), address
    assert list(door.world.webhooks.kept.values()) == [endpoint]
    kept = await door.http.post(page, data=form | {"description": "Shop"}, headers=HTML)
    assert kept.headers["location"].startswith(page)


async def test_somebody_elses_proof_is_nobodys(door: Door) -> None:
    """A page asks for the proof of the session whose page it is, whatever token comes beside its cookie."""
    csrf = await enter(door)
    page = await door.http.get("/account/keys", headers=HTML)
    form = {"csrf_token": csrf, "once": hidden(page, "once")} | KEY
    hook = {"csrf_token": csrf, "url": HOOK["url"], "events": ["credits.low"]}
    door.clock.pass_(minutes=10)
    eve = {"email": "eve@example.com", "password": PASSWORD}
    token = (await door.http.post("/v1/auth/signup", json=eve)).json()["access_token"]
    beside = HTML | {"Authorization": f"Bearer {token}"}
    for address, sent in (("/account/keys", form), ("/account/webhooks", hook)):
        asked = await door.http.post(address, data=sent, headers=beside)
        assert asked.headers.get("location", "").startswith("/account/step-up"), address
    assert (door.world.identity.keys, door.world.webhooks.kept) == ({}, {})
