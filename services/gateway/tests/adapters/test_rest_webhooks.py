"""Webhook endpoints by the API: what each call does, and what must not happen."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from gateway.adapters.inbound.rest.answers.webhook_event import EVENTS, type_of
from gateway.domain.identifiers import UserId
from gateway.domain.webhook import ENDPOINTS_MAX, TEST_TYPE, Attempt, DeliveryState, Settlement, WebhookEvent
from gateway_world import Door, assert_problem, description
from standardwebhooks import Webhook

PATH = "/v1/webhook-endpoints"
URL = "https://shop.example/tintype"
BODY = {"url": URL, "event_types": ["generation.succeeded", "credits.low"], "description": "Web shop"}
NOWHERE = f"{PATH}/whe_{'0' * 32}"


async def opened(door: Door, **other: Any) -> dict[str, Any]:
    """A new endpoint."""
    answer = await door.http.post(PATH, json=BODY | other)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_endpoint_is_made_read_changed_and_removed(rich: Door) -> None:
    """Its secret is told once, and can sign."""
    made = await opened(rich)
    secret = made.pop("secret")
    assert Webhook(secret)
    assert (made["url"], made["enabled"], made["disabled_reason"]) == (URL, True, None)
    assert made["event_types"] == ["credits.low", "generation.succeeded"]
    path = f"{PATH}/{made['id']}"
    assert (await rich.http.get(path)).json() == made
    assert (await rich.http.get(PATH)).json()["data"] == [made]
    changed = await rich.http.patch(path, json={"event_types": ["payment.completed"], "enabled": False})
    assert changed.status_code == 200
    assert changed.json()["event_types"] == ["payment.completed"]
    assert (changed.json()["enabled"], changed.json()["disabled_reason"]) == (False, "owner")
    assert (await rich.http.patch(path, json={"enabled": True})).json()["disabled_at"] is None
    assert secret not in (await rich.http.get(path)).text
    assert (await rich.http.delete(path)).status_code == 204
    assert_problem(await rich.http.delete(path), 404, "WEBHOOK_ENDPOINT_NOT_FOUND")
    assert (await rich.http.get(PATH)).json()["data"] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://shop.example/"}, "url"),
        ({"url": "ftp://shop.example/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://shop.example/" + "a" * 2000}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["generation.succeeded"] * 99}, "event_types"),
        ({"event_types": ["everything"]}, "event_types"),
        ({"event_types": [TEST_TYPE]}, "event_types"),
        ({"description": "x" * 201}, "description"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_bad_fields_are_named(rich: Door, body: dict[str, Any], field: str) -> None:
    """When one is made and when it is changed; nothing is kept."""
    made = await opened(rich)
    before = rich.state()
    for answer in (
        await rich.http.post(PATH, json=BODY | body),
        await rich.http.patch(f"{PATH}/{made['id']}", json=body),
    ):
        assert answer.status_code == 422, answer.text
        assert field in str(answer.json()["errors"])
    assert rich.state() == before


async def test_an_account_has_so_many(rich: Door) -> None:
    """The next one is refused, and another account is not."""
    for _ in range(ENDPOINTS_MAX):
        await opened(rich)
    before = rich.state()
    assert_problem(await rich.http.post(PATH, json=BODY), 409, "TOO_MANY_WEBHOOK_ENDPOINTS")
    assert rich.state() == before
    await rich.sign_up("eve@example.com")
    await opened(rich)


async def test_anothers_endpoint_is_absent(rich: Door) -> None:
    """For every call; and what can't be an id is absent too."""
    made = await opened(rich)
    sent = (await rich.http.post(f"{PATH}/{made['id']}/test")).json()
    await rich.sign_up("eve@example.com")
    before = rich.state()
    for path in (f"{PATH}/{made['id']}", NOWHERE, f"{PATH}/nothing"):
        for answer in (
            await rich.http.get(path),
            await rich.http.patch(path, json={"enabled": False}),
            await rich.http.delete(path),
            await rich.http.post(f"{path}/test"),
            await rich.http.post(f"{path}/rotate-secret"),
            await rich.http.get(f"{path}/deliveries"),
            await rich.http.post(f"{path}/deliveries/{sent['id']}/redeliver"),
        ):
            assert_problem(answer, 404, "WEBHOOK_ENDPOINT_NOT_FOUND")
    assert (await rich.http.get(PATH)).json()["data"] == []
    assert rich.state() == before


