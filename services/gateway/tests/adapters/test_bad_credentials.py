"""Tokens, passwords and signatures that must not open anything."""

import hashlib
from typing import Any

import pytest
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway_world import PASSWORD, SKETCH, Door, assert_problem
from joserfc import jwt
from joserfc.jwk import OctKey


class TestTokens:
    """Access tokens that must not open anything."""

    @pytest.mark.exhaustive
    @pytest.mark.parametrize(
        "header",
        ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer x", "Bearer a.b.c", "Bearer " + "x" * 5000],
    )
    async def test_no_token(self, rich: Door, header: str) -> None:
        """What is no token is 401, and says how to do better."""
        refused = await rich.http.get("/v1/me", headers={"Authorization": header})
        assert_problem(refused, 401, "INVALID_TOKEN")
        assert refused.headers["www-authenticate"] == "Bearer"

    async def test_nobody(self, door: Door) -> None:
        """Without a token or a session, 401."""
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/generations"), ("GET", "/v1/events")):
            answer = await door.http.request(method, path, json={"model": SKETCH, "input": {}})
            assert_problem(answer, 401, "UNAUTHENTICATED")

    async def test_expired(self, rich: Door) -> None:
        """A token past its time is 401 with a reason of its own."""
        before = rich.state()
        rich.clock.pass_(minutes=16)
        assert_problem(await rich.generate(), 401, "TOKEN_EXPIRED")
        assert rich.state() == before

    @pytest.mark.exhaustive
    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "somebody"},
            {"aud": "another"},
            {"exp": None},
            {"exp": "never"},
            {"role": "root"},
            {"sub": None},
            {"iat": 4_000_000_000},
            {"sid": None},
        ],
        ids=str,
    )
    async def test_wrong_claims(self, rich: Door, claims: dict[str, Any]) -> None:
        """A token for somebody else, or without its claims, is 401."""
        user = next(iter(rich.world.identity.users.values()))
        token = rich.world.identity.access_token(user, **claims)
        refused = await rich.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert_problem(refused, 401, "INVALID_TOKEN")

    async def test_forged(self, rich: Door) -> None:
        """Another key, no algorithm, or the public key as a shared secret: 401."""
        identity = rich.world.identity
        user = next(iter(identity.users.values()))
        stranger = MemoryIdentity(rich.clock)
        claims = {"iss": "tintype-identity", "aud": "tintype", "sub": user.user_id, "exp": 4_000_000_000}
        kid = identity.key.thumbprint()
        secret = OctKey.import_key(await identity.jwks())
        hmac = jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": kid}, claims, secret)
        right = identity.access_token(user)
        tampered = right[:-6] + ("AAAAAA" if right[-6:] != "AAAAAA" else "BBBBBB")
        none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJ4In0."
        for token in (stranger.access_token(user), hmac, tampered, none):
            refused = await rich.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert_problem(refused, 401, "INVALID_TOKEN")


async def test_bad_sign_ups(door: Door) -> None:
    """Weak passwords, no addresses and taken ones; no answer repeats the password."""
    good = {"email": "ada@example.com", "password": PASSWORD}
    weak = await door.http.post("/v1/auth/signup", json={**good, "password": "hunter2!"})
    assert_problem(weak, 422, "WEAK_PASSWORD")
    assert_problem(
        await door.http.post("/v1/auth/signup", json={**good, "email": "nobody"}), 422, "INVALID_EMAIL"
    )
    secret = "s3cret-" * 200
    long = await door.http.post("/v1/auth/signup", json={**good, "password": secret})
    assert_problem(long, 422, "INVALID_REQUEST")
    for answer in (weak, long):
        assert "hunter2" not in answer.text
        assert "s3cret" not in answer.text
    assert door.world.identity.users == {}
    await door.sign_up()
    before = door.state()
    assert_problem(await door.http.post("/v1/auth/signup", json=good), 409, "EMAIL_TAKEN")
    wrong = {**good, "password": "not the password"}
    assert_problem(await door.http.post("/v1/auth/login", json=wrong), 401, "INVALID_CREDENTIALS")
    assert door.state() == before


async def test_a_refresh_token_twice(door: Door) -> None:
    """A refresh token that was used ends its family."""
    answer = await door.http.post("/v1/auth/signup", json={"email": "a@b.co", "password": PASSWORD})
    token = {"refresh_token": answer.json()["refresh_token"]}
    second = (await door.http.post("/v1/auth/refresh", json=token)).json()
    assert_problem(await door.http.post("/v1/auth/refresh", json=token), 401, "REFRESH_TOKEN_REUSED")
    rotated = {"refresh_token": second["refresh_token"]}
    assert (await door.http.post("/v1/auth/refresh", json=rotated)).status_code == 401


async def test_webhooks_of_providers(door: Door) -> None:
    """A true one is passed on untouched, also twice; any other is refused and passed nowhere."""
    door.world.generations.runs.add(("local", "run_1"))
    path, signed, before = "/webhooks/providers/local", {"Signature": "local"}, door.state()
    for headers in ({}, {"Signature": ""}, {"Signature": "other"}, {"Authorization": "local"}):
        answer = await door.http.post(path, content=b"run_1", headers=headers)
        assert_problem(answer, 400, "INVALID_SIGNATURE")
    unknown = await door.http.post(path, content=b"run_2", headers=signed)
    assert_problem(unknown, 404, "RUN_NOT_FOUND")
    for name in ("nobody", "openai", "..%2Fstripe", "local%00", "x" * 2_000):
        answer = await door.http.post(f"/webhooks/providers/{name}", content=b"run_1", headers=signed)
        assert answer.status_code == 404, answer.text
    assert door.state() == before
    for _ in range(2):
        told = await door.http.post(f"{path}?token=t", content=b"run_1", headers=signed)
        assert (told.status_code, told.content) == (204, b"")
    assert door.world.generations.told_of == [("local", "run_1")] * 2


async def test_forged_webhooks(door: Door) -> None:
    """A webhook without the right signature is 400 and never stored; a true one is passed on untouched."""
    body = b'{"id": "evt_1",  "amount": 1e999}'
    for headers in ({}, {"Stripe-Signature": ""}, {"Stripe-Signature": "t=1,v1=00"}):
        answer = await door.http.post("/webhooks/stripe", content=body, headers=headers)
        assert_problem(answer, 400, "INVALID_SIGNATURE")
    assert door.world.billing.webhooks == {}
    true = {"Stripe-Signature": hashlib.sha256(body).hexdigest()}
    assert (await door.http.post("/webhooks/stripe", content=body, headers=true)).status_code == 200
    again = await door.http.post("/webhooks/stripe", content=body, headers=true)
    assert again.json() == {"received": True, "duplicate": True}
    assert list(door.world.billing.webhooks) == [body]
