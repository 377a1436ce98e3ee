"""A webhook that one request names: kept before anything starts, told once, whatever happens in between."""

import json
from datetime import timedelta
from typing import Any

import pytest
from gateway.adapters.inbound.webhook_facts import WebhookFacts
from gateway.application.forget_webhooks import ForgetWebhooksHandler
from gateway.application.record_webhook import RecordWebhookHandler
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import UserId
from gateway.domain.webhook import Attempt, DeliveryState, Settlement
from gateway_world import HTML, PASSWORD, SKETCH, Door, assert_problem, enter
from tintype.generation.v1.events_pb2 import GenerationFailed, GenerationSucceeded
from told_facts import heard

URL = "https://shop.example/once"


async def start(door: Door, key: str = "key-1", **more: Any) -> Any:
    """Ask for a picture and to be told."""
    body = {"model": SKETCH, "input": {"prompt": "a heron"}, "webhook_url": URL, **more}
    return await door.http.post("/v1/generations", json=body, headers={"Idempotency-Key": key})


async def hear(door: Door, message: Any, account: str, event_id: str = "evt_1") -> None:
    """The deliverer hears a fact."""
    webhooks = door.world.webhooks
    facts = WebhookFacts(RecordWebhookHandler(webhooks, door.clock), ForgetWebhooksHandler(webhooks))
    await facts.handle(heard(message, account=account, event_id=event_id))


@pytest.fixture
async def ada(door: Door) -> str:
    """Somebody with credits."""
    return await door.sign_up(welcome_credits=1000)


async def test_its_end_is_told_once(door: Door, ada: str) -> None:
    """By the account's own secret; another generation's end, and another account's, is not."""
    made = (await start(door)).json()
    other = (await door.generate()).json()
    for number, (generation, account) in enumerate(
        ((other["id"], ada), (made["id"], "usr_" + "e" * 32), (made["id"], ada), (made["id"], ada))
    ):
        fact = GenerationSucceeded(generation_id=generation, charge_credits=5, output_count=1)
        await hear(door, fact, account, f"evt_{number}")
    webhooks, now = door.world.webhooks, door.clock.now()
    (claimed,) = await webhooks.claim(
        now=now, until=now + timedelta(minutes=1), count_max=9, per_receiver_max=9
    )
    assert (claimed.delivery.url, claimed.delivery.event_type) == (URL, "generation.succeeded")
    assert json.loads(claimed.delivery.payload)["data"]["id"] == made["id"]
    secret = (await door.http.get("/v1/webhook-endpoints/signing-secret")).json()["secret"]
    assert claimed.secrets is not None
    assert claimed.secrets.at(now) == (secret,)


async def test_only_the_endings_that_were_asked_for(door: Door, ada: str) -> None:
    """And only those that there are."""
    made = (await start(door, webhook_events=["generation.failed"])).json()
    await hear(door, GenerationSucceeded(generation_id=made["id"]), ada, "evt_1")
    assert door.world.webhooks.log == {}
    await hear(door, GenerationFailed(generation_id=made["id"], reason="TIMED_OUT"), ada, "evt_2")
    (delivery,) = door.world.webhooks.log.values()
    assert delivery.event_type == "generation.failed"
    before = door.state()
    for wrong in (["credits.low"], ["everything"], []):
        assert (await start(door, "key-2", webhook_events=wrong)).status_code == 422
    assert door.state() == before


async def test_what_ended_before_it_was_tied_is_told(door: Door, ada: str) -> None:
    """The fact was heard first and found nobody; when it comes once more, nothing is told twice."""
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    made = (await start(door)).json()
    (delivery,) = door.world.webhooks.log.values()
    assert delivery.event_type == "generation.succeeded"
    fact = GenerationSucceeded(generation_id=made["id"], charge_credits=5, output_count=1)
    await hear(door, fact, ada)
    assert len(door.world.webhooks.log) == 1


