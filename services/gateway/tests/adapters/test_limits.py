"""Every call that costs something is counted, told in headers, and refused past its limit without a loss."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.ports.rate_limits import Limit
from gateway_world import (
    HTML,
    ORIGIN,
    PASSWORD,
    SKETCH,
    Door,
    assert_problem,
    enter,
    hidden,
    make_door,
    routes,
)

# What asks nobody else: health, static descriptions, empty forms, a cookie; and what must always work.
FREE = {
    "/healthz", "/readyz", "/docs", "/docs.css", "/docs.js", "/openapi.json", "/static/{name}", "/theme",
    "/language", "/logout",
    "GET /signup", "GET /login", "GET /forgot-password", "GET /reset-password", "GET /verify-email",
    "GET /change-email", "GET /keep-email",
    # The processor's bursts are its own; an unsigned body costs one signature.
    "/webhooks/stripe",
}  # fmt: skip


def limited(door: Door, **rates: str) -> None:
    """From now on these limits count, and the others are far away."""
    limits = dict.fromkeys(Limit, "10000/minute") | {Limit(name): rate for name, rate in rates.items()}
    deps = door.app.state.deps
    door.app.state.deps = replace(deps, limits=LimitsRateLimits("memory://", limits))


def assert_limited(page: httpx.Response) -> None:
    """It is a page that says that it was too much, when to come back, and what the limit is."""
    assert page.status_code == 429, page.text
    assert page.headers["content-type"].startswith("text/html")
    assert int(page.headers["retry-after"]) >= 1
    assert page.headers["ratelimit"].split(";")[1] == "r=0"
    assert 'role="alert"' in page.text
    assert "Too many requests" in page.text


# Goes over every route.
@pytest.mark.real_time
async def test_every_call_is_counted(rich: Door) -> None:
    """Whatever a call is answered, it says what is left of its limit; those that do not are listed."""
    await enter_again(rich)
    places = {
        "provider": "local",
        "name": "sketch",
        "generation": "gen_" + "0" * 32,
        "collection": "col_" + "0" * 32,
        "upload": "upl_" + "0" * 32,
        "output": "out_" + "0" * 32,
        "checkout": "cs_x",
        "payment": "pi_x",
        "purchase": "pay_x",
        "user": "usr_x",
        "code": "K7Q2MX4D",
        "share": "shr_x",
        "api_key": "key_x",
        "session": "ses_x",
        "ended": "ses_x",
        "link": "lnk_x",
        "link_id": "lnk_x",
        "passkey": "psk_x",
        "passkey_id": "psk_x",
        "alias": "alias_x",
        "dead_letter": "dead_letter_x",
        "delivery": "delivery_x",
        "endpoint": "endpoint_x",
        "letter": "letter_x",
        "service": "service_x",
        "webhook_endpoint": "webhook_endpoint_x",
        "share_id": "shr_x",
        "token": "x",
    }
    counted = 0
    for route in routes(rich.app):
        for method in route.methods - {"HEAD"}:
            if route.path in FREE or f"{method} {route.path}" in FREE or route.path == "/v1/events":
                continue
            answer = await rich.http.request(
                method,
                route.path.format_map(places),
                headers={"Origin": ORIGIN},
                **body_for(method, route.path),
            )
            assert "ratelimit" in answer.headers, (method, route.path, answer.text)
            assert "ratelimit-policy" in answer.headers
            counted += 1
    assert counted > 35
    async with rich.http.stream("HEAD", "/v1/events") as answer:
        assert "ratelimit" in answer.headers


async def enter_again(door: Door) -> None:
    """Sign in to the console as the caller of the API."""
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert (await door.http.post("/login", data=form, headers=HTML)).status_code == 303
    csrf = hidden(await door.http.get("/account"), "csrf_token")
    door.http.headers["X-CSRF-Token"] = csrf


def body_for(method: str, path: str) -> dict[str, Any]:
    """A body that gets past the form: what comes after is all the same."""
    if method == "GET":
        return {}
    if path == "/openai/v1/images/edits":
        return {"data": {"prompt": "a heron"}, "files": {"image": b"a heron"}}
    if path.startswith(("/v1/", "/openai/")):
        return {"json": {"model": SKETCH, "input": {}, "pack": "starter", "email": "a", "password": "b"}}
    bought = {"pack": "starter", "plan": "pro", "to": "pro", "interval": "month"}
    return {"data": {"model": SKETCH, "key": "k", "turn": "on", **bought}}


@pytest.mark.parametrize(
    "path", ["/v1/balance", "/v1/generations", "/v1/ledger/entries?format=csv", "/v1/events", "/v1/me"]
)
async def test_reads_have_a_limit_for_each_user(rich: Door, path: str) -> None:
    """One user's reads are counted together and over; another's are not."""
    limited(rich, reads="3/day")
    for left in (2, 1, 0):
        answer = await rich.http.get("/v1/balance")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"reads";q=3;w=86400'
        assert answer.headers["ratelimit"].startswith(f'"reads";r={left};t=')
    refused = await rich.http.get(path)
    assert_problem(refused, 429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit"].startswith('"reads";r=0;')
    await rich.sign_up("bob@example.com")
    assert (await rich.http.get("/v1/balance")).status_code == 200


async def test_reads_without_a_token_have_a_limit_for_each_address(door: Door) -> None:
    """Models and packs are anybody's, and not any number of times."""
    limited(door, reads="2/day")
    statuses = [(await door.http.get(path)).status_code for path in ("/v1/models", "/v1/packs", "/v1/models")]
    assert statuses == [200, 200, 429]


