"""API keys: what they open, and what they do not."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from gateway.adapters.inbound.auth import current_principal
from gateway.adapters.inbound.key_scopes import SCOPES
from gateway.adapters.inbound.rest.reasons import asks
from gateway.domain.api_key import Scope
from gateway.domain.errors import Unavailable
from gateway_world import HTML, SKETCH, Door, assert_problem, routes

EVERYTHING = sorted(Scope)


async def made(door: Door, **body: Any) -> dict[str, Any]:
    """A new key of the caller's."""
    answer = await door.http.post("/v1/api-keys", json={"name": "Shop", "scopes": EVERYTHING} | body)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def bearing(key: dict[str, Any]) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {key['key']}"}


async def test_a_key_is_shown_once(rich: Door) -> None:
    """With everything that was said of it; the list has it without its text."""
    expires_at = "2030-02-02T00:00:00Z"
    key = await made(
        rich,
        scopes=["generations:write", "billing:read"],
        models=[SKETCH],
        expires_at=expires_at,
        monthly_credit_limit=50,
    )
    assert key["key"].startswith("tt_live_")
    assert key["hint"] == key["key"][-4:]
    assert (key["scopes"], key["models"]) == (["billing:read", "generations:write"], [SKETCH])
    assert (key["expires_at"], key["monthly_credit_limit"]) == (expires_at, 50)
    listed = await rich.http.get("/v1/api-keys")
    assert key["key"] not in listed.text
    assert listed.json() == {
        "data": [{name: value for name, value in key.items() if name != "key"}],
        "next_cursor": None,
    }


async def test_the_same_idempotency_key_makes_one(rich: Door) -> None:
    """The answer comes again without the text; another body is another key's."""
    headers = {"Idempotency-Key": "once"}
    body = {"name": "Shop", "scopes": ["account:read"]}
    first = await rich.http.post("/v1/api-keys", json=body, headers=headers)
    again = await rich.http.post("/v1/api-keys", json=body, headers=headers)
    assert first.json()["key"]
    assert again.json() == first.json() | {"key": None}
    assert again.headers["idempotency-replayed"] == "true"
    other = await rich.http.post("/v1/api-keys", json=body | {"name": "B"}, headers=headers)
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert len((await rich.http.get("/v1/api-keys")).json()["data"]) == 1


async def test_a_key_generates(rich: Door) -> None:
    """And reads what came of it, for the person whose key it is; who sees when it was used."""
    key = await made(rich)
    body = {"model": SKETCH, "input": {"prompt": "a heron"}}
    started = await rich.http.post("/v1/generations", json=body, headers=bearing(key))
    assert started.status_code == 202, started.text
    own = await rich.http.get(f"/v1/generations/{started.json()['id']}")
    assert own.status_code == 200
    read = await rich.http.get(f"/v1/generations/{started.json()['id']}", headers=bearing(key))
    assert read.json()["id"] == own.json()["id"]
    (listed,) = (await rich.http.get("/v1/api-keys")).json()["data"]
    assert listed["last_used_at"] == "2030-01-02T03:04:05Z"


# Every operation with a key of each scope.
@pytest.mark.real_time
@pytest.mark.parametrize("scope", EVERYTHING)
async def test_a_key_does_what_its_scopes_name(rich: Door, scope: str) -> None:
    """Each operation, with a key of one scope: admitted by it, refused for want of it, or for all keys."""
    key = await made(rich, scopes=[scope])
    before = rich.state()
    refused = admitted = 0
    for route in routes(rich.app):
        if not asks(route, current_principal) or not route.path.startswith("/v1/"):
            continue
        path = route.path.replace("{generation}", "gen_" + "0" * 32)
        for method in route.methods - {"HEAD"}:
            needed = SCOPES.get(route.name)
            if needed == {scope}:
                # What else is wrong with the request is said by the operation itself.
                admitted += 1
                continue
            answer = await rich.http.request(method, path, json={}, headers=bearing(key))
            refused += 1
            assert_problem(answer, 403, "KEYS_NOT_ADMITTED" if needed is None else "SCOPE_REQUIRED")
    assert admitted
    assert refused > 20
    assert rich.state() == before


