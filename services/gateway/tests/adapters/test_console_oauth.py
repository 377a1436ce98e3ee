"""Sign-in by a provider's word, for people: they end where they wanted to be, or read why not."""

from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from gateway.adapters.outbound.memory.second_factors import KeptFactor
from gateway_world import HTML, PASSWORD, Door, assert_problem, enter, hidden

BACK = "/v1/auth/oauth/google/callback"
ADA = "ada@example.com"


async def go(door: Door, page: str = "/login/with/google") -> str:
    """Press the button; returns the state."""
    sent = await door.http.get(page, headers=HTML)
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"].startswith("https://accounts.google.test/")
    return parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]


async def back(door: Door, state: str, **answer: str) -> httpx.Response:
    """Come back to the API's address, which leads to the console's page."""
    answer = answer or {"code": door.world.sign_in.person("code", email=ADA, email_verified=True)}
    there = await door.http.get(BACK, params={"state": state, **answer}, headers=HTML)
    assert there.status_code == 303, there.text
    assert there.headers["location"].startswith("/login/with/google/back?")
    return await door.http.get(there.headers["location"], headers=HTML)


async def test_pages_have_a_button_for_each_provider(door: Door) -> None:
    """Which keeps where the person wanted to be; none while nobody says who there is, or nobody is."""
    for page in ("/login", "/signup"):
        shown = (await door.http.get(page, params={"next": "/billing"}, headers=HTML)).text
        assert 'href="/login/with/google?next=/billing"' in shown
        assert "Sign in with Google" in shown
    door.world.sign_in.titles.clear()
    door.clock.pass_(seconds=11)
    assert "/login/with/" not in (await door.http.get("/login", headers=HTML)).text


async def test_without_identity_there_is_no_button(door: Door) -> None:
    """The rest of the page is there."""
    door.world.sign_in.is_away = True
    shown = await door.http.get("/login", headers=HTML)
    assert shown.status_code == 200
    assert "/login/with/" not in shown.text


async def test_somebody_new_ends_where_they_wanted_to_be(door: Door) -> None:
    """Signed in by a cookie, and known on this device."""
    state = await go(door, "/login/with/google?next=/billing%3Fx%3D1")
    arrived = await back(door, state)
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/billing?x=1")
    assert door.http.cookies["tintype_devices"]
    assert "tintype_sign_in" not in door.http.cookies
    account = await door.http.get("/account", headers=HTML)
    assert ADA in account.text
    assert 'href="/account/sign-in"' in account.text
    again = await door.http.get("/login/with/google?next=/library", headers=HTML)
    assert again.headers["location"] == "/library"


async def test_a_second_factor_is_asked_for(door: Door) -> None:
    """The provider's word alone signs nobody in; the code leads to where the person wanted to be."""
    await back(door, await go(door))
    ((user_id, _),) = door.world.identity.users.items()
    kept = KeptFactor("JBSWY3DPEHPK3PXP", door.clock.now(), recovery_codes=frozenset({"paper"}))
    door.world.identity.factors[user_id] = kept
    door.http.cookies.clear()
    asked = await back(door, await go(door, "/login/with/google?next=/billing"))
    assert asked.status_code == 200
    assert "tintype_session" not in door.http.cookies
    step = {"challenge": hidden(asked, "challenge"), "next": hidden(asked, "next"), "code": "paper"}
    arrived = await door.http.post("/login/second-factor", data=step, headers=HTML)
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/billing")
    assert door.http.cookies["tintype_session"]


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_nobody_is_led_elsewhere(door: Door, wanted: str) -> None:
    """Neither by the address that begins it nor by a cookie that somebody changed."""
    state = await go(door, f"/login/with/google?next={quote(wanted)}")
    secret = door.http.cookies["tintype_sign_in"].partition("|")[0]
    door.http.cookies.clear()
    door.http.cookies.set("tintype_sign_in", f"{secret}|{quote(wanted)}")
    arrived = await back(door, state)
    assert arrived.headers["location"] == "/generate"


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"error": "access_denied"}, 403, "The sign-in was cancelled."),
        ({"code": "guessed"}, 401, "It could not be confirmed who you are."),
        ({"code": "unproven"}, 403, "has not confirmed your email address"),
    ],
)
async def test_a_refusal_is_read_where_one_can_begin_again(
    door: Door, answer: dict[str, str], status: int, said: str
) -> None:
    """With the button that leads to the same page; nobody is signed in."""
    state = await go(door, "/login/with/google?next=/billing")
    door.world.sign_in.person("unproven", email=ADA)
    refused = await back(door, state, **answer)
    assert refused.status_code == status
    assert said in refused.text
    assert 'href="/login/with/google?next=/billing"' in refused.text
    assert "tintype_session" not in door.http.cookies
    assert not door.world.identity.users


