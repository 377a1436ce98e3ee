"""Sign-in by a provider's word, for programs: there, back, and the links that it leaves."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from gateway_world import PASSWORD, Door, assert_problem, make_door

START, BACK = "/v1/auth/oauth/google/start", "/v1/auth/oauth/google/callback"
COOKIE = "tintype_sign_in"


def state_of(url: str) -> str:
    """What the provider is to bring back."""
    return parse_qs(urlsplit(url).query)["state"][0]


async def come(door: Door, *, email: str = "ada@example.com", **told: object) -> httpx.Response:
    """There and back again."""
    begun = await door.http.get(START, params={"redirect": "false"})
    assert begun.status_code == 200, begun.text
    code = door.world.sign_in.person("code", email=email, **{"email_verified": True} | told)  # type: ignore[arg-type]
    state = state_of(begun.json()["authorization_url"])
    return await door.http.get(BACK, params={"state": state, "code": code})


async def test_the_browser_is_sent_on_with_a_cookie_of_its_own(door: Door) -> None:
    """Out of reach of scripts, for ten minutes, and for this host alone over TLS."""
    sent = await door.http.get(START)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("https://accounts.google.test/authorize?state=")
    assert sent.headers["cache-control"] == "no-store"
    cookie = sent.headers["set-cookie"].lower()
    for said in (f"{COOKIE}=", "httponly", "samesite=lax", "max-age=600", "path=/"):
        assert said in cookie
    secure = make_door(public_url="https://gateway.test")
    cookie = (await secure.http.get(START)).headers["set-cookie"]
    assert cookie.startswith("__Host-tintype_sign_in=")
    assert "; secure" in cookie.lower()


async def test_a_program_gets_tokens(door: Door) -> None:
    """Of a new account, and of the same one later; the cookie is done with."""
    options = (await door.http.get("/v1/auth/options")).json()
    assert options["providers"] == [{"id": "google", "title": "Google"}]
    first = await come(door)
    assert first.status_code == 200, first.text
    assert first.json()["user"]["email"] == "ada@example.com"
    assert COOKIE not in door.http.cookies
    again = await come(door, email="other@example.com")
    assert again.json()["user"]["id"] == first.json()["user"]["id"]
    bearer = {"Authorization": f"Bearer {first.json()['access_token']}"}
    methods = (await door.http.get("/v1/me/sign-in", headers=bearer)).json()
    assert methods["has_password"] is False
    (link,) = methods["links"]
    assert (link["provider"], link["email"]) == ("google", "ada@example.com")
    last = await door.http.delete(f"/v1/me/sign-in/links/{link['id']}", headers=bearer)
    assert_problem(last, 409, "LAST_WAY_TO_SIGN_IN")


async def test_without_the_cookie_an_answer_is_nobodys(door: Door) -> None:
    """Nor with another browser's, nor a second time."""
    url = (await door.http.get(START)).headers["location"]
    cookie = door.http.cookies[COOKIE]
    code = door.world.sign_in.person("code", email="ada@example.com", email_verified=True)
    answer = {"state": state_of(url), "code": code}
    before = door.state()
    door.http.cookies.clear()
    assert_problem(await door.http.get(BACK, params=answer), 422, "SIGN_IN_STATE_INVALID")
    door.http.cookies.set(COOKIE, cookie)
    assert_problem(await door.http.get(BACK, params=answer), 422, "SIGN_IN_STATE_INVALID")
    assert door.state() == before


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"error": "access_denied"}, 403, "SIGN_IN_DECLINED"),
        ({"error": "access_denied", "code": "code"}, 403, "SIGN_IN_DECLINED"),
        ({"code": "guessed"}, 401, "SIGN_IN_REFUSED"),
        ({"code": "unproven"}, 403, "PROVIDER_EMAIL_UNVERIFIED"),
    ],
)
async def test_refusals_have_reasons(door: Door, answer: dict[str, str], status: int, reason: str) -> None:
    """And leave nothing."""
    url = (await door.http.get(START)).headers["location"]
    door.world.sign_in.person("code", email="ada@example.com", email_verified=True)
    door.world.sign_in.person("unproven", email="ada@example.com")
    before = door.state()
    back = await door.http.get(BACK, params={"state": state_of(url), **answer})
    assert_problem(back, status, reason)
    assert door.state() == before


async def test_a_provider_that_is_away_or_unknown_says_so(door: Door) -> None:
    """Before anybody is sent anywhere."""
    unknown = await door.http.get("/v1/auth/oauth/facebook/start")
    assert_problem(unknown, 404, "SIGN_IN_PROVIDER_NOT_FOUND")
    odd = await door.http.get("/v1/auth/oauth/..%2Fadmin/start")
    assert odd.status_code in (404, 422)
    door.world.sign_in.trouble = True
    away = await door.http.get(START)
    assert_problem(away, 503, "SIGN_IN_PROVIDER_UNAVAILABLE")
    assert "set-cookie" not in away.headers


async def test_an_address_with_an_account_is_linked_after_a_log_in(door: Door) -> None:
    """202 says by what; another's session links nothing."""
    await door.sign_up("eve@example.com")
    door.confirm_addresses()
    eves = door.http.headers["Authorization"]
    ada = await door.sign_up()
    del door.http.headers["Authorization"]
    waits = await come(door)
    assert waits.status_code == 202, waits.text
    assert waits.json()["email"] == "ada@example.com"
    body = {"link_token": waits.json()["link_token"]}
    for others in ({}, {"Authorization": eves}):
        refused = await door.http.post("/v1/me/sign-in/links", json=body, headers=others)
        assert_problem(refused, 404 if others else 401, "LINK_EXPIRED" if others else "UNAUTHENTICATED")
    log_in = {"email": "ada@example.com", "password": PASSWORD}
    tokens = (await door.http.post("/v1/auth/login", json=log_in)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    unproven = await door.http.post("/v1/me/sign-in/links", json=body, headers=bearer)
    assert_problem(unproven, 409, "EMAIL_NOT_CONFIRMED")
    assert not door.world.sign_in.links
    door.confirm_addresses()
    linked = await door.http.post("/v1/me/sign-in/links", json=body, headers=bearer)
    assert linked.status_code == 201, linked.text
    assert (await come(door)).json()["user"]["id"] == ada
    removed = await door.http.delete(f"/v1/me/sign-in/links/{linked.json()['id']}", headers=bearer)
    assert removed.status_code == 204
    gone = await door.http.delete(f"/v1/me/sign-in/links/{linked.json()['id']}", headers=bearer)
    assert_problem(gone, 404, "LINK_NOT_FOUND")


async def test_who_is_signed_in_links_another_identity(door: Door) -> None:
    """Only a person can ask for that: nobody, and no key."""
    assert_problem(await door.http.get(START, params={"link": "true"}), 401, "UNAUTHENTICATED")
    await door.sign_up()
    door.confirm_addresses()
    url = (await door.http.get(START, params={"link": "true"})).headers["location"]
    code = door.world.sign_in.person("code", email="lovelace@example.org")
    waits = await door.http.get(BACK, params={"state": state_of(url), "code": code})
    assert waits.status_code == 202
    assert waits.json()["email"] is None
    body = {"link_token": waits.json()["link_token"]}
    linked = await door.http.post("/v1/me/sign-in/links", json=body)
    assert (linked.status_code, linked.json()["email"]) == (201, "lovelace@example.org")
