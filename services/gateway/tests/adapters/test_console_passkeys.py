"""Passkeys in the console: forms that a script fills in, and what is said when it does not work."""

import json

import httpx
import pytest
from gateway.adapters.outbound.memory.second_factors import KeptFactor
from gateway_world import HTML, PASSWORD, Door, enter, hidden
from key_ring import KeyRing

PAGE = "/account/passkeys"
SPANISH = HTML | {"Accept-Language": "es"}
CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


async def asked(
    door: Door, path: str = "/v1/auth/passkey/options", csrf: str = "", **body: str
) -> dict[str, object]:
    """What the script asks for."""
    headers = {"Origin": HTML["Origin"]} | ({"X-CSRF-Token": csrf} if csrf else {})
    answer = await door.http.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    public_key: dict[str, object] = answer.json()["public_key"]
    return public_key


async def sign_in(door: Door, answer: object, headers: dict[str, str] = HTML) -> httpx.Response:
    """Send the form as the script leaves it."""
    form = {"passkey": json.dumps(answer), "next": "/billing"}
    return await door.http.post("/login/passkey", data=form, headers=headers)


@pytest.fixture
async def ring(door: Door) -> KeyRing:
    """A key ring that opens Ada's account; she is signed in."""
    csrf, ring = await enter(door), KeyRing()
    door.confirm_addresses()
    made = ring.create(await asked(door, "/v1/me/passkeys/options", csrf))
    form = {"csrf_token": csrf, "name": "Ada's phone", "passkey": json.dumps(made)}
    added = await door.http.post(PAGE, data=form, headers=HTML)
    assert added.headers["location"] == f"{PAGE}?note=passkey-added"
    return ring


async def test_a_passkey_signs_in_and_leads_back(door: Door, ring: KeyRing) -> None:
    """With the cookies of a sign-in; what was answered before is told so, in the person's language."""
    door.http.cookies.clear()
    page = await door.http.get("/login", headers=HTML)
    assert 'autocomplete="username webauthn"' in page.text
    assert "Sign in with a passkey" in page.text
    answer = ring.get(await asked(door))
    opened = await sign_in(door, answer)
    assert (opened.status_code, opened.headers["location"]) == (303, "/billing")
    assert door.http.cookies["tintype_session"]
    assert door.http.cookies["tintype_devices"]
    door.http.cookies.clear()
    again = await sign_in(door, answer, SPANISH)
    assert again.status_code == 422
    assert "Empieza de nuevo" in again.text
    assert not door.http.cookies.get("tintype_session")


@pytest.mark.parametrize("passkey", ["", "{", "[]", "null", "[" * 2_000])
async def test_what_no_script_of_ours_sends(door: Door, passkey: str) -> None:
    """It is refused with a page, and nobody is signed in."""
    page = await door.http.post("/login/passkey", data={"passkey": passkey}, headers=HTML)
    assert page.status_code == 422
    assert "The passkey was not used" in page.text
    assert not door.http.cookies.get("tintype_session")


async def test_another_site_signs_nobody_in(door: Door, ring: KeyRing) -> None:
    """Whatever it got hold of."""
    door.http.cookies.clear()
    foreign = HTML | {"Origin": "https://evil.example"}
    assert (await sign_in(door, ring.get(await asked(door)), foreign)).status_code == 403


async def test_the_page_lists_renames_and_removes(door: Door, ring: KeyRing) -> None:
    """A bad name is marked, and changes nothing."""
    page = await door.http.get(PAGE, headers=HTML)
    assert "Ada&#39;s phone" in page.text
    csrf = hidden(page, "csrf_token")
    (passkey_id,) = door.world.passkeys.kept
    path, form = f"{PAGE}/{passkey_id}", {"csrf_token": csrf}
    wrong = await door.http.post(f"{path}/rename", data=form | {"name": " "}, headers=HTML)
    assert wrong.status_code == 422
    done = await door.http.post(f"{path}/rename", data=form | {"name": "<b>"}, headers=HTML)
    assert done.headers["location"] == f"{PAGE}?note=renamed"
    page = await door.http.get(PAGE, headers=HTML)
    assert "&lt;b&gt;" in page.text
    assert "<b>" not in page.text
    gone = await door.http.post(f"{PAGE}/psk_0/remove", data=form, headers=HTML)
    assert (gone.status_code, "There is no such passkey" in gone.text) == (404, True)
    done = await door.http.post(f"{path}/remove", data=form, headers=HTML)
    assert done.headers["location"] == f"{PAGE}?note=passkey-removed"
    assert door.world.passkeys.kept == {}


