"""Sign-up that is not open to everybody: the page and the API say so, and why."""

import pytest
from gateway.adapters.outbound.memory.sign_up_rules import HUMAN
from gateway.domain.sign_in import SignUpMode
from gateway_world import HTML, PASSWORD, Door, assert_problem, hidden

FORM = {"email": "ada@example.com", "password": PASSWORD}


@pytest.mark.parametrize(
    ("mode", "status", "reason", "said"),
    [
        (SignUpMode.CLOSED, 403, "SIGN_UP_CLOSED", "No new accounts can be opened here."),
        (SignUpMode.INVITED, 403, "INVITATION_REQUIRED", "Accounts are by invitation"),
    ],
)
async def test_there_is_no_form_for_who_may_not(
    door: Door, mode: SignUpMode, status: int, reason: str, said: str
) -> None:
    """And one that is sent all the same is refused, in the reader's words; nothing is made."""
    door.world.identity.sign_up_mode = mode
    page = (await door.http.get("/signup", headers=HTML)).text
    assert said in page
    assert 'action="/signup"' not in page
    assert ("/login/with/google" in page) is (mode is SignUpMode.INVITED)
    log_in = (await door.http.get("/login", headers=HTML)).text
    assert ("Create an account" in log_in) is (mode is SignUpMode.INVITED)
    assert (await door.http.get("/v1/auth/options")).json()["sign_up"] == mode.value
    before = door.state()
    assert_problem(await door.http.post("/v1/auth/signup", json=FORM), status, reason)
    sent = await door.http.post("/signup", data=FORM, headers=HTML | {"Accept-Language": "es"})
    assert sent.status_code == status
    assert ("invitación" if mode is SignUpMode.INVITED else "cuentas nuevas") in sent.text
    assert door.state() == before


@pytest.mark.parametrize("mode", [SignUpMode.CLOSED, SignUpMode.INVITED])
async def test_no_page_leads_to_a_form_that_is_not_there(door: Door, mode: SignUpMode) -> None:
    """Landing, prices, every header and an error say "Sign in" in its place, and lead there."""
    addresses = ("/", "/pricing", "/pricing?interval=year", "/models", "/forgot-password", "/nowhere")
    for address in addresses:
        page = (await door.http.get(address, headers=HTML)).text
        assert "Get started" in page, address
    assert "/signup" in (await door.http.get("/", headers=HTML)).text
    door.world.identity.sign_up_mode = mode
    door.clock.pass_(seconds=11)
    for address in addresses:
        page = (await door.http.get(address, headers=HTML)).text
        assert "/signup" not in page, address
        assert "Get started" not in page
        assert 'href="/login' in page
    said = (
        "No new accounts can be opened here." if mode is SignUpMode.CLOSED else "Accounts are by invitation"
    )
    for address in ("/", "/pricing"):
        page = (await door.http.get(address, headers=HTML)).text
        assert said in page
        assert "free credits</a>" not in page
        assert "No card needed" not in page
    prices = (await door.http.get("/pricing", headers=HTML)).text
    assert "Sign in to buy Starter" in prices
    assert 'href="/login?next=/billing"' in prices
    assert "Sign in for Pro" in prices
    invited = await door.http.get("/invite/abc123", headers=HTML)
    assert invited.headers["location"] == "/login?next=/invite/abc123"


async def test_while_nobody_can_say_who_may_sign_up_the_pages_are_whole(door: Door) -> None:
    """They lead to the form, which says it; or they go by what was known last."""
    door.world.sign_in.is_away = True
    page = await door.http.get("/", headers=HTML)
    assert (page.status_code, "/signup" in page.text) == (200, True)
    door.world.sign_in.is_away = False
    door.world.identity.sign_up_mode = SignUpMode.CLOSED
    assert "/signup" not in (await door.http.get("/", headers=HTML)).text
    door.world.sign_in.is_away = True
    door.clock.pass_(seconds=11)
    for address in ("/", "/nowhere"):
        assert "/signup" not in (await door.http.get(address, headers=HTML)).text


async def test_an_invitations_link_leads_to_the_form(door: Door) -> None:
    """Which carries its token, and opens an account with a confirmed address."""
    door.world.identity.sign_up_mode = SignUpMode.INVITED
    door.world.identity.invited["ada@example.com"] = "token-1"
    page = await door.http.get("/signup", params={"token": "token-1"}, headers=HTML)
    form = FORM | {"token": hidden(page, "token")}
    wrong = await door.http.post("/signup", data=FORM | {"token": "guessed"}, headers=HTML)
    assert wrong.status_code == 403
    assert hidden(wrong, "token") == "guessed"
    assert (await door.http.post("/signup", data=form, headers=HTML)).status_code == 303
    (ada,) = door.world.identity.users.values()
    assert ada.email_verified


async def test_a_program_signs_up_with_an_invitation(door: Door) -> None:
    """By a field of its own."""
    door.world.identity.sign_up_mode = SignUpMode.INVITED
    door.world.identity.invited["ada@example.com"] = "token-1"
    made = await door.http.post("/v1/auth/signup", json=FORM | {"invitation": "token-1"})
    assert (made.status_code, made.json()["user"]["email_verified"]) == (201, True)


async def test_the_page_names_the_domains(door: Door) -> None:
    """Before somebody types an address in vain."""
    door.world.identity.email_domains = ("example.org", "example.net")
    page = (await door.http.get("/signup", headers=HTML)).text
    assert "For addresses at example.org, example.net." in page
    assert_problem(await door.http.post("/v1/auth/signup", json=FORM), 422, "EMAIL_DOMAIN_NOT_ALLOWED")
    assert not door.world.identity.users


async def test_the_widget_is_shown_where_one_is_asked_for(door: Door) -> None:
    """On this page alone its origin may run a script; as shipped nowhere."""
    plain = await door.http.get("/signup", headers=HTML)
    assert "turnstile" not in plain.text
    assert "script-src" not in plain.headers["content-security-policy"]
    door.world.identity.captcha_site_key = "site-1"
    door.clock.pass_(seconds=11)
    page = await door.http.get("/signup", headers=HTML)
    assert '<div class="cf-turnstile" data-sitekey="site-1">' in page.text
    assert '<script src="https://captcha.test/turnstile/v0/api.js" async defer>' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' https://captcha.test; frame-src https://captcha.test;" in policy
    other = await door.http.get("/login", headers=HTML)
    assert "captcha.test" not in other.headers["content-security-policy"]
    assert (await door.http.get("/v1/auth/options")).json()["captcha_site_key"] == "site-1"


async def test_whoever_did_not_show_to_be_a_person_is_refused(door: Door) -> None:
    """On the page, with the widget once more, and by the API, by its field."""
    door.world.identity.captcha_site_key = "site-1"
    assert_problem(await door.http.post("/v1/auth/signup", json=FORM), 422, "CAPTCHA_FAILED")
    refused = await door.http.post("/signup", data=FORM, headers=HTML)
    assert refused.status_code == 422
    assert "It could not be checked that you are a person." in refused.text
    assert "cf-turnstile" in refused.text
    assert "https://captcha.test" in refused.headers["content-security-policy"]
    assert not door.world.identity.users
    shown = FORM | {"cf-turnstile-response": HUMAN}
    assert (await door.http.post("/signup", data=shown, headers=HTML)).status_code == 303
    other = FORM | {"email": "eve@example.com", "captcha_token": HUMAN}
    assert (await door.http.post("/v1/auth/signup", json=other)).status_code == 201
