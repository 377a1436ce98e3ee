"""Everything that must be refused: a problem document, the right status, and nothing changed."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from gateway.adapters.inbound.middleware import BODY_MAX_BYTES, WEBHOOK_BODY_MAX_BYTES
from gateway.adapters.inbound.problems import STATUSES
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain import errors
from gateway_world import PASSWORD, Door, assert_problem, make_door
from joserfc import jwt
from joserfc.jwk import OctKey

JSON = {"content-type": "application/json"}
SKETCH = "local/sketch"


@pytest.fixture
async def rich(door: Door) -> Door:
    """A caller with credits and one job."""
    await door.sign_up(welcome_credits=1000)
    assert (await door.generate()).status_code == 202
    return door


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "MALFORMED_JSON"),
        (b"", "MALFORMED_JSON"),
        (b"\xff\xfe", "MALFORMED_JSON"),
        (b'{"model": NaN, "input": {}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"seed": Infinity}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"seed": 1e999}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"seed": 99999999999999999999}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"seed": ' + b"9" * 5000 + b"}}", "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"prompt": "\\ud800"}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"prompt": "a\\u0000b"}}', "MALFORMED_JSON"),
        (b"[" * 100_000, "MALFORMED_JSON"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "MALFORMED_JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_json(rich: Door, body: bytes, reason: str) -> None:
    """A body that is no JSON, or JSON that no service could hold, is 400."""
    before = rich.state()
    for path in ("/v1/generations", "/v1/quotes"):
        assert_problem(await rich.http.post(path, content=body, headers=JSON), 400, reason)
    assert rich.state() == before


@pytest.mark.parametrize(
    "body",
    [
        "a text",
        [],
        {},
        {"model": SKETCH},
        {"model": 7, "input": {}},
        {"model": SKETCH, "input": []},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "surprise": 1},
        {"model": "x" * 200, "input": {}},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "quote_id": ""},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "provider_order": ["local"] * 17},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "metadata": {str(n): n for n in range(51)}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bodies_of_the_wrong_shape(rich: Door, body: Any) -> None:
    """Missing, unknown and mistyped fields are 422 and named."""
    before = rich.state()
    problem = assert_problem(await rich.http.post("/v1/generations", json=body), 422, "INVALID_REQUEST")
    assert problem["errors"]
    assert rich.state() == before


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"prompt": "a heron" * 2001}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "a heron", "ratio": "7:5"}, "ratio"),
        ({"prompt": "a heron", "output_count": -1}, "output_count"),
        ({"prompt": "a heron", "output_count": 5}, "output_count"),
        ({"prompt": "a heron", "seed": -1}, "seed"),
        ({"prompt": "a heron", "seed": 2**40}, "seed"),
        ({"prompt": "a heron", "unknown": True}, "input"),
    ],
)
async def test_inputs_outside_the_schema(rich: Door, job: dict[str, Any], field: str) -> None:
    """What the model's schema forbids is 422, for a quote and for a generation, and names the field."""
    before = rich.state()
    for path in ("/v1/generations", "/v1/quotes"):
        answer = await rich.http.post(path, json={"model": SKETCH, "input": job})
        problem = assert_problem(answer, 422, "INVALID_INPUT")
        assert problem["errors"][0]["field"] == field
    assert rich.state() == before


async def test_unknown_model_and_pack(rich: Door) -> None:
    """What is not on offer is 404."""
    before = rich.state()
    body = {"model": "local/nothing", "input": {"prompt": "a heron"}}
    assert_problem(await rich.http.post("/v1/generations", json=body), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.post("/v1/quotes", json=body), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.get("/v1/models/local/nothing"), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.post("/v1/checkout", json={"pack": "free"}), 404, "UNKNOWN_PACK")
    assert rich.state() == before


async def test_too_few_credits(door: Door) -> None:
    """402 says what there is and what is needed; nothing is held."""
    await door.sign_up(welcome_credits=30)
    body = {"model": "local/motion", "input": {"prompt": "a heron", "duration_s": 3}}
    refused = await door.http.post("/v1/generations", json=body)
    problem = assert_problem(refused, 402, "INSUFFICIENT_CREDITS")
    assert (problem["balance"], problem["required"]) == (30, 75)
    rejected = (await door.http.get(f"/v1/generations/{problem['generation_id']}")).json()
    assert rejected["status"] == "rejected"
    balance = (await door.http.get("/v1/balance")).json()
    assert (balance["available"], balance["held"]) == (30, 0)


