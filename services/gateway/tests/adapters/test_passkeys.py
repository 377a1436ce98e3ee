"""Passkeys over REST: what is asked, what is answered, and what is refused by which name."""

from typing import Any

import httpx
import pytest
from gateway.adapters.outbound.memory.second_factors import code_at
from gateway_world import PASSWORD, Door, assert_problem
from key_ring import KeyRing

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}


async def asked(door: Door, path: str = "/v1/auth/passkey/options", **body: str) -> dict[str, Any]:
    """What to ask a browser."""
    answer = await door.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    public_key: dict[str, Any] = answer.json()["public_key"]
    return public_key


async def add(door: Door, ring: KeyRing, name: str = "Phone") -> httpx.Response:
    """Make a passkey, whole."""
    body = {"name": name, "passkey": ring.create(await asked(door, "/v1/me/passkeys/options"))}
    return await door.http.post("/v1/me/passkeys", json=body)


async def sign_in(door: Door, answer: dict[str, Any]) -> httpx.Response:
    """Use one."""
    return await door.http.post("/v1/auth/passkey", json={"passkey": answer})


@pytest.fixture
async def ring(door: Door) -> KeyRing:
    """A key ring that opens the caller's account."""
    await door.sign_up()
    door.confirm_addresses()
    ring = KeyRing()
    made = await add(door, ring)
    assert made.status_code == 201, made.text
    return ring


async def test_a_passkey_opens_a_session(door: Door, ring: KeyRing) -> None:
    """By itself, and each answer once."""
    (listed,) = (await door.http.get("/v1/me/passkeys")).json()["passkeys"]
    assert (listed["name"], listed["last_used_at"], listed["copy_seen_at"]) == ("Phone", None, None)
    answer = ring.get(await asked(door))
    opened = await sign_in(door, answer)
    assert (opened.status_code, opened.json()["user"]["email"]) == (200, "ada@example.com")
    assert opened.json()["device_token"]
    refused = assert_problem(await sign_in(door, answer), 422, "PASSKEY_CHALLENGE_ENDED")
    assert refused["errors"][0]["field"] == "passkey"
    assert (await door.http.get("/v1/me/passkeys")).json()["passkeys"][0]["last_used_at"]


async def test_what_is_refused_is_named(door: Door, ring: KeyRing) -> None:
    """Nobody is signed in by any of it."""
    sessions = len(door.world.identity.sessions)
    assert_problem(await sign_in(door, {}), 422, "PASSKEY_MALFORMED")
    assert_problem(await sign_in(door, KeyRing().get(await asked(door))), 422, "PASSKEY_UNKNOWN")
    ring.origin = "https://evil.test"
    assert_problem(await sign_in(door, ring.get(await asked(door))), 422, "PASSKEY_WRONG_ORIGIN")
    ring.origin, ring.count = KeyRing().origin, -1
    assert (await sign_in(door, ring.get(await asked(door)))).status_code == 200
    ring.count = 7
    assert (await sign_in(door, ring.get(await asked(door)))).status_code == 200
    ring.count = 3
    assert_problem(await sign_in(door, ring.get(await asked(door))), 403, "PASSKEY_COPIED")
    (listed,) = (await door.http.get("/v1/me/passkeys")).json()["passkeys"]
    assert listed["copy_seen_at"]
    assert len(door.world.identity.sessions) == sessions + 2


async def test_adding_and_removing_take_a_fresh_proof(door: Door, ring: KeyRing) -> None:
    """Renaming does not; a passkey gives the proof."""
    (listed,) = (await door.http.get("/v1/me/passkeys")).json()["passkeys"]
    path, door_state = f"/v1/me/passkeys/{listed['id']}", dict(door.world.passkeys.kept)
    options = await asked(door, "/v1/me/passkeys/options")
    door.clock.pass_(minutes=11)
    body = {"name": "Late", "passkey": KeyRing().create(options)}
    for refused in (
        await door.http.post("/v1/me/passkeys/options"),
        await door.http.post("/v1/me/passkeys", json=body),
        await door.http.delete(path),
    ):
        assert_problem(refused, 403, "STEP_UP_REQUIRED")
    assert door.world.passkeys.kept == door_state
    renamed = await door.http.patch(path, json={"name": "Laptop"})
    assert renamed.json()["name"] == "Laptop"
    proof = {"passkey": ring.get(await asked(door, "/v1/auth/step-up/options"))}
    assert (await door.http.post("/v1/auth/step-up", json=proof)).status_code == 204
    assert_problem(await door.http.post("/v1/auth/step-up", json=proof), 422, "PASSKEY_CHALLENGE_ENDED")
    assert (await door.http.delete(path)).status_code == 204
    assert_problem(await door.http.delete(path), 404, "PASSKEY_NOT_FOUND")


async def test_names_and_numbers_have_bounds(door: Door, ring: KeyRing) -> None:
    """A bad name names its field; past twenty there are no more."""
    for name in ("", "x" * 65):
        assert_problem(await add(door, KeyRing(), name), 422, "INVALID_REQUEST")
    assert_problem(await add(door, KeyRing(), " "), 422, "INVALID_FIELD")
    assert_problem(await add(door, ring), 409, "PASSKEY_EXISTS")
    for _ in range(19):
        assert (await add(door, KeyRing())).status_code == 201
    assert_problem(await door.http.post("/v1/me/passkeys/options"), 409, "PASSKEY_QUOTA_REACHED")


async def test_a_passkey_takes_a_codes_place(door: Door, ring: KeyRing) -> None:
    """For the sign-in that waits, and for no other account's."""
    made = (await door.http.post("/v1/me/second-factor", json={"password": PASSWORD})).json()
    code = code_at(made["secret"], door.clock.now())
    await door.http.post("/v1/me/second-factor/confirm", json={"code": code})
    waits = assert_problem(
        await door.http.post("/v1/auth/login", json=CREDENTIALS), 401, "SECOND_FACTOR_REQUIRED"
    )["challenge"]
    path = "/v1/auth/login/second-factor"
    other = {"challenge": waits, "passkey": ring.get(await asked(door))}
    assert_problem(await door.http.post(path, json=other), 422, "PASSKEY_CHALLENGE_ENDED")
    public_key = await asked(door, challenge=waits)
    assert [allowed["id"] for allowed in public_key["allowCredentials"]] == [ring.credential_id]
    opened = await door.http.post(path, json={"challenge": waits, "passkey": ring.get(public_key)})
    assert opened.json()["access_token"]
    gone = await door.http.post("/v1/auth/passkey/options", json={"challenge": waits})
    assert_problem(gone, 401, "CHALLENGE_ENDED")


async def test_an_address_has_to_be_confirmed_first(door: Door) -> None:
    """Of whoever wants a passkey."""
    await door.sign_up()
    assert_problem(await door.http.post("/v1/me/passkeys/options"), 409, "EMAIL_NOT_CONFIRMED")


async def test_an_address_without_a_name_has_none(door: Door, ring: KeyRing) -> None:
    """It is said wherever somebody might ask; what there is can be removed."""
    door.world.passkeys.available = False
    own = (await door.http.get("/v1/me/passkeys")).json()
    assert own["available"] is False
    for path in ("/v1/auth/passkey/options", "/v1/me/passkeys/options", "/v1/auth/step-up/options"):
        assert_problem(await door.http.post(path, json={}), 409, "PASSKEYS_UNAVAILABLE")
    removed = await door.http.delete(f"/v1/me/passkeys/{own['passkeys'][0]['id']}")
    assert removed.status_code == 204