async def test_adding_and_removing_ask_for_a_fresh_proof(door: Door, ring: KeyRing) -> None:
    """Which a passkey gives, on the page between."""
    csrf = hidden(await door.http.get(PAGE, headers=HTML), "csrf_token")
    (passkey_id,), form = door.world.passkeys.kept, {"csrf_token": csrf}
    door.clock.pass_(minutes=11)
    for path in (PAGE, f"{PAGE}/{passkey_id}/remove"):
        sent = await door.http.post(path, data=form, headers=HTML)
        assert sent.headers["location"].startswith("/account/step-up?next=")
    page = await door.http.get("/account/step-up", params={"next": PAGE}, headers=HTML)
    assert 'data-options="/v1/auth/step-up/options"' in page.text
    assert "or use a passkey" in page.text
    answer = ring.get(await asked(door, "/v1/auth/step-up/options", csrf))
    proof = form | {"passkey": json.dumps(answer), "next": PAGE}
    proven = await door.http.post("/account/step-up", data=proof, headers=HTML)
    assert proven.headers["location"] == f"{PAGE}?note=proven"
    again = await door.http.post("/account/step-up", data=proof, headers=HTML)
    assert (again.status_code, "Begin again" in again.text) == (422, True)
    removed = await door.http.post(f"{PAGE}/{passkey_id}/remove", data=form, headers=HTML)
    assert removed.headers["location"] == f"{PAGE}?note=passkey-removed"
    assert "data-passkey" not in (await door.http.get("/account/step-up", headers=HTML)).text


async def test_a_passkey_takes_a_codes_place(door: Door, ring: KeyRing) -> None:
    """On the page that asks for one; what is refused leaves the sign-in waiting."""
    (user_id,) = door.world.identity.users
    door.world.identity.factors[user_id] = KeptFactor("JBSWY3DPEHPK3PXP", confirmed_at=door.clock.now())
    door.http.cookies.clear()
    page = await door.http.post("/login", data=CREDENTIALS | {"next": "/billing"}, headers=HTML)
    assert "Use a passkey" in page.text
    challenge = hidden(page, "challenge")
    step = {"challenge": challenge, "next": hidden(page, "next")}
    stranger = json.dumps(KeyRing().get(await asked(door, challenge=challenge)))
    wrong = await door.http.post("/login/second-factor", data=step | {"passkey": stranger}, headers=HTML)
    assert (wrong.status_code, hidden(wrong, "challenge")) == (422, challenge)
    assert "opens nothing here" in wrong.text
    assert "Use a passkey" in wrong.text
    code = step | {"code": "000000", "has_passkeys": hidden(wrong, "has_passkeys")}
    wrong = await door.http.post("/login/second-factor", data=code, headers=HTML)
    assert (wrong.status_code, "Use a passkey" in wrong.text) == (422, True)
    answer = json.dumps(ring.get(await asked(door, challenge=challenge)))
    opened = await door.http.post("/login/second-factor", data=step | {"passkey": answer}, headers=HTML)
    assert (opened.status_code, opened.headers["location"]) == (303, "/billing")


async def test_whoever_has_no_passkey_is_offered_none(door: Door) -> None:
    """Neither on the page that asks for a code, nor once a code was wrong."""
    await enter(door)
    (user_id,) = door.world.identity.users
    door.world.identity.factors[user_id] = KeptFactor("JBSWY3DPEHPK3PXP", confirmed_at=door.clock.now())
    door.http.cookies.clear()
    page = await door.http.post("/login", data=CREDENTIALS, headers=HTML)
    assert (page.status_code, "data-passkey" in page.text, "passkeys.js" in page.text) == (200, False, False)
    step = {"challenge": hidden(page, "challenge"), "code": "000000"}
    wrong = await door.http.post("/login/second-factor", data=step, headers=HTML)
    assert (wrong.status_code, "data-passkey" in wrong.text) == (422, False)


async def test_an_address_without_a_name_says_why(door: Door, ring: KeyRing) -> None:
    """On the page of passkeys; nobody is offered one elsewhere."""
    door.world.passkeys.available = door.world.sign_in.offers_passkeys = False
    door.clock.pass_(seconds=11)
    page = await door.http.get(PAGE, headers=HTML)
    assert "Browsers make no passkeys for this address" in page.text
    assert "data-passkey" not in page.text
    assert "Ada&#39;s phone" in page.text
    assert "data-passkey" not in (await door.http.get("/account/step-up", headers=HTML)).text
    door.http.cookies.clear()
    assert "data-passkey" not in (await door.http.get("/login", headers=HTML)).text


async def test_a_copy_is_shown(door: Door, ring: KeyRing) -> None:
    """To its owner, with what to do."""
    for count in (5, 2):
        ring.count = count
        told = await sign_in(door, ring.get(await asked(door)))
    assert (told.status_code, "copied" in told.text) == (403, True)
    page = await door.http.get(PAGE, headers=HTML)
    assert "Somebody seems to have a copy" in page.text


async def test_the_last_link_may_go_where_a_passkey_is_left(door: Door, ring: KeyRing) -> None:
    """The ways to sign in count them."""
    page = await door.http.get("/account/sign-in", headers=HTML)
    assert f'href="{PAGE}"' in page.text
    assert "You have 1." in page.text
