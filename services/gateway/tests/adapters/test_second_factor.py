"""A second factor over REST and in the console."""

import re

from gateway.adapters.outbound.memory.second_factors import code_at
from gateway_world import HTML, PASSWORD, Door, assert_problem, enter, hidden

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


async def turned_on(door: Door) -> list[str]:
    """The caller's factor is on; returns the recovery codes."""
    door.confirm_addresses()
    made = await door.http.post("/v1/me/second-factor", json={"password": PASSWORD})
    assert made.status_code == 200, made.text
    code = code_at(made.json()["secret"], door.clock.now())
    confirmed = await door.http.post("/v1/me/second-factor/confirm", json={"code": code})
    codes: list[str] = confirmed.json()["recovery_codes"]
    return codes


async def test_a_sign_in_takes_two_steps(door: Door) -> None:
    """The first is refused with what the second one needs."""
    await door.sign_up()
    assert (await door.http.get("/v1/me/second-factor")).json()["enabled"] is False
    codes = await turned_on(door)
    state = (await door.http.get("/v1/me/second-factor")).json()
    assert (state["enabled"], state["recovery_codes_left"]) == (True, 10)
    refused = assert_problem(
        await door.http.post("/v1/auth/login", json=CREDENTIALS), 401, "SECOND_FACTOR_REQUIRED"
    )
    step = {"challenge": refused["challenge"], "code": "000000"}
    sessions = len(door.world.identity.sessions)
    assert_problem(await door.http.post("/v1/auth/login/second-factor", json=step), 422, "WRONG_CODE")
    assert len(door.world.identity.sessions) == sessions
    opened = await door.http.post("/v1/auth/login/second-factor", json=step | {"code": codes[0]})
    assert opened.json()["access_token"]
    again = await door.http.post("/v1/auth/login/second-factor", json=step | {"code": codes[1]})
    assert_problem(again, 401, "CHALLENGE_ENDED")


async def test_what_is_wrong_changes_nothing(door: Door) -> None:
    """To turn it on and off takes the password, and off a code."""
    await door.sign_up()
    door.confirm_addresses()
    wrong = {"password": "wrong"}
    assert_problem(await door.http.post("/v1/me/second-factor", json=wrong), 422, "WRONG_PASSWORD")
    assert_problem(
        await door.http.post("/v1/me/second-factor/confirm", json={"code": "000000"}), 422, "WRONG_CODE"
    )
    codes = await turned_on(door)
    again = await door.http.post("/v1/me/second-factor", json={"password": PASSWORD})
    assert_problem(again, 409, "SECOND_FACTOR_ON")
    body = {"password": PASSWORD, "code": "000000"}
    assert_problem(await door.http.post("/v1/me/second-factor/remove", json=body), 422, "WRONG_CODE")
    body["code"] = codes[0]
    assert (await door.http.post("/v1/me/second-factor/remove", json=body)).status_code == 204
    assert (await door.http.post("/v1/auth/login", json=CREDENTIALS)).status_code == 200


async def test_an_address_that_nobody_proved_turns_nothing_on(door: Door) -> None:
    """The refusal says what to do; the page has a button for another mail in the form's place."""
    csrf = await enter(door)
    form = {"csrf_token": csrf}
    headers = {"X-CSRF-Token": csrf, "Origin": "http://gateway.test"}
    for path, body in (("", {"password": PASSWORD}), ("/confirm", {"code": "000000"})):
        refused = await door.http.post(f"/v1/me/second-factor{path}", json=body, headers=headers)
        assert_problem(refused, 409, "EMAIL_NOT_CONFIRMED")
    page = await door.http.get("/account/second-factor", headers=HTML)
    assert "Set up an app" not in page.text
    assert "Mail me a new link" in page.text
    spanish = HTML | {"Accept-Language": "es"}
    asked = await door.http.post(
        "/account/second-factor", data=form | {"password": PASSWORD}, headers=spanish
    )
    assert asked.status_code == 409
    assert "Confirma primero tu correo" in asked.text
    assert door.world.identity.factors == {}
    door.confirm_addresses()
    page = await door.http.get("/account/second-factor", headers=HTML)
    assert "Set up an app" in page.text
    assert "Mail me a new link" not in page.text


async def test_the_console_turns_it_on_and_asks_for_it(door: Door) -> None:
    """A picture and codes are shown once; signing in has a second page."""
    csrf = await enter(door)
    form = {"csrf_token": csrf}
    door.confirm_addresses()
    page = await door.http.post("/account/second-factor", data=form | {"password": PASSWORD}, headers=HTML)
    assert "<svg" in page.text
    assert "style=" not in page.text.split("<svg")[1].split("</svg>")[0]
    (kept,) = door.world.identity.factors.values()
    wrong = await door.http.post("/account/second-factor/confirm", data=form | {"code": "1"}, headers=HTML)
    assert (wrong.status_code, kept.secret in wrong.text) == (422, False)
    code = code_at(kept.secret, door.clock.now())
    page = await door.http.post("/account/second-factor/confirm", data=form | {"code": code}, headers=HTML)
    found = re.search(r'id="recovery-codes"[^>]*>([^<]+)<', page.text)
    assert found
    codes = found.group(1).split()
    assert len(codes) == 10
    assert codes[0] not in (await door.http.get("/account/second-factor", headers=HTML)).text

    door.http.cookies.clear()
    asked = await door.http.post("/login", data=CREDENTIALS | {"next": "/billing"}, headers=HTML)
    assert asked.status_code == 200
    assert not door.http.cookies.get("tintype_session")
    step = {"challenge": hidden(asked, "challenge"), "next": hidden(asked, "next"), "code": "000000"}
    wrong = await door.http.post("/login/second-factor", data=step, headers=HTML)
    assert (wrong.status_code, hidden(wrong, "challenge")) == (422, step["challenge"])
    opened = await door.http.post("/login/second-factor", data=step | {"code": codes[0]}, headers=HTML)
    assert (opened.status_code, opened.headers["location"]) == (303, "/billing")
    csrf = hidden(await door.http.get("/account", headers=HTML), "csrf_token")
    form = {"csrf_token": csrf, "password": PASSWORD, "code": codes[1]}
    removed = await door.http.post("/account/second-factor/remove", data=form, headers=HTML)
    assert removed.headers["location"] == "/account/second-factor?note=factor-off"
    assert door.world.identity.factors == {}


async def test_another_site_ends_no_sign_in(door: Door) -> None:
    """Nor sends a person anywhere else."""
    foreign = HTML | {"Origin": "https://evil.example"}
    step = {"challenge": "x", "code": "1", "next": "https://evil.example"}
    assert (await door.http.post("/login/second-factor", data=step, headers=foreign)).status_code == 403
    page = await door.http.post("/login/second-factor", data=step, headers=HTML)
    assert "evil.example" not in page.text