async def test_a_key_with_another_body(rich: Door) -> None:
    """The same idempotency key with another body is 422."""
    body = {"model": SKETCH, "input": {"prompt": "a heron"}}
    key = {"Idempotency-Key": "k"}
    await rich.http.post("/v1/generations", json=body, headers=key)
    before = rich.state()
    other = {"model": SKETCH, "input": {"prompt": "another heron"}}
    refused = await rich.http.post("/v1/generations", json=other, headers=key)
    assert_problem(refused, 422, "IDEMPOTENCY_KEY_REUSED")
    for bad in ("", "x" * 256, "with space"):
        refused = await rich.http.post("/v1/generations", json=body, headers={"Idempotency-Key": bad})
        assert_problem(refused, 422, "INVALID_IDEMPOTENCY_KEY")
    assert rich.state() == before


async def test_other_peoples_objects(rich: Door) -> None:
    """Another user's job and checkout are 404, whatever is asked of them."""
    job = next(iter(rich.world.generations.jobs))
    checkout = (await rich.http.post("/v1/checkout", json={"pack": "starter"})).json()["id"]
    await rich.sign_up("eve@example.com")
    before = rich.state()
    for method, path in (
        ("GET", f"/v1/generations/{job}"),
        ("DELETE", f"/v1/generations/{job}"),
        ("POST", f"/v1/generations/{job}/cancel"),
        ("GET", f"/v1/generations/{job}/explain"),
        ("GET", f"/v1/checkout/{checkout}"),
    ):
        answer = await rich.http.request(method, path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await rich.http.get("/v1/generations")).json()["data"] == []
    assert rich.state() == before


