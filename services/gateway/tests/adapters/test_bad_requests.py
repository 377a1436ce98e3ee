"""Requests that come at the wrong time: without credits, twice, too often, too early."""

from gateway_world import PASSWORD, SKETCH, Door, assert_problem, make_door


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


async def test_a_repeated_refusal_says_that_it_is_one(door: Door) -> None:
    """The same key gets the first decision with its time and the header, even after credits have come."""
    await door.sign_up(welcome_credits=30)
    body = {"model": "local/motion", "input": {"prompt": "a heron", "duration_s": 3}}
    key = {"Idempotency-Key": "k"}
    first = await door.http.post("/v1/generations", json=body, headers=key)
    assert "Idempotency-Replayed" not in first.headers
    account = next(iter(door.world.identity.users))
    door.world.ledger.grant(account, 1000)
    again = await door.http.post("/v1/generations", json=body, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    one, two = (assert_problem(answer, 402, "INSUFFICIENT_CREDITS") for answer in (first, again))
    assert one["decided_at"]
    for member in ("balance", "required", "generation_id", "decided_at"):
        assert one[member] == two[member]
    fresh = await door.http.post("/v1/generations", json=body, headers={"Idempotency-Key": "k2"})
    assert fresh.status_code == 202


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


async def test_wrong_state(rich: Door) -> None:
    """A running job can't be deleted and a finished one can't be cancelled: 409."""
    job = next(iter(rich.world.generations.jobs))
    before = rich.state()
    assert_problem(await rich.http.delete(f"/v1/generations/{job}"), 409, "GENERATION_RUNNING")
    assert rich.state() == before


async def test_rate_limits() -> None:
    """Past the limit, 429 with Retry-After; every answer before says what is left."""
    door = make_door(rates="2/day")
    async with door.http:
        ada = {"email": "ada@example.com", "password": PASSWORD, "full_name": "Ada"}
        opened = (await door.http.post("/v1/auth/signup", json=ada)).json()
        door.http.headers["Authorization"] = f"Bearer {opened['access_token']}"
        door.world.ledger.grant(opened["user"]["id"], 1000)
        answers = [await door.generate() for _ in range(3)]
        assert [one.status_code for one in answers] == [202, 202, 429]
        assert answers[0].headers["ratelimit-policy"] == '"generations";q=2;w=86400'
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