def test_every_operation_says_whether_keys_may(rich: Door) -> None:
    """A new route is for people, until somebody lists it; what is listed is there."""
    calls = [route for route in routes(rich.app) if route.path.startswith(("/v1/", "/openai/v1/"))]
    names = {route.name for route in calls}
    assert set(SCOPES) <= names
    for_people = {
        route.name for route in calls if asks(route, current_principal) and route.name not in SCOPES
    }
    assert for_people == {
        "resend_verification",
        "change_me",
        "delete_me",
        "set_avatar",
        "remove_avatar",
        "keep_me",
        "export_me",
        "create_api_key",
        "list_api_keys",
        "revoke_api_key",
        "read_methods",
        "create_link",
        "delete_link",
        "create_checkout",
        "read_checkout",
        "change_subscription",
        "cancel_subscription",
        "resume_subscription",
        "open_billing_portal",
        "redeem_promotion",
        "read_referral",
        "claim_referral",
        "read_auto_top_up",
        "set_auto_top_up",
        "refund_purchase",
        "list_sessions",
        "step_up",
        "read_second_factor",
        "begin_second_factor",
        "confirm_second_factor",
        "remove_second_factor",
        "ask_for_email_change",
        "end_session",
        "end_other_sessions",
        "list_users",
        "read_user",
        "list_users_entries",
        "list_users_generations",
        "list_users_purchases",
        "change_user",
        "correct_credits",
        "list_audit_records",
        "list_mails",
        "list_margins",
        "list_providers",
        "list_dead_letters",
        "replay_dead_letter",
        "ask_for_proof",
        "list_passkeys",
        "ask_for_new_passkey",
        "create_passkey",
        "update_passkey",
        "delete_passkey",
    }


async def test_what_lacks_is_named(rich: Door) -> None:
    """So that somebody can make a key that has it."""
    key = await made(rich, name="Web shop", scopes=["generations:read"])
    answer = await rich.http.get("/v1/balance", headers=bearing(key))
    assert_problem(answer, 403, "SCOPE_REQUIRED")
    assert answer.json()["detail"] == "The key 'Web shop' lacks the scope billing:read."


async def test_a_key_opens_no_page(rich: Door) -> None:
    """Pages are for people."""
    key = await made(rich)
    for path in ("/library", "/billing", "/account"):
        answer = await rich.http.get(path, headers=HTML | bearing(key))
        assert answer.status_code in {303, 401, 403}, path


async def test_a_key_runs_its_models_alone(rich: Door) -> None:
    """Neither a price nor a job of another, and nothing is reserved."""
    key = await made(rich, models=["local/motion"])
    before = rich.state()
    body = {"model": SKETCH, "input": {"prompt": "a heron"}}
    for path in ("/v1/generations", "/v1/quotes"):
        answer = await rich.http.post(path, json=body, headers=bearing(key))
        assert_problem(answer, 403, "MODEL_NOT_ALLOWED")
        assert SKETCH in answer.json()["detail"]
    assert rich.state() == before


async def test_a_key_reserves_no_more_than_it_may(rich: Door) -> None:
    """The refusal names it; its person goes on, and so does another key."""
    key, other = await made(rich, name="Web shop", monthly_credit_limit=9), await made(rich)
    body = {"model": SKETCH, "input": {"prompt": "a heron"}}
    first = await rich.http.post("/v1/generations", json=body, headers=bearing(key))
    assert first.status_code == 202
    before = rich.state()
    refused = await rich.http.post("/v1/generations", json=body, headers=bearing(key))
    assert_problem(refused, 403, "KEY_LIMIT_REACHED")
    assert "'Web shop' may reserve 9 credits" in refused.json()["detail"]
    assert rich.state() == before
    assert (await rich.http.post("/v1/generations", json=body, headers=bearing(other))).status_code == 202
    assert (await rich.generate()).status_code == 202