async def test_pages_past_the_limit_of_reads_are_pages(door: Door) -> None:
    """A person who is signed in is told so in the signed-in page, a part of a page in words."""
    await enter(door)
    limited(door, reads="1/day")
    assert (await door.http.get("/library", headers=HTML)).status_code == 200
    page = await door.http.get("/library", headers=HTML)
    assert_limited(page)
    assert "Sign out" in page.text
    part = await door.http.get("/console/balance", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-reswap"]) == (429, "none")


@pytest.mark.parametrize(
    ("path", "form", "kept"),
    [
        (
            "/login",
            {"email": "ada@example.com", "password": "x", "next": "/billing"},
            ["ada@example.com", "/billing"],
        ),
        (
            "/signup",
            {"email": "a@b.example", "full_name": "Ada L.", "next": "/billing"},
            ["a@b.example", "Ada L."],
        ),
        ("/forgot-password", {"email": "ada@example.com"}, ["ada@example.com"]),
        ("/reset-password", {"token": "the-token", "password": "x"}, ["the-token"]),
        ("/verify-email", {"token": "the-token"}, ["the-token"]),
    ],
)
async def test_a_form_at_the_limit_of_an_address_is_kept(
    door: Door, path: str, form: dict[str, str], kept: list[str]
) -> None:
    """The form comes back with all that was typed but the password, and nothing was done."""
    limited(door, auth="1/day")
    await door.http.post("/login", data={"email": "x@example.com", "password": "y"}, headers=HTML)
    before = door.state()
    page = await door.http.post(path, data=form, headers=HTML)
    assert_limited(page)
    assert f'action="{path}"' in page.text
    for text in kept:
        assert f'value="{text}"' in page.text
    assert form.get("password", "-") not in re.findall(r'value="([^"]*)"', page.text)
    assert door.state() == before


@pytest.mark.parametrize(
    ("path", "limit", "form", "kept"),
    [
        (
            "/generate",
            Limit.GENERATIONS,
            {"model": SKETCH, "prompt": "a <b>heron</b>"},
            "a &lt;b&gt;heron&lt;/b&gt;",
        ),
        ("/account", Limit.CHANGES, {"full_name": "Countess Ada"}, 'value="Countess Ada"'),
        ("/billing/checkout", Limit.CHECKOUT, {"pack": "starter"}, 'action="/billing/checkout"'),
    ],
)
async def test_a_form_at_the_limit_of_a_user_is_kept(
    door: Door, path: str, limit: Limit, form: dict[str, str], kept: str
) -> None:
    """What was written is there again, in the signed-in page, and nothing was done."""
    csrf = await enter(door)
    limited(door, **{limit.value: "1/day"})
    await door.http.post(path, data=form | {"csrf_token": csrf, "key": "first"}, headers=HTML)
    before = door.state()
    page = await door.http.post(path, data=form | {"csrf_token": csrf, "key": "second"}, headers=HTML)
    assert_limited(page)
    assert kept in page.text
    assert "Sign out" in page.text
    assert door.state() == before


async def test_the_limits_of_two_are_two() -> None:
    """The same limit for users and for addresses, and no user by the name of an address."""
    door = make_door(rates="4/day")
    await door.sign_up()
    codes = [(await door.http.get("/v1/balance")).status_code for _ in range(5)]
    assert codes == [200] * 4 + [429]
    assert (await door.http.get("/v1/models")).status_code == 200
    await door.http.aclose()