async def test_a_secret_is_rotated(rich: Door) -> None:
    """The new one is told once; the one before signs for a day."""
    made = await opened(rich)
    rotated = (await rich.http.post(f"{PATH}/{made['id']}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    secrets = rich.world.webhooks.secrets[made["id"]]
    now = rich.clock.now()
    assert secrets.at(now) == (rotated["secret"], made["secret"])
    assert secrets.at(now + timedelta(hours=24)) == (rotated["secret"],)


async def test_the_secret_of_requests_is_read_and_rotated(rich: Door) -> None:
    """It is the account's, made when it is first asked for."""
    first = (await rich.http.get(f"{PATH}/signing-secret")).json()
    assert Webhook(first["secret"])
    assert first["previous_until"] is None
    assert (await rich.http.get(f"{PATH}/signing-secret")).json() == first
    rotated = (await rich.http.post(f"{PATH}/signing-secret/rotate")).json()
    assert rotated["secret"] != first["secret"]
    assert rotated["previous_until"]
    await rich.sign_up("eve@example.com")
    assert (await rich.http.get(f"{PATH}/signing-secret")).json()["secret"] not in {
        first["secret"],
        rotated["secret"],
    }


async def test_a_test_is_in_the_log(rich: Door) -> None:
    """With what is sent, what came of it and when it is tried next; and it can be sent again."""
    made = await opened(rich)
    path = f"{PATH}/{made['id']}/deliveries"
    sent = await rich.http.post(f"{PATH}/{made['id']}/test")
    assert sent.status_code == 202
    assert (sent.json()["event_type"], sent.json()["status"], sent.json()["attempts"]) == (
        TEST_TYPE,
        "pending",
        0,
    )
    assert made["id"] in sent.json()["request_body"]
    ref = {"$ref": "#/components/schemas/WebhookTestEvent"}

    description().validate(json.loads(sent.json()["request_body"]), ref)
    webhooks, now = rich.world.webhooks, rich.clock.now()
    (claimed,) = await webhooks.claim(
        now=now, until=now + timedelta(minutes=1), count_max=1, per_receiver_max=1
    )
    again = f"{path}/{sent.json()['id']}/redeliver"
    assert_problem(await rich.http.post(again), 409, "WEBHOOK_DELIVERY_RUNNING")
    attempt = Attempt(attempted_at=now, duration_ms=7, status=500, response="no")
    over = Settlement(state=DeliveryState.FAILED)
    await webhooks.settle(claimed, attempt, over, now=now, failing_max=timedelta(days=3))
    (logged,) = (await rich.http.get(path)).json()["data"]
    assert (logged["status"], logged["attempts"], logged["response_status"], logged["response_body"]) == (
        "failed",
        1,
        500,
        "no",
    )
    redelivered = await rich.http.post(again)
    assert (redelivered.status_code, redelivered.json()["status"]) == (202, "pending")
    assert redelivered.json()["message_id"] == sent.json()["message_id"]
    gone = f"{path}/dlv_{'0' * 32}/redeliver"
    assert_problem(await rich.http.post(gone), 404, "WEBHOOK_DELIVERY_NOT_FOUND")


async def test_the_log_has_parts(rich: Door) -> None:
    """By a cursor; what is none is refused."""
    made = await opened(rich)
    for _ in range(3):
        await rich.http.post(f"{PATH}/{made['id']}/test")
    path = f"{PATH}/{made['id']}/deliveries"
    first = (await rich.http.get(f"{path}?limit=2")).json()
    second = (await rich.http.get(f"{path}?limit=2&cursor={first['next_cursor']}")).json()
    assert (len(first["data"]), len(second["data"]), second["next_cursor"]) == (2, 1, None)
    assert len({each["id"] for each in first["data"] + second["data"]}) == 3
    assert_problem(await rich.http.get(f"{path}?cursor=x"), 422, "INVALID_REQUEST")


async def test_a_key_needs_its_scope(rich: Door) -> None:
    """Reading does not read the secret, and nothing else does either."""
    made = await opened(rich)
    bearer = rich.http.headers["Authorization"]
    for scopes, reads, writes in (
        (["webhooks:read"], 200, 403),
        (["webhooks:write"], 403, 200),
        (["generations:read", "generations:write", "billing:read", "account:read"], 403, 403),
    ):
        rich.http.headers["Authorization"] = bearer
        key = await rich.http.post("/v1/api-keys", json={"name": "Key", "scopes": scopes})
        rich.http.headers["Authorization"] = f"Bearer {key.json()['key']}"
        assert (await rich.http.get(f"{PATH}/{made['id']}")).status_code == reads
        assert (await rich.http.get(f"{PATH}/signing-secret")).status_code == writes
        assert (await rich.http.patch(f"{PATH}/{made['id']}", json={})).status_code == writes


def test_every_kind_is_described() -> None:
    """What an endpoint can ask for, and a test, each with a body that fits its schema."""
    described = description().document["webhooks"]
    assert set(described) == {*WebhookEvent, TEST_TYPE} == {type_of(event) for event in EVENTS}
    for name, webhook in described.items():
        content = webhook["post"]["requestBody"]["content"]["application/json"]
        description().validate(content["example"], content["schema"])
        assert content["example"]["type"] == name
        assert content["example"]["api_version"] == "v1"


async def test_no_secret_of_another_is_kept_with_an_endpoint(rich: Door) -> None:
    """Each endpoint signs with its own: whoever receives for one can't write to the other."""
    first, second = await opened(rich), await opened(rich)
    assert first["secret"] != second["secret"]
    owners = {endpoint.account_id for endpoint in rich.world.webhooks.kept.values()}
    assert len(owners) == 1
    eve = UserId(await rich.sign_up("eve@example.com"))
    assert all(replace(each).account_id != eve for each in rich.world.webhooks.kept.values())


async def test_a_repeated_request_makes_one_endpoint(rich: Door) -> None:
    """With its key it is told the same secret, until that is replaced; something else is refused."""
    headers = {"Idempotency-Key": "k-1"}
    first, again = [await rich.http.post(PATH, json=BODY, headers=headers) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.headers["location"] == f"{PATH}/{first.json()['id']}"
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    before = rich.state()
    assert len(rich.world.webhooks.kept) == 1
    other = await rich.http.post(PATH, json=BODY | {"description": "x"}, headers=headers)
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert rich.state() == before
    assert (await rich.http.post(f"{PATH}/{first.json()['id']}/rotate-secret")).status_code == 200
    late = await rich.http.post(PATH, json=BODY, headers=headers)
    assert_problem(late, 422, "IDEMPOTENCY_KEY_REUSED")
    assert "whsec_" not in late.text
    assert len(rich.world.webhooks.kept) == 1