async def test_a_lost_or_foreign_answer_is_read_as_a_page(door: Door) -> None:
    """Whoever is led here without having begun is not signed in as somebody else."""
    theirs = await go(door)
    door.http.cookies.clear()
    code = door.world.sign_in.person("code", email="eve@example.com", email_verified=True)
    lost = await back(door, theirs, code=code)
    assert lost.status_code == 422
    assert "began in another browser" in lost.text
    assert not door.world.identity.users


async def test_a_provider_that_is_away_is_a_page(door: Door) -> None:
    """It says so in the reader's language, and nobody is sent anywhere."""
    door.world.sign_in.trouble = True
    away = await door.http.get("/login/with/google", headers=HTML | {"Accept-Language": "es"})
    assert away.status_code == 503
    assert "no responde en este momento" in away.text
    unknown = await door.http.get("/login/with/facebook", headers=HTML)
    assert unknown.status_code in (404, 503)


async def test_an_account_with_this_address_is_linked_after_its_owner_signed_in(door: Door) -> None:
    """The log-in says so, and leads to the question; only its button links."""
    await enter(door)
    door.http.cookies.clear()
    waits = await back(door, await go(door))
    assert waits.headers["location"] == "/login?next=/account/sign-in"
    form = await door.http.get(waits.headers["location"], headers=HTML)
    assert "There is an account with ada@example.com already." in form.text
    assert f'value="{ADA}"' in form.text
    log_in = {"email": ADA, "password": PASSWORD, "next": "/account/sign-in"}
    entered = await door.http.post("/login", data=log_in, headers=HTML)
    assert entered.headers["location"] == "/account/sign-in"
    assert not door.world.sign_in.links
    question = await door.http.get("/account/sign-in", headers=HTML)
    assert "Link Google with your account?" in question.text
    # First the address, which a mail proves: anybody could have signed it up.
    assert "Link it" not in question.text
    assert "Mail me a new link" in question.text
    door.confirm_addresses()
    question = await door.http.get("/account/sign-in", headers=HTML)
    assert "Mail me a new link" not in question.text
    csrf = question.text.split('name="csrf_token" value="')[1].split('"')[0]
    forged = await door.http.post("/account/sign-in/link", headers=HTML)
    assert forged.status_code == 403
    assert not door.world.sign_in.links
    linked = await door.http.post("/account/sign-in/link", data={"csrf_token": csrf}, headers=HTML)
    assert linked.headers["location"] == "/account/sign-in?note=linked"
    assert len(door.world.sign_in.links) == 1
    assert "Link Google with" not in (await door.http.get("/account/sign-in", headers=HTML)).text


async def test_whoever_is_signed_in_links_another_way(door: Door) -> None:
    """From the page of ways to sign in; what waits can be left, too."""
    csrf = await enter(door)
    door.confirm_addresses()
    page = (await door.http.get("/account/sign-in", headers=HTML)).text
    assert 'href="/account/sign-in/with/google"' in page
    for action, links in (("discard", 0), ("link", 1)):
        waits = await back(door, await go(door, "/account/sign-in/with/google"))
        assert waits.headers["location"] == "/account/sign-in"
        done = await door.http.post(f"/account/sign-in/{action}", data={"csrf_token": csrf}, headers=HTML)
        assert done.status_code == 303
        assert len(door.world.sign_in.links) == links
        assert "Link Google with" not in (await door.http.get("/account/sign-in", headers=HTML)).text
    (kept,) = door.world.sign_in.links.values()
    form = {"csrf_token": csrf}
    removed = await door.http.post(
        f"/account/sign-in/{kept.link.link_id}/remove", data=form, headers=HTML, follow_redirects=True
    )
    assert "It signs you in no longer." in removed.text
    assert not door.world.sign_in.links


