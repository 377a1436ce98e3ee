"""The public calls, each once as they are meant."""

import csv
import io

import pytest
from chassis.version import version
from gateway.domain.generation import GenerationStatus
from gateway_world import PASSWORD, Door, assert_problem
from prometheus_client import generate_latest


async def test_sign_up_log_in_refresh_log_out(door: Door) -> None:
    """A session's life: tokens come, rotate, and end."""
    user_id = await door.sign_up()
    answer = await door.http.post("/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    session = answer.json()
    assert session["user"]["id"] == user_id
    assert session["expires_in"] == 900
    refreshed = await door.http.post("/v1/auth/refresh", json={"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 200
    assert refreshed.json()["refresh_token"] != session["refresh_token"]
    token = {"refresh_token": refreshed.json()["refresh_token"]}
    assert (await door.http.post("/v1/auth/logout", json=token)).status_code == 204
    assert (await door.http.post("/v1/auth/refresh", json=token)).status_code == 401


async def test_forgotten_password_and_verified_address(door: Door) -> None:
    """Mailed tokens verify an address and set a password."""
    await door.sign_up()
    mailed = door.world.identity.mailed["ada@example.com"]
    verified = await door.http.post("/v1/auth/email/verify", json={"token": mailed[0]})
    assert verified.json()["user"]["email_verified"] is True
    for email in ("ada@example.com", "nobody@example.com"):
        answer = await door.http.post("/v1/auth/password/forgot", json={"email": email})
        assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    body = {"token": mailed[-1], "new_password": "another good password"}
    assert (await door.http.post("/v1/auth/password/reset", json=body)).status_code == 204
    log_in = {"email": "ada@example.com", "password": "another good password"}
    assert (await door.http.post("/v1/auth/login", json=log_in)).status_code == 200


async def test_profile(door: Door) -> None:
    """The profile is read and changed; what is left out stays."""
    await door.sign_up()
    changed = await door.http.patch("/v1/me", json={"avatar_url": "https://example.com/a.png"})
    assert changed.status_code == 200
    me = (await door.http.get("/v1/me")).json()
    assert me == changed.json()
    assert (me["full_name"], me["avatar_url"], me["role"]) == ("Ada", "https://example.com/a.png", "user")
    assert (await door.http.patch("/v1/me", json={"avatar_url": None})).json()["avatar_url"] is None


async def test_balance_and_statement(door: Door) -> None:
    """The balance has the shape of the contract, and the statement pages, filters and exports."""
    user_id = await door.sign_up(welcome_credits=1000)
    for _ in range(3):
        await door.generate()
    balance = (await door.http.get("/v1/balance")).json()
    assert (balance["available"], balance["held"], balance["debt"]) == (985, 15, 0)
    assert balance["by_category"].keys() == {"subscription", "promotional", "paid"}
    first = (await door.http.get("/v1/ledger/entries", params={"limit": 3})).json()
    rest = (
        await door.http.get("/v1/ledger/entries", params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    amounts = [one["amount"] for one in first["data"] + rest["data"]]
    assert (amounts, rest["next_cursor"]) == ([-5, -5, -5, 1000], None)
    grants = (await door.http.get("/v1/ledger/entries?kind=grant&from=2030-01-01T00:00:00Z")).json()
    assert [one["kind"] for one in grants["data"]] == ["grant"]
    assert (await door.http.get("/v1/ledger/entries?to=2030-01-01T00:00:00Z")).json()["data"] == []
    exported = await door.http.get("/v1/ledger/entries", headers={"Accept": "text/csv"})
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [int(row["amount"]) for row in rows] == amounts
    assert user_id not in exported.text


async def test_a_long_statement_exports_whole(door: Door) -> None:
    """An export follows the pages to the end."""
    user_id = await door.sign_up()
    for amount in range(1, 251):
        door.world.ledger.grant(user_id, amount)
    exported = await door.http.get("/v1/ledger/entries?format=csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [int(row["amount"]) for row in rows] == list(range(250, 0, -1))


async def test_models_and_quote(door: Door) -> None:
    """Models are public; a quote prices an input."""
    models = (await door.http.get("/v1/models")).json()
    assert [one["id"] for one in models["data"]] == [
        "local/sketch",
        "local/motion",
        "local/edit",
        "local/refilm",
    ]
    one = (await door.http.get("/v1/models/local/sketch")).json()
    assert one == models["data"][0]
    assert one.keys() >= {"id", "modality", "category", "input_schema", "pricing", "providers"}
    for category, expected in (("text-to-video", ["local/motion"]), ("text", []), ("", [])):
        listed = (await door.http.get("/v1/models", params={"category": category})).json()["data"]
        assert [one["id"] for one in listed] == expected
    await door.sign_up()
    body = {"model": "local/sketch", "input": {"prompt": "a heron", "output_count": 3}}
    quote = (await door.http.post("/v1/quotes", json=body)).json()
    assert quote["credits"] == 15
    assert quote["expires_at"].endswith("Z")


async def test_a_generation_from_start_to_end(door: Door) -> None:
    """A job is created, read, listed, explained and deleted."""
    await door.sign_up(welcome_credits=100)
    created = await door.generate(metadata={"album": "birds"})
    assert created.status_code == 202
    job = created.json()
    assert created.headers["location"] == f"/v1/generations/{job['id']}"
    assert (job["status"], job["credits_reserved"], job["metadata"]) == ("queued", 5, {"album": "birds"})
    assert job["credits"] == {"reserved": 5, "charged": 0, "refunded": 0}
    door.world.generations.finish(job["id"], GenerationStatus.SUCCEEDED)
    done = (await door.http.get(f"/v1/generations/{job['id']}")).json()
    assert (done["status"], done["credits"]["charged"]) == ("succeeded", 5)
    assert done["outputs"][0].keys() >= {"id", "media_type", "size_bytes", "width", "height", "url"}
    listed = (await door.http.get("/v1/generations?status=succeeded")).json()
    assert [one["id"] for one in listed["data"]] == [job["id"]]
    assert (await door.http.get("/v1/generations?status=failed")).json()["data"] == []
    explained = (await door.http.get(f"/v1/generations/{job['id']}/explain")).json()
    assert explained["settlement"]["charged"] == 5
    assert explained["reservation"]["reserved"] == 5
    assert [lot["payment_id"] for lot in explained["lots"]] == ["pi_memory"]
    assert (await door.http.delete(f"/v1/generations/{job['id']}")).status_code == 204
    assert (await door.http.get(f"/v1/generations/{job['id']}")).status_code == 404


async def test_cancel(door: Door) -> None:
    """A cancelled job gives its credits back."""
    await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()
    cancelled = await door.http.post(f"/v1/generations/{job['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await door.http.get("/v1/balance")).json()["available"] == 100


async def test_idempotency(door: Door) -> None:
    """The same key and body replays the first answer and reserves once."""
    await door.sign_up(welcome_credits=100)
    body = {"model": "local/sketch", "input": {"prompt": "a heron"}}
    key = {"Idempotency-Key": "one-1"}
    first = await door.http.post("/v1/generations", json=body, headers=key)
    again = await door.http.post("/v1/generations", json=body, headers=key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert (await door.http.get("/v1/balance")).json()["held"] == 5


async def test_a_model_for_subscribers(door: Door) -> None:
    """Everybody reads what it requires; whose plan does not open it is refused, and nothing is held."""
    door.world.generations.requires["local/motion"] = "premium"
    public = (await door.http.get("/v1/models/local/motion")).json()
    assert (public["requires"], public["is_usable"]) == ("premium", None)
    user_id = await door.sign_up(welcome_credits=1000)
    sketch, motion, *_ = (await door.http.get("/v1/models")).json()["data"]
    assert (sketch["requires"], sketch["is_usable"]) == (None, True)
    assert (motion["requires"], motion["is_usable"]) == ("premium", False)
    before = door.state()
    answer = await door.generate(model="local/motion")
    assert_problem(answer, 403, "ENTITLEMENT_REQUIRED")
    assert "premium" in answer.json()["detail"]
    assert door.state() == before
    door.world.generations.entitlements[user_id] = {"premium"}
    assert (await door.http.get("/v1/models/local/motion")).json()["is_usable"] is True
    assert (await door.generate(model="local/motion")).status_code == 202


async def test_a_bad_token_closes_nothing_that_is_public(door: Door) -> None:
    """Who can't be known is nobody in particular."""
    for header in ("Bearer nonsense", "Basic abc"):
        answer = await door.http.get("/v1/models", headers={"Authorization": header})
        assert answer.status_code == 200
        assert {model["is_usable"] for model in answer.json()["data"]} == {None}


async def test_a_plan(door: Door) -> None:
    """Shown to everybody; who has one sees its month, and nobody sees another's."""
    plan, pro, _ = (await door.http.get("/v1/plans")).json()["data"]
    assert (plan["id"], plan["credits_per_month"], plan["badge"], plan["prices"]) == ("free", 500, None, [])
    assert pro["prices"] == [
        {"interval": "month", "price_minor": 2900, "currency": "usd"},
        {"interval": "year", "price_minor": 29000, "currency": "usd"},
    ]
    assert_problem(await door.http.get("/v1/subscription"), 401, "UNAUTHENTICATED")
    user_id = await door.sign_up()
    assert_problem(await door.http.get("/v1/subscription"), 404, "SUBSCRIPTION_NOT_FOUND")
    door.world.billing.subscribe(user_id)
    mine = (await door.http.get("/v1/subscription")).json()
    assert (mine["plan_id"], mine["plan"]) == ("free", plan)
    assert (mine["period_start"], mine["period_end"]) == ("2030-01-02T03:04:05Z", "2030-02-01T03:04:05Z")


async def test_a_plan_is_bought_changed_and_kept(door: Door) -> None:
    """By JSON's own words; what can't be done is told by its reason, and changes nothing."""
    await door.sign_up()
    buy = {"plan": "pro", "interval": "month"}
    for wrong in ({"plan": "pro"}, {**buy, "pack": "starter"}, {}, {"plan": "pro", "interval": "week"}):
        assert (await door.http.post("/v1/checkout", json=wrong)).status_code == 422
    assert_problem(await door.http.post("/v1/checkout", json=buy | {"plan": "gold"}), 404, "UNKNOWN_PLAN")
    assert_problem(await door.http.post("/v1/subscription/cancel"), 404, "SUBSCRIPTION_NOT_FOUND")
    checkout = (await door.http.post("/v1/checkout", json=buy)).json()
    assert (checkout["pack"], checkout["plan"], checkout["interval"]) == (None, "pro", "month")
    door.world.billing.begin(checkout["id"])
    assert_problem(await door.http.post("/v1/checkout", json=buy), 409, "SUBSCRIBED_ALREADY")
    mine = (await door.http.get("/v1/subscription")).json()
    paid = (await door.http.get(f"/v1/checkout/{checkout['id']}")).json()
    assert (paid["subscription_id"], mine["price_minor"], mine["interval"]) == (mine["id"], 2900, "month")
    change = {"plan": "business", "interval": "year"}
    changed = (await door.http.post("/v1/subscription/change", json=change)).json()
    assert (changed["plan_id"], changed["interval"], changed["price_minor"]) == ("business", "year", 59000)
    cancelled = (await door.http.post("/v1/subscription/cancel")).json()
    assert cancelled["cancels_at"] == cancelled["paid_period_end"]
    assert (await door.http.post("/v1/subscription/resume")).json()["cancels_at"] is None
    (invoice,) = (await door.http.get("/v1/invoices")).json()["data"]
    assert (invoice["total_minor"], invoice["status"], invoice["number"]) == (2900, "paid", "N-0001")
    opened = await door.http.post("/v1/billing-portal", json={})
    assert (opened.status_code, opened.json()["url"][:8]) == (201, "https://")
    foreign = await door.http.post("/v1/billing-portal", json={"return_url": "https://evil.example/"})
    assert_problem(foreign, 422, "FOREIGN_RETURN_URL")


async def test_a_code_for_credits(door: Door) -> None:
    """Redeemed once, whatever the case; every refusal has its reason."""
    door.world.billing.promotions |= {"SPRING-26": 100, "AUTUMN": 0}
    path, key = "/v1/promotions/redeem", {"Idempotency-Key": "k1"}
    assert_problem(await door.http.post(path, json={"code": "SPRING-26"}), 401, "UNAUTHENTICATED")
    await door.sign_up()
    first = await door.http.post(path, json={"code": "spring-26"}, headers=key)
    assert first.status_code == 201
    assert (first.json()["code"], first.json()["credits"], first.json()["expires_at"]) == (
        "SPRING-26",
        100,
        None,
    )
    again = await door.http.post(path, json={"code": "spring-26"}, headers=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    for code, status, reason in (
        ("SPRING-26", 409, "PROMOTION_REDEEMED_BEFORE"),
        ("AUTUMN", 409, "PROMOTION_ENDED"),
        ("WINTER", 404, "UNKNOWN_PROMOTION"),
        ("x", 422, "INVALID_REQUEST"),
    ):
        assert_problem(await door.http.post(path, json={"code": code}), status, reason)


async def test_buying_a_pack(door: Door) -> None:
    """A pack is shown, checked out and found among the purchases; the page leads back to the console."""
    await door.sign_up()
    packs = (await door.http.get("/v1/packs")).json()["data"]
    assert (packs[0]["id"], packs[0]["credits"], packs[0]["price_minor"]) == ("starter", 1000, 1000)
    created = await door.http.post("/v1/checkout", json={"pack": "starter"}, headers={"Idempotency-Key": "c"})
    assert created.status_code == 201
    checkout = created.json()
    assert checkout["url"].startswith("https://checkout.example/")
    assert door.world.billing.return_urls == [
        (f"http://gateway.test/billing?checkout={checkout['id']}", "http://gateway.test/billing?note=unpaid")
    ]
    assert (checkout["status"], checkout["payment_status"]) == ("open", "unpaid")
    again = await door.http.post("/v1/checkout", json={"pack": "starter"}, headers={"Idempotency-Key": "c"})
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (checkout["id"], "true")
    door.world.billing.pay(checkout["id"])
    paid = (await door.http.get(f"/v1/checkout/{checkout['id']}")).json()
    purchases = (await door.http.get("/v1/purchases")).json()["data"]
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    assert [one["id"] for one in purchases] == [paid["purchase_id"]]
    assert (purchases[0]["status"], purchases[0]["refunded_minor"]) == ("paid", 0)


async def test_a_purchase_shows_what_was_refunded(door: Door) -> None:
    """In part, then whole."""
    user = await door.sign_up()
    created = await door.http.post("/v1/checkout", json={"pack": "starter"}, headers={"Idempotency-Key": "c"})
    purchase = door.world.billing.pay(created.json()["id"])
    for amount, total, status in ((300, 300, "partially_refunded"), (700, 1000, "refunded")):
        door.world.billing.refund(user, purchase.purchase_id, amount)
        (shown,) = (await door.http.get("/v1/purchases")).json()["data"]
        assert (shown["status"], shown["refunded_minor"], shown["amount_minor"]) == (status, total, 1000)


@pytest.mark.parametrize("cursor", ["zz", "-1", "٣", "%00"])
async def test_a_cursor_that_nobody_gave_is_refused(door: Door, cursor: str) -> None:
    """An empty page would be taken for the end."""
    await door.sign_up()
    answer = await door.http.get(f"/v1/purchases?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


async def test_a_checkout_that_is_over_says_how_it_ended(door: Door) -> None:
    """A debit that fails is complete and failed; the same key with another address is another request."""
    await door.sign_up()
    key = {"Idempotency-Key": "c"}
    checkout = (await door.http.post("/v1/checkout", json={"pack": "starter"}, headers=key)).json()
    door.world.billing.promise(checkout["id"])
    waiting = (await door.http.get(f"/v1/checkout/{checkout['id']}")).json()
    assert (waiting["status"], waiting["payment_status"]) == ("complete", "processing")
    door.world.billing.fail(checkout["id"])
    failed = (await door.http.get(f"/v1/checkout/{checkout['id']}")).json()
    assert (failed["status"], failed["payment_status"], failed["url"]) == ("complete", "failed", None)
    other = {"pack": "starter", "success_url": "http://gateway.test/library"}
    answer = await door.http.post("/v1/checkout", json=other, headers=key)
    assert (answer.status_code, answer.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_an_expired_page_is_followed_by_another(door: Door) -> None:
    """Replayed, the key has a page again: an open checkout always has an address."""
    await door.sign_up()
    key = {"Idempotency-Key": "c"}
    first = (await door.http.post("/v1/checkout", json={"pack": "starter"}, headers=key)).json()
    door.world.billing.expire(first["id"])
    again = await door.http.post("/v1/checkout", json={"pack": "starter"}, headers=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert (again.json()["id"], again.json()["status"]) == (first["id"], "open")
    assert again.json()["url"] not in (None, first["url"])


async def test_own_return_addresses(door: Door) -> None:
    """A caller may choose where on our own origin people come back to."""
    await door.sign_up()
    urls = {"success_url": "http://gateway.test/library", "cancel_url": "http://gateway.test/pricing"}
    created = await door.http.post("/v1/checkout", json={"pack": "starter", **urls})
    assert created.status_code == 201
    assert door.world.billing.return_urls == [(urls["success_url"], urls["cancel_url"])]


async def test_operations_and_description(door: Door) -> None:
    """Health, what is counted, and the description for programs."""
    assert (await door.http.get("/healthz")).text == "ok"
    assert (await door.http.get("/readyz")).json() == {"ready": True, "failed": {}}
    await door.http.get("/v1/models/local/sketch")
    counted = 'http_requests_total{method="GET",route="/v1/models/{provider}/{name}",status="200"}'
    assert counted in generate_latest().decode()
    described = (await door.http.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    assert described["info"]["version"] == version()
    create = described["paths"]["/v1/generations"]["post"]
    assert create["security"] == [{"bearer": []}, {"session": []}, {"api_key": ["generations:write"]}]
    problem = create["responses"]["default"]["content"]["application/problem+json"]
    assert problem["schema"]["$ref"] == "#/components/schemas/Problem"
    # FastAPI's own shape of a 422 is never sent.
    assert create["responses"]["422"]["content"].keys() == {"application/problem+json"}


async def test_security_headers(door: Door) -> None:
    """Every answer says what a browser may do with it; media and checkout are let through."""
    for path in ("/healthz", "/nowhere", "/v1/me"):
        headers = (await door.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "img-src 'self' data: https://media.example" in policy
        assert "form-action 'self' https://checkout.example" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