@pytest.mark.parametrize(
    "path",
    [
        "/v1/generations/..%2f..%2fetc%2fpasswd",
        "/v1/generations/%2e%2e/%2e%2e/etc/passwd",
        "/v1/generations/gen_../explain",
        "/v1/generations/gen_" + "a" * 33,
        "/v1/generations/gen_%00",
        "/v1/generations/" + "x" * 5000,
        "/v1/checkout/..%5c..%5cx",
        "/v1/models/..%2f..%2f/passwd",
        "/docs/../../etc/passwd",
    ],
)
async def test_path_traversal(rich: Door, path: str) -> None:
    """An id that is a path leads nowhere."""
    before = rich.state()
    answer = await rich.http.get(httpx.URL("http://gateway.test").copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert rich.state() == before


async def test_wrong_content_types(rich: Door) -> None:
    """A body that is not declared as JSON is 415, whatever it holds."""
    before = rich.state()
    body = json.dumps({"model": SKETCH, "input": {"prompt": "a heron"}})
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = await rich.http.post("/v1/generations", content=body, headers={"content-type": content_type})
        assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert_problem(await rich.http.post("/v1/generations", content=body), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert rich.state() == before


async def test_no_such_place_or_method(door: Door) -> None:
    """404 and 405 are problems too, and 405 names what is allowed."""
    assert_problem(await door.http.get("/v1/nothing"), 404, "NOT_FOUND")
    refused = await door.http.put("/v1/balance")
    assert_problem(refused, 405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"]


async def test_bodies_that_are_too_large(rich: Door) -> None:
    """A body over the limit is 413, announced or not; the webhook's limit is lower."""
    before = rich.state()

    async def unannounced(size_bytes: int) -> AsyncIterator[bytes]:
        yield b'{"model": "'
        for _ in range(size_bytes // 65536):
            yield b"x" * 65536

    large = b"x" * (BODY_MAX_BYTES + 1)
    assert_problem(
        await rich.http.post("/v1/generations", content=large, headers=JSON), 413, "BODY_TOO_LARGE"
    )
    streamed = await rich.http.post("/v1/generations", content=unannounced(2 * BODY_MAX_BYTES), headers=JSON)
    assert_problem(streamed, 413, "BODY_TOO_LARGE")
    webhook = b"x" * (WEBHOOK_BODY_MAX_BYTES + 1)
    assert_problem(await rich.http.post("/webhooks/stripe", content=webhook), 413, "BODY_TOO_LARGE")
    streamed = await rich.http.post("/webhooks/stripe", content=unannounced(2 * WEBHOOK_BODY_MAX_BYTES))
    assert_problem(streamed, 413, "BODY_TOO_LARGE")
    assert rich.state() == before


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


async def test_return_addresses_elsewhere(rich: Door) -> None:
    """A checkout may not lead to another origin."""
    before = rich.state()
    for url in (
        "https://evil.example/",
        "http://gateway.test.evil.example/",
        "http://gateway.test@evil.example/",
        "http://gateway.test:81/",
        "javascript:alert(1)",
        "//evil.example",
        "http://gateway.test\\@evil.example",
    ):
        answer = await rich.http.post("/v1/checkout", json={"pack": "starter", "success_url": url})
        problem = assert_problem(answer, 422, "FOREIGN_RETURN_URL")
        assert problem["errors"][0]["field"] == "success_url"
    assert rich.state() == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=1e9",
        "cursor=",
        "cursor=a%20b",
        "cursor=nonsense",
    ],
)
async def test_pages_out_of_bounds(rich: Door, query: str) -> None:
    """Limits and cursors that are none are 422."""
    answer = await rich.http.get(f"/v1/ledger/entries?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in ("limit", "cursor")


@pytest.mark.parametrize(
    "query", ["kind=theft", "from=yesterday", "to=-1", "from=0001-01-01T00:00:00%2B23:00", "format=xml"]
)
async def test_filters_that_are_none(rich: Door, query: str) -> None:
    """Unknown kinds, times and formats are 422."""
    assert_problem(await rich.http.get(f"/v1/ledger/entries?{query}"), 422, "INVALID_REQUEST")


async def test_wrong_state(rich: Door) -> None:
    """A running job can't be deleted and a finished one can't be cancelled: 409."""
    job = next(iter(rich.world.generations.jobs))
    before = rich.state()
    assert_problem(await rich.http.delete(f"/v1/generations/{job}"), 409, "GENERATION_RUNNING")
    assert rich.state() == before


class TestTokens:
    """Access tokens that must not open anything."""

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


async def test_rate_limits() -> None:
    """Past the limit, 429 with Retry-After; every answer before says what is left."""
    door = make_door(rates="2/minute")
    async with door.http:
        await door.sign_up(welcome_credits=1000)
        answers = [await door.generate() for _ in range(3)]
        assert [one.status_code for one in answers] == [202, 202, 429]
        assert answers[0].headers["ratelimit-policy"] == '"generations";q=2;w=60'
        assert answers[0].headers["ratelimit"].startswith('"generations";r=1;t=')
        assert_problem(answers[2], 429, "RATE_LIMITED")
        assert int(answers[2].headers["retry-after"]) >= 1
        assert answers[2].headers["ratelimit"].startswith('"generations";r=0;t=')
        assert len(door.world.generations.jobs) == 2
        log_in = {"email": "ada@example.com", "password": "wrong password"}
        first = await door.http.post("/v1/auth/login", json=log_in)
        # A refusal says what is left too.
        assert first.headers["ratelimit"].startswith('"auth";r=0')
        # The address in front is what counts, whatever the request claims.
        forwarded = {"X-Forwarded-For": "203.0.113.9"}
        refused = await door.http.post("/v1/auth/login", json=log_in, headers=forwarded)
        assert_problem(refused, 429, "RATE_LIMITED")


async def test_our_own_bug(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is 500 and says nothing about itself."""
    await door.sign_up()

    async def broken(_account_id: str) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(door.world.ledger, "balance", broken)
    refused = await door.http.get("/v1/balance")
    assert_problem(refused, 500, "INTERNAL")
    assert "hunter2" not in refused.text


async def test_every_refusal_has_a_status() -> None:
    """No class of refusal is missing in the table."""
    known = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.GatewayError) and one is not errors.GatewayError
    }
    assert known == set(STATUSES)