async def test_what_waits_is_linked_after_a_fresh_proof(door: Door) -> None:
    """A browser that was left signed in gives nobody a way in that outlives it; what waits stays."""
    csrf = await enter(door)
    door.confirm_addresses()
    await back(door, await go(door, "/account/sign-in/with/google"))
    door.clock.pass_(minutes=10)
    from_here = HTML | {"Referer": "http://gateway.test/account/sign-in"}
    form = {"csrf_token": csrf}
    asked = await door.http.post("/account/sign-in/link", data=form, headers=from_here)
    assert asked.headers["location"] == "/account/step-up?next=/account/sign-in"
    (token,) = door.world.sign_in.waiting
    headers = {"X-CSRF-Token": csrf, "Origin": "http://gateway.test"}
    program = await door.http.post("/v1/me/sign-in/links", json={"link_token": token}, headers=headers)
    assert_problem(program, 403, "STEP_UP_REQUIRED")
    assert not door.world.sign_in.links
    proof = form | {"next": "/account/sign-in", "password": PASSWORD}
    await door.http.post("/account/step-up", data=proof, headers=HTML)
    assert "Link Google with your account?" in (await door.http.get("/account/sign-in", headers=HTML)).text
    await door.http.post("/account/sign-in/link", data=form, headers=from_here)
    assert len(door.world.sign_in.links) == 1


async def test_a_link_is_removed_after_a_fresh_proof(door: Door) -> None:
    """A browser that was left signed in takes nobody's way in away."""
    csrf = await enter(door)
    door.confirm_addresses()
    await back(door, await go(door, "/account/sign-in/with/google"))
    form = {"csrf_token": csrf}
    await door.http.post("/account/sign-in/link", data=form, headers=HTML)
    (kept,) = door.world.sign_in.links.values()
    door.clock.pass_(minutes=10)
    from_here = HTML | {"Referer": "http://gateway.test/account/sign-in"}
    path = f"/account/sign-in/{kept.link.link_id}/remove"
    asked = await door.http.post(path, data=form, headers=from_here)
    assert asked.headers["location"] == "/account/step-up?next=/account/sign-in"
    headers = {"X-CSRF-Token": csrf, "Origin": "http://gateway.test"}
    program = await door.http.delete(f"/v1/me/sign-in/links/{kept.link.link_id}", headers=headers)
    assert_problem(program, 403, "STEP_UP_REQUIRED")
    assert door.world.sign_in.links
    proof = form | {"next": "/account/sign-in", "password": PASSWORD}
    await door.http.post("/account/step-up", data=proof, headers=HTML)
    await door.http.post(path, data=form, headers=from_here)
    assert not door.world.sign_in.links


async def test_an_identity_that_is_linked_elsewhere_is_refused_on_the_page(door: Door) -> None:
    """Whoever is signed in stays so."""
    await back(door, await go(door))
    await door.http.post("/logout", headers=HTML)
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": PASSWORD}
    await door.http.post("/signup", data=form, headers=HTML)
    refused = await back(door, await go(door, "/account/sign-in/with/google"))
    assert refused.status_code == 409
    assert "linked with another account already" in refused.text
    assert "eve@example.com" in refused.text


async def test_the_last_way_in_has_no_button(door: Door) -> None:
    """The page says what to do first, and a form that is sent all the same changes nothing."""
    await back(door, await go(door))
    page = (await door.http.get("/account/sign-in", headers=HTML)).text
    assert "Your only way in." in page
    assert "/remove" not in page
    assert "Email me a link to set one" in page
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    (kept,) = door.world.sign_in.links.values()
    refused = await door.http.post(
        f"/account/sign-in/{kept.link.link_id}/remove", data={"csrf_token": csrf}, headers=HTML
    )
    assert refused.status_code == 409
    assert "Set a password first" in refused.text
    assert door.world.sign_in.links


async def test_the_page_is_for_whoever_is_signed_in(door: Door) -> None:
    """Everybody else signs in first."""
    for page in ("/account/sign-in", "/account/sign-in/with/google"):
        sent = await door.http.get(page, headers=HTML)
        assert sent.headers["location"].startswith("/login?next=")
