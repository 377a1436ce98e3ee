"""Invitations, by the API and in the console: nothing of them where nobody is rewarded."""

from gateway_world import HTML, Door, assert_problem, enter, hidden

ES = HTML | {"Accept-Language": "es"}


async def code_of_another(door: Door) -> str:
    """Somebody who invites, and is gone again; their code."""
    await door.sign_up("inviter@example.com")
    code = (await door.http.get("/v1/referral")).json()["code"]
    del door.http.headers["Authorization"]
    return str(code)


async def test_a_code_its_link_and_what_came_of_it(door: Door) -> None:
    """One comes by it, pays, and counts; the link leads to our own origin."""
    door.world.billing.has_referrals = True
    code = await code_of_another(door)
    await door.sign_up()
    claimed = await door.http.post("/v1/referral/claim", json={"code": code.lower()})
    assert (claimed.status_code, claimed.json()["code"]) == (200, code)
    assert (await door.http.post("/v1/referral/claim", json={"code": code})).json() == claimed.json()
    checkout = (await door.http.post("/v1/checkout", json={"pack": "starter"})).json()
    door.world.billing.pay(checkout["id"])
    login = {"email": "inviter@example.com", "password": "correct horse battery"}
    token = (await door.http.post("/v1/auth/login", json=login)).json()["access_token"]
    answer = await door.http.get("/v1/referral", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {
        "code": code,
        "link": f"http://gateway.test/invite/{code}",
        "came": 1,
        "rewarded": 1,
        "inviter_credits": 300,
        "invited_credits": 200,
        "hold_days": 7,
    }


async def test_what_is_refused(door: Door) -> None:
    """By its reason; nothing is noted."""
    await door.sign_up()
    for call in (door.http.get("/v1/referral"), door.http.post("/v1/referral/claim", json={"code": "A" * 8})):
        assert_problem(await call, 404, "REFERRALS_OFF")
    door.world.billing.has_referrals = True
    mine = (await door.http.get("/v1/referral")).json()["code"]
    for code, status, reason in (
        (mine, 409, "REFERRAL_REFUSED"),
        ("A" * 8, 404, "UNKNOWN_REFERRAL_CODE"),
        ("A", 422, "INVALID_REQUEST"),
        ("", 422, "INVALID_REQUEST"),
    ):
        assert_problem(await door.http.post("/v1/referral/claim", json={"code": code}), status, reason)
    assert door.world.billing.invited_by == {}
    del door.http.headers["Authorization"]
    assert_problem(await door.http.get("/v1/referral"), 401, "UNAUTHENTICATED")


async def test_who_is_invited_signs_up_and_accepts(door: Door) -> None:
    """By the link to the form of a new account, back to the invitation, and to the billing page."""
    door.world.billing.has_referrals = True
    code = await code_of_another(door)
    arrived = await door.http.get(f"/invite/{code}", headers=HTML)
    assert (arrived.status_code, arrived.headers["location"]) == (303, f"/signup?next=/invite/{code}")
    form = await door.http.get(arrived.headers["location"], headers=HTML)
    assert hidden(form, "next") == f"/invite/{code}"
    await enter(door)
    page = await door.http.get(f"/invite/{code}", headers=HTML)
    assert "You are invited" in page.text
    answer = await door.http.post(
        "/invite", data={"csrf_token": hidden(page, "csrf_token"), "code": code}, headers=HTML
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=invited")
    assert [claimed.code for _, claimed in door.world.billing.invited_by.values()] == [code]
    billing = await door.http.get("/billing?note=invited", headers=HTML)
    assert "Your credits come once you have bought something" in billing.text
    assert "http://gateway.test/invite/" in billing.text


async def test_an_invitation_that_is_none_says_so(door: Door) -> None:
    """In the person's language; by a form of our own alone."""
    door.world.billing.has_referrals = True
    csrf = await enter(door)
    for headers, said in ((HTML, "Nobody invites by this code."), (ES, "Nadie invita con este código.")):
        form = {"csrf_token": csrf, "code": "K7Q2MX4D"}
        assert said in (await door.http.post("/invite", data=form, headers=headers)).text
    forged = await door.http.post("/invite", data={"csrf_token": "x", "code": "K7Q2MX4D"}, headers=HTML)
    assert forged.status_code == 403
    assert (await door.http.get("/invite/no-code", headers=HTML)).status_code == 404
    assert door.world.billing.invited_by == {}


async def test_where_nobody_is_rewarded_the_console_is_silent(door: Door) -> None:
    """And an old link says that it is over."""
    csrf = await enter(door)
    assert "Invite somebody" not in (await door.http.get("/billing", headers=HTML)).text
    answer = await door.http.post("/invite", data={"csrf_token": csrf, "code": "K7Q2MX4D"}, headers=HTML)
    assert "Invitations are over." in answer.text
