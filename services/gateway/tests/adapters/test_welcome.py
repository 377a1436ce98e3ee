"""What people are told of their welcome credits, and where they are led after the mail."""

from dataclasses import replace

import httpx
import pytest
from gateway.domain.user import Welcome
from gateway_world import ORIGIN, PASSWORD, Door, assert_problem, make_door

ADA = "ada@example.com"
FROM_HERE = {"Origin": ORIGIN}
OFFER = "Confirm your email address to get <strong>1,000</strong> credits"
UNWELCOMED = "Your mailbox got its welcome credits before"


async def enter(door: Door, **more: str) -> httpx.Response:
    """Sign up by the form."""
    return await door.http.post(
        "/signup", data={"email": ADA, "password": PASSWORD, **more}, headers=FROM_HERE
    )


async def confirm(door: Door) -> httpx.Response:
    """Press the button that the newest link leads to."""
    token = door.world.identity.mailed[ADA][-1]
    return await door.http.post("/verify-email", data={"token": token}, headers=FROM_HERE)


async def csrf(door: Door) -> str:
    """The token that forms carry."""
    (session,) = door.world.sessions.rows.values()
    return session.csrf_token


async def test_every_page_promises_them_until_the_address_is_confirmed(door: Door) -> None:
    """And none afterwards; the amount is the ledger's."""
    await enter(door)
    for path in ("/generate", "/billing", "/account", "/library"):
        assert OFFER in (await door.http.get(path)).text
    answer = await confirm(door)
    assert answer.headers["location"] == "/account?note=verified"
    for path in ("/generate", "/account"):
        assert "Confirm your email address" not in (await door.http.get(path)).text


async def test_nothing_is_promised_that_does_not_come(door: Door) -> None:
    """Where the ledger gives nothing, and to people who got it at their sign-up."""
    await enter(door)
    door.world.ledger.welcomes_with_credits = 0
    assert "Confirm your email address" not in (await door.http.get("/generate")).text
    door.world.ledger.welcomes_with_credits = 1000
    users = door.world.identity.users
    users.update({one.user_id: replace(one, welcome=Welcome.GIVEN) for one in users.values()})
    assert "Confirm your email address" not in (await door.http.get("/generate")).text


async def test_too_few_credits_lead_to_the_mail(door: Door) -> None:
    """The page of a refused generation says what else would help."""
    await enter(door)
    form = {"model": "local/sketch", "prompt": "a heron", "csrf_token": await csrf(door), "key": "k"}
    answer = await door.http.post("/generate", data=form, headers=FROM_HERE)
    assert answer.status_code == 402
    assert "or confirm your email address to get 1,000" in answer.text


async def test_a_mailbox_that_was_welcomed_before_is_told_so(door: Door) -> None:
    """After the confirmation and on the account's page; the account itself works."""
    door.world.identity.welcome_after = Welcome.NONE
    await enter(door)
    answer = await confirm(door)
    assert answer.headers["location"] == "/account?note=verified-unwelcomed"
    for path in (answer.headers["location"], "/account"):
        page = await door.http.get(path)
        assert page.status_code == 200
        assert UNWELCOMED in page.text


async def test_the_mail_is_sent_again(door: Door) -> None:
    """From the page, with its token, and by a program; not by another site, and not once it is confirmed."""
    await enter(door)
    mailed = door.world.identity.mailed[ADA]
    forged = await door.http.post("/verify-email/again", data={"csrf_token": "x"}, headers=FROM_HERE)
    assert (forged.status_code, len(mailed)) == (403, 1)
    form = {"csrf_token": await csrf(door)}
    answer = await door.http.post("/verify-email/again", data=form, headers=FROM_HERE)
    assert (answer.headers["location"], len(mailed)) == ("/account?note=verification-sent", 2)
    door.http.cookies.clear()
    assert_problem(await door.http.post("/v1/auth/email/resend"), 401, "UNAUTHENTICATED")
    signed_in = await door.http.post("/v1/auth/login", json={"email": ADA, "password": PASSWORD})
    assert signed_in.json()["user"]["welcome"] == "pending"
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert (await door.http.post("/v1/auth/email/resend", headers=bearer)).status_code == 202
    assert len(mailed) == 3
    await confirm(door)
    await door.http.post("/v1/auth/email/resend", headers=bearer)
    assert len(mailed) == 2
    assert (await door.http.get("/v1/me", headers=bearer)).json()["welcome"] == "given"


async def test_where_one_wanted_to_be_survives_every_detour(door: Door) -> None:
    """From the page to sign-in, to sign-up, to the mail and back."""
    wanted = "/billing?note=unpaid&cursor=a/b"
    kept = "next=/billing%3Fnote%3Dunpaid%26cursor%3Da/b"
    first = await door.http.get(wanted)
    assert first.headers["location"].startswith("/login?next=")
    log_in = await door.http.get(first.headers["location"])
    assert f'href="/signup?{kept}"' in log_in.text
    assert f'href="/forgot-password?{kept}"' in log_in.text
    sign_up = await door.http.get(f"/signup?{kept}")
    assert f'href="/login?{kept}"' in sign_up.text
    assert 'name="next" value="/billing?note=unpaid&amp;cursor=a/b"' in sign_up.text
    assert (await enter(door, next=wanted)).headers["location"] == wanted
    assert (await confirm(door)).headers["location"] == f"{wanted}&note=verified"
    # Once: the next mailed link leads where such links lead.
    door.world.identity.mailed[ADA].append("another")
    assert (await confirm(door)).headers["location"] == "/account?note=verified"


async def test_where_one_wanted_to_be_survives_a_forgotten_password(door: Door) -> None:
    """The form keeps it, the cookie brings it back to the sign-in."""
    await enter(door)
    door.http.cookies.clear()
    page = await door.http.get("/forgot-password?next=/library")
    assert 'name="next" value="/library"' in page.text
    await door.http.post("/forgot-password", data={"email": ADA, "next": "/library"}, headers=FROM_HERE)
    form = {"token": door.world.identity.mailed[ADA][-1], "password": PASSWORD}
    answer = await door.http.post("/reset-password", data=form, headers=FROM_HERE)
    assert answer.headers["location"] == "/login?next=/library&note=password-set"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)",
     "/a\r\nSet-Cookie: a=b", "/\x00"],
)  # fmt: skip
async def test_no_detour_leads_elsewhere(elsewhere: str) -> None:
    """Neither a form, nor a link, nor a cookie that somebody planted."""
    door = make_door()
    async with door.http:
        assert (await enter(door, next=elsewhere)).headers["location"] == "/generate"
        page = await door.http.get("/login", params={"next": elsewhere})
        assert "evil" not in page.text
        door.http.cookies.set("tintype_next", httpx.URL("/", params={"a": elsewhere}).query.decode()[2:])
        assert (await confirm(door)).headers["location"] == "/account?note=verified"
