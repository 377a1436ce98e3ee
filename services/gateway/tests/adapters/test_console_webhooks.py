"""`/account/webhooks`: added, tested, looked at, rotated and removed, without a script."""

import re
from datetime import timedelta

import httpx
import pytest
from gateway.domain.webhook import ENDPOINTS_MAX, Attempt, AttemptError, DeliveryState, Settlement
from gateway_world import HTML, ORIGIN, Door, enter

PATH = "/account/webhooks"
URL = "https://shop.example/tintype"


async def add(door: Door, csrf: str, **fields: object) -> httpx.Response:
    """Send the form."""
    form = {"csrf_token": csrf, "url": URL, "description": "Web shop", "events": ["generation.succeeded"]}
    return await door.http.post(PATH, data=form | fields, headers=HTML)


async def press(door: Door, csrf: str, address: str, **fields: object) -> httpx.Response:
    """Press a button on the endpoint's page."""
    (endpoint_id,) = door.world.webhooks.kept
    form = {"csrf_token": csrf} | fields
    return await door.http.post(
        f"{PATH}/{endpoint_id}{address}", data=form, headers=HTML, follow_redirects=True
    )


async def test_nothing_yet(door: Door) -> None:
    """The page says what to do; the account leads to it."""
    await enter(door)
    assert "No endpoints yet" in (await door.http.get(PATH, headers=HTML)).text
    assert f'href="{PATH}"' in (await door.http.get("/account", headers=HTML)).text


async def test_an_endpoint_is_added_and_its_secret_shown_once(door: Door) -> None:
    """On its own page, where the log is empty yet."""
    csrf = await enter(door)
    page = await add(door, csrf)
    found = re.search(r'id="signing-secret"[^>]*>(whsec_[^<]+)<', page.text)
    assert found, page.text
    (endpoint,) = door.world.webhooks.kept.values()
    assert door.world.webhooks.secrets[endpoint.endpoint_id].current == found[1]
    assert "Nothing was sent yet" in page.text
    again = await door.http.get(f"{PATH}/{endpoint.endpoint_id}", headers=HTML)
    assert (again.status_code, found[1] in again.text) == (200, False)
    listed = await door.http.get(PATH, headers=HTML)
    for said in (URL, "Web shop", "generation.succeeded"):
        assert said in listed.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://shop.example/"}, "Write an https address"),
        ({"url": ""}, "Write an https address"),
        ({"events": []}, "Choose at least one."),
        ({"events": ["everything"]}, "Choose at least one."),
        ({"description": "x" * 201}, "Write at most 200 characters."),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    door: Door, fields: dict[str, object], said: str
) -> None:
    """What was typed stays, and nothing is kept; the same when it is changed."""
    csrf = await enter(door)
    before = door.state()
    page = await add(door, csrf, **fields)
    assert said in page.text
    assert door.state() == before
    await add(door, csrf)
    before = door.state()
    form = {"url": URL, "description": "", "events": ["credits.low"]} | fields
    assert said in (await press(door, csrf, "", **form)).text
    assert door.state() == before


async def test_the_bound_is_said(door: Door) -> None:
    """In words."""
    csrf = await enter(door)
    for _ in range(ENDPOINTS_MAX):
        await add(door, csrf)
    assert "You have as many as there can be" in (await add(door, csrf)).text