async def test_a_revoked_key_opens_nothing(rich: Door) -> None:
    """Within a second; revoked again is no error, and the other key goes on."""
    key, other = await made(rich), await made(rich)
    assert (await rich.http.get("/v1/me", headers=bearing(key))).status_code == 200
    for _ in range(2):
        assert (await rich.http.delete(f"/v1/api-keys/{key['id']}")).status_code == 204
    rich.clock.pass_(seconds=1)
    assert_problem(await rich.http.get("/v1/me", headers=bearing(key)), 401, "INVALID_API_KEY")
    assert (await rich.http.get("/v1/me", headers=bearing(other))).status_code == 200
    assert [one["id"] for one in (await rich.http.get("/v1/api-keys")).json()["data"]] == [other["id"]]


async def test_a_key_ends_at_its_time(rich: Door) -> None:
    """And is still listed, as one that has."""
    soon = (rich.clock.now() + timedelta(minutes=5)).isoformat()
    key = await made(rich, expires_at=soon)
    assert (await rich.http.get("/v1/me", headers=bearing(key))).status_code == 200
    rich.clock.pass_(minutes=5)
    assert_problem(await rich.http.get("/v1/me", headers=bearing(key)), 401, "INVALID_API_KEY")
    (listed,) = (await rich.http.get("/v1/api-keys")).json()["data"]
    assert listed["expired"] is True


@pytest.mark.parametrize(
    "text",
    ["tt_live_", "tt_live_x", "tt_live_" + "a" * 49, "tt_live_" + "a" * 4_000, "tt_live_" + "\u00e9" * 49],
)
async def test_a_guess_is_no_key(rich: Door, text: str) -> None:
    """And what can't be one is not even looked up."""
    answer = await rich.http.get("/v1/me", headers={"Authorization": f"Bearer {text}".encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_nobody_sees_or_revokes_anothers(rich: Door) -> None:
    """They are 404, as if they were not."""
    key = await made(rich)
    await rich.sign_up("eve@example.com")
    assert (await rich.http.get("/v1/api-keys")).json()["data"] == []
    answer = await rich.http.delete(f"/v1/api-keys/{key['id']}")
    assert_problem(answer, 404, "API_KEY_NOT_FOUND")
    assert (await rich.http.get("/v1/me", headers=bearing(key))).json()["email"] == "ada@example.com"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 101}),
        ("scopes", {"scopes": []}),
        ("scopes.0", {"scopes": ["everything"]}),
        ("models", {"models": ["a/b"] * 51}),
        ("expires_at", {"expires_at": "2020-01-01T00:00:00Z"}),
        ("expires_at", {"expires_at": "tomorrow"}),
        ("monthly_credit_limit", {"monthly_credit_limit": 0}),
        ("admin", {"admin": True}),
    ],
)
async def test_the_field_that_is_wrong_is_named(rich: Door, field: str, body: dict[str, Any]) -> None:
    """And no key is made."""
    asked = {"name": "Shop", "scopes": ["account:read"]} | body
    answer = await rich.http.post("/v1/api-keys", json=asked)
    assert answer.status_code == 422, answer.text
    assert field in {one["field"] for one in answer.json()["errors"]}
    assert (await rich.http.get("/v1/api-keys")).json()["data"] == []


async def test_there_is_room_for_so_many(rich: Door) -> None:
    """The next one is told to make room."""
    for _ in range(50):
        await made(rich)
    answer = await rich.http.post("/v1/api-keys", json={"name": "Shop", "scopes": ["account:read"]})
    assert_problem(answer, 409, "API_KEY_QUOTA_REACHED")


async def test_without_identity_no_key_opens(rich: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is good can't be told: 503 and a moment to wait, and nothing happened."""
    key = await made(rich)

    async def away(_digests: object) -> dict[str, object]:
        raise Unavailable("away")

    monkeypatch.setattr(rich.world.identity, "standing_api_keys", away)
    before = rich.state()
    answer: httpx.Response = await rich.http.post(
        "/v1/generations", json={"model": SKETCH, "input": {"prompt": "x"}}, headers=bearing(key)
    )
    assert_problem(answer, 503, "API_KEY_STATE_UNKNOWN")
    assert rich.state() == before