async def test_a_crash_in_between_loses_nothing(
    door: Door, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway dies after it started; the request comes again, and one webhook of one job is told."""
    webhooks = door.world.webhooks
    tie = webhooks.tie_callback

    async def die(*_asked: object) -> None:
        raise Unavailable("gone", reason="SERVICE_UNAVAILABLE")

    monkeypatch.setattr(webhooks, "tie_callback", die)
    assert (await start(door)).status_code == 503
    (job,) = door.world.generations.jobs
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    await hear(door, GenerationSucceeded(generation_id=job, charge_credits=5, output_count=1), ada)
    assert webhooks.log == {}
    monkeypatch.setattr(webhooks, "tie_callback", tie)
    again = await start(door)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert len(door.world.generations.jobs) == 1
    (delivery,) = webhooks.log.values()
    assert json.loads(delivery.payload)["data"]["id"] == job


async def test_a_key_names_one_webhook(door: Door, ada: str) -> None:
    """With another address it is another request; with the same one the first answer comes again."""
    made = await start(door)
    assert (await start(door)).json()["id"] == made.json()["id"]
    before = door.state()
    other = await start(door, webhook_url="https://other.example/")
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert door.state() == before
    assert {callback.account_id for callback in door.world.webhooks.callbacks.values()} == {UserId(ada)}


@pytest.mark.parametrize("url", ["http://shop.example/", "", "ftp://shop.example/"])
async def test_an_address_that_nothing_is_sent_to_starts_nothing(door: Door, ada: str, url: str) -> None:
    """The field is named, and no credits are held."""
    before = door.state()
    answer = await start(door, webhook_url=url)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["webhook_url"]
    assert door.state() == before
    assert ada


async def test_it_has_a_log(door: Door, ada: str) -> None:
    """What was sent and answered, by generation or all; sent again by hand; nobody else sees it."""
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    first, second = [(await start(door, key)).json()["id"] for key in ("key-1", "key-2")]
    listed = (await door.http.get("/v1/webhook-deliveries")).json()["data"]
    assert [each["generation_id"] for each in listed] == [second, first]
    (sent,) = (await door.http.get(f"/v1/webhook-deliveries?generation={first}")).json()["data"]
    assert (sent["url"], sent["event_type"], sent["status"]) == (URL, "generation.succeeded", "pending")
    assert json.loads(sent["request_body"])["data"]["id"] == first
    webhooks, now = door.world.webhooks, door.clock.now()
    for claimed in await webhooks.claim(
        now=now, until=now + timedelta(minutes=1), count_max=9, per_receiver_max=9
    ):
        failed = Attempt(attempted_at=now, duration_ms=7, status=500, response="no")
        given_up = Settlement(state=DeliveryState.FAILED)
        await webhooks.settle(claimed, failed, given_up, now=now, failing_max=timedelta(days=3))
    page = (await door.http.get("/v1/webhook-deliveries?limit=1")).json()
    (given,) = page["data"]
    assert (given["status"], given["response_status"], given["response_body"]) == ("failed", 500, "no")
    rest = (await door.http.get(f"/v1/webhook-deliveries?cursor={page['next_cursor']}")).json()
    assert [each["generation_id"] for each in rest["data"]] == [first]
    path = f"/v1/webhook-deliveries/{sent['id']}/redeliver"
    again = await door.http.post(path)
    assert (again.status_code, again.json()["status"], again.json()["id"]) == (202, "pending", sent["id"])
    await door.sign_up("eve@example.com")
    before = door.state()
    assert (await door.http.get("/v1/webhook-deliveries")).json()["data"] == []
    assert_problem(await door.http.post(path), 404, "WEBHOOK_DELIVERY_NOT_FOUND")
    assert_problem(await door.http.get("/v1/webhook-deliveries?generation=x"), 404, "NOT_FOUND")
    assert door.state() == before


async def test_people_see_the_log(door: Door) -> None:
    """And have one sent again; before there is one the page says when there will be."""
    csrf = await enter(door)
    assert (
        'href="/account/webhooks/requests"' in (await door.http.get("/account/webhooks", headers=HTML)).text
    )
    page = "/account/webhooks/requests"
    assert "Nothing was sent yet" in (await door.http.get(page, headers=HTML)).text
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    login = {"email": "ada@example.com", "password": PASSWORD}
    token = (await door.http.post("/v1/auth/login", json=login)).json()["access_token"]
    door.world.ledger.grant(next(iter(door.world.identity.users)), 1000)
    job = {"model": SKETCH, "input": {"prompt": "a heron"}, "webhook_url": URL}
    bearing = {"Authorization": f"Bearer {token}"}
    made = (await door.http.post("/v1/generations", json=job, headers=bearing)).json()["id"]
    shown = (await door.http.get(page, headers=HTML)).text
    for said in (URL, "generation.succeeded", f"/library/{made}"):
        assert said in shown
    (delivery,) = door.world.webhooks.log.values()
    again = await door.http.post(
        f"{page}/deliveries/{delivery.delivery_id}/redeliver", data={"csrf_token": csrf}, headers=HTML
    )
    assert again.headers["location"] == f"{page}?note=webhook-sent"
    unknown = f"{page}/deliveries/dlv_{'0' * 32}/redeliver"
    assert (await door.http.post(unknown, data={"csrf_token": csrf}, headers=HTML)).status_code == 404