async def test_a_test_is_sent_and_sent_again(door: Door) -> None:
    """The log says what came of it."""
    csrf = await enter(door)
    await add(door, csrf)
    page = await press(door, csrf, "/test")
    assert "webhook.test" in page.text
    assert "waiting" in page.text
    webhooks, now = door.world.webhooks, door.clock.now()
    (claimed,) = await webhooks.claim(
        now=now, until=now + timedelta(minutes=1), count_max=1, per_receiver_max=1
    )
    again = f"/deliveries/{claimed.delivery.delivery_id}/redeliver"
    assert "being sent right now" in (await press(door, csrf, again)).text
    attempt = Attempt(attempted_at=now, duration_ms=15_000, error=AttemptError.TIMEOUT)
    over = Settlement(state=DeliveryState.FAILED)
    await webhooks.settle(claimed, attempt, over, now=now, failing_max=timedelta(days=3))
    (endpoint_id,) = webhooks.kept
    page = await door.http.get(f"{PATH}/{endpoint_id}", headers=HTML)
    for said in ("given up", "took too long", "Nothing has arrived since"):
        assert said in page.text
    assert "waiting" in (await press(door, csrf, again)).text


async def test_it_is_changed_turned_off_and_on(door: Door) -> None:
    """As the buttons say."""
    csrf = await enter(door)
    await add(door, csrf)
    changed = await press(door, csrf, "", url="https://new.example/", description="", events=["credits.low"])
    assert "https://new.example/" in changed.text
    assert "Turn it on" in (await press(door, csrf, "/turn", enabled="false")).text
    (endpoint,) = door.world.webhooks.kept.values()
    assert not endpoint.is_enabled
    assert "Turn it off" in (await press(door, csrf, "/turn", enabled="true")).text


async def test_a_secret_is_rotated(door: Door) -> None:
    """The new one is shown once, and both sign."""
    csrf = await enter(door)
    await add(door, csrf)
    (secrets,) = door.world.webhooks.secrets.values()
    page = await press(door, csrf, "/rotate")
    (rotated,) = door.world.webhooks.secrets.values()
    assert rotated.current in page.text
    assert rotated.previous == secrets.current


async def test_it_is_removed(door: Door) -> None:
    """With its log."""
    csrf = await enter(door)
    await add(door, csrf)
    await press(door, csrf, "/test")
    assert "No endpoints yet" in (await press(door, csrf, "/remove")).text
    assert door.world.webhooks.log == {}


async def test_what_a_receiver_answers_is_a_text(door: Door) -> None:
    """Whatever it holds is shown and not run."""
    csrf = await enter(door)
    await add(door, csrf, description="<b>mine</b>")
    await press(door, csrf, "/test")
    webhooks, now = door.world.webhooks, door.clock.now()
    (claimed,) = await webhooks.claim(
        now=now, until=now + timedelta(minutes=1), count_max=1, per_receiver_max=1
    )
    attempt = Attempt(attempted_at=now, duration_ms=1, status=500, response="<script>alert(1)</script>")
    over = Settlement(state=DeliveryState.FAILED)
    await webhooks.settle(claimed, attempt, over, now=now, failing_max=timedelta(days=3))
    (endpoint_id,) = webhooks.kept
    page = await door.http.get(f"{PATH}/{endpoint_id}", headers=HTML)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<b>mine" not in page.text


async def test_nobody_else_gets_there(door: Door) -> None:
    """Another's is not found, a form without its token is refused, and nobody signed out sees anything."""
    csrf = await enter(door)
    await add(door, csrf)
    (endpoint_id,) = door.world.webhooks.kept
    before = door.state()
    forged = await door.http.post(f"{PATH}/{endpoint_id}/remove", data={}, headers=HTML)
    assert forged.status_code == 403
    foreign = HTML | {"Origin": "https://elsewhere.example"}
    crossed = await door.http.post(f"{PATH}/{endpoint_id}/remove", data={"csrf_token": csrf}, headers=foreign)
    assert crossed.status_code == 403
    assert door.state() == before
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    assert (await door.http.post("/signup", data=form, headers=HTML)).status_code == 303
    assert (await door.http.get(f"{PATH}/{endpoint_id}", headers=HTML)).status_code == 404
    door.http.cookies.clear()
    signed_out = await door.http.get(PATH, headers=HTML)
    assert signed_out.status_code == 303
    assert signed_out.headers["location"].removeprefix(ORIGIN).startswith("/login")
