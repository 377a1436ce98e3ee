"""What people with a role see of others and change; everybody else is refused, and nothing happens."""

from typing import Any

import httpx
import pytest
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.administration import MailReport
from gateway.domain.errors import Unavailable
from gateway.domain.identifiers import MailId, UserId
from gateway.domain.user import Role
from gateway_world import Door, assert_problem
from staff import become, log_in

NOBODY = "usr_" + "0" * 32
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/admin/users", None),
    ("GET", "/v1/admin/users/{user}", None),
    ("GET", "/v1/admin/users/{user}/ledger/entries", None),
    ("GET", "/v1/admin/users/{user}/generations", None),
    ("GET", "/v1/admin/users/{user}/purchases", None),
    ("GET", "/v1/admin/audit", None),
    ("GET", "/v1/admin/audit?format=csv", None),
    ("GET", "/v1/admin/mails", None),
    ("GET", "/v1/admin/usage", None),
    ("GET", "/v1/admin/providers", None),
    ("PATCH", "/v1/admin/users/{user}", {"disabled": True}),
    ("POST", "/v1/admin/users/{user}/credits", {"amount": 5, "reason": "x"}),
]


async def records(door: Door, **which: str) -> list[dict[str, Any]]:
    """What was recorded, newest first."""
    data: list[dict[str, Any]] = (await door.http.get("/v1/admin/audit", params=which)).json()["data"]
    return data


async def test_people_are_found_and_read(rich: Door) -> None:
    """By part and by id; of one all services tell, without what is theirs alone; the look is recorded."""
    key = {"name": "Shop", "scopes": ["account:read"]}
    text = (await rich.http.post("/v1/api-keys", json=key)).json()["key"]
    (ada,) = rich.world.identity.users
    support = await become(rich, Role.SUPPORT)
    found = (await rich.http.get("/v1/admin/users", params={"query": "ADA@"})).json()["data"]
    assert [(person["id"], person["disabled_at"]) for person in found] == [(ada, None)]
    page = (await rich.http.get("/v1/admin/users", params={"limit": 1})).json()
    assert page["data"][0]["id"] == support
    answer = await rich.http.get(f"/v1/admin/users/{ada}")
    said = answer.json()
    assert said["user"]["email"] == "ada@example.com"
    assert said["balance"]["held"] > 0
    assert sum(lot["remaining"] for lot in said["lots"]) == said["balance"]["available"]
    assert [entry["kind"] for entry in said["entries"]] == ["reserve", "grant"]
    assert [job["model"] for job in said["generations"]] == ["local/sketch"]
    assert "heron" not in answer.text
    assert [key["name"] for key in said["api_keys"]] == ["Shop"]
    assert text not in answer.text
    (record,) = await records(rich)
    assert (record["action"], record["actor"], record["user_id"]) == ("person.read", support, ada)
    assert record["client_address"]
    assert_problem(await rich.http.get(f"/v1/admin/users/{NOBODY}"), 404, "USER_NOT_FOUND")
    assert_problem(await rich.http.get("/v1/admin/users/usr_1"), 404, "USER_NOT_FOUND")


async def test_a_service_that_is_away_is_said_to_be(rich: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason: nobody looks for a mistake of ours."""
    (ada,) = rich.world.identity.users
    await become(rich, Role.SUPPORT)

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The ledger is away.", reason="LEDGER_UNAVAILABLE")

    monkeypatch.setattr(MemoryLedger, "balance", away)
    monkeypatch.setattr(MemoryLedger, "entries", away)
    assert_problem(await rich.http.get(f"/v1/admin/users/{ada}"), 503, "LEDGER_UNAVAILABLE")


async def test_credits_are_corrected(door: Door) -> None:
    """Once a key, never below nothing; the person reads why."""
    ada = await door.sign_up(welcome_credits=100)
    await become(door)
    path, key = f"/v1/admin/users/{ada}/credits", {"Idempotency-Key": "k1"}
    body = {"amount": 15, "reason": "The picture came out black"}
    first = await door.http.post(path, json=body, headers=key)
    again = await door.http.post(path, json=body, headers=key)
    assert (first.json()["available"], again.json()["available"]) == (115, 115)
    assert again.headers["Idempotency-Replayed"] == "true"
    reused = await door.http.post(path, json=body | {"amount": 16}, headers=key)
    assert_problem(reused, 422, "IDEMPOTENCY_KEY_REUSED")
    too_much = await door.http.post(path, json=body | {"amount": -116})
    assert_problem(too_much, 402, "INSUFFICIENT_CREDITS")
    for wrong in (body | {"amount": 0.5}, {"amount": 5}, body | {"reason": ""}, body | {"amount": 2 * 10**9}):
        assert_problem(await door.http.post(path, json=wrong), 422, "INVALID_REQUEST")
    unknown = await door.http.post(f"/v1/admin/users/{NOBODY}/credits", json=body)
    assert_problem(unknown, 404, "USER_NOT_FOUND")
    await log_in(door, "ada@example.com")
    (entry, *_) = (await door.http.get("/v1/ledger/entries")).json()["data"]
    assert (entry["kind"], entry["amount"], entry["reason"]) == ("adjust", 15, body["reason"])


async def test_nobody_corrects_what_was_an_erased_persons(door: Door) -> None:
    """The ledger's account outlives its person: nothing is added to it, or taken."""
    ada = await door.sign_up(welcome_credits=100)
    await become(door)
    del door.world.identity.users[UserId(ada)]
    before = door.state()
    sent = await door.http.post(f"/v1/admin/users/{ada}/credits", json={"amount": 5, "reason": "x"})
    assert_problem(sent, 404, "USER_NOT_FOUND")
    assert door.state() == before


async def test_an_account_is_closed_and_opened(rich: Door) -> None:
    """Sessions and keys end; jobs go on; every change is recorded with its reason."""
    made = await rich.http.post("/v1/api-keys", json={"name": "Shop", "scopes": ["account:read"]})
    proofs = [f"Bearer {made.json()['key']}", rich.http.headers["Authorization"]]
    (ada,) = rich.world.identity.users
    admin = await become(rich)
    path = f"/v1/admin/users/{ada}"
    closed = await rich.http.patch(path, json={"disabled": True, "reason": "spams"})
    assert closed.json()["disabled_at"]
    rich.clock.pass_(seconds=2)
    for proof in proofs:
        assert (await rich.http.get("/v1/me", headers={"Authorization": proof})).status_code == 401
    assert len(rich.world.generations.jobs) == 1
    opened = await rich.http.patch(path, json={"disabled": False, "role": "support"})
    assert (opened.json()["disabled_at"], opened.json()["role"]) == (None, "support")
    told = [(record["action"], record["after"], record["reason"]) for record in await records(rich)]
    assert told == [
        ("user.enabled", {"disabled": "false"}, None),
        ("role.changed", {"role": "support"}, None),
        ("user.disabled", {"disabled": "true"}, "spams"),
    ]
    own = f"/v1/admin/users/{admin}"
    assert_problem(await rich.http.patch(own, json={"disabled": True}), 409, "OWN_ACCOUNT")
    assert_problem(await rich.http.patch(own, json={"role": "user"}), 409, "LAST_ADMINISTRATOR")
    assert_problem(await rich.http.patch(path, json={"role": "owner"}), 422, "INVALID_REQUEST")
    assert len(await records(rich)) == 3


@pytest.mark.exhaustive
@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_everybody_else_is_refused(rich: Door, method: str, path: str, body: Any) -> None:
    """A user, nobody and a key at each, support at what changes something: nothing happens."""
    (ada,) = rich.world.identity.users
    made = await rich.http.post("/v1/api-keys", json={"name": "All", "scopes": ["account:read"]})
    path, reads = path.format(user=ada), method == "GET"

    async def ask(proof: str) -> httpx.Response:
        return await rich.http.request(method, path, json=body, headers={"Authorization": proof})

    before = rich.state()
    refused = await ask(rich.http.headers["Authorization"])
    assert_problem(refused, 403, "NOT_STAFF" if reads else "NOT_AN_ADMIN")
    assert_problem(await ask(f"Bearer {made.json()['key']}"), 403, "KEYS_NOT_ADMITTED")
    assert_problem(await ask("Bearer nonsense"), 401, "INVALID_TOKEN")
    assert rich.state() == before
    await become(rich, Role.SUPPORT)
    before = rich.state()
    answer = await ask(rich.http.headers["Authorization"])
    if reads:
        assert answer.status_code == 200
    else:
        assert_problem(answer, 403, "NOT_AN_ADMIN")
        assert rich.world.administration.kept == []
    assert rich.state() == before


async def test_records_are_chosen_and_exported(rich: Door) -> None:
    """By each filter; as a file, all of them, and no spreadsheet runs a reason."""
    (ada,) = rich.world.identity.users
    admin = await become(rich)
    await rich.http.patch(f"/v1/admin/users/{ada}", json={"disabled": True, "reason": "=cmd()"})
    await rich.http.get(f"/v1/admin/users/{ada}")
    (record,) = await records(rich, action="user.disabled", user=ada, actor=admin)
    assert record["reason"] == "=cmd()"
    assert await records(rich, actor="operator:grace") == []
    assert await records(rich, to="2029-01-01T00:00:00Z") == []
    backwards = await rich.http.get("/v1/admin/audit?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z")
    assert_problem(backwards, 422, "INVALID_REQUEST")
    exported = await rich.http.get("/v1/admin/audit?format=csv")
    head, *lines = exported.text.splitlines()
    assert head.startswith("created_at,action,actor,user_id")
    assert len(lines) == 2
    assert "'=cmd()" in exported.text
    assert exported.headers["content-disposition"] == 'attachment; filename="tintype-audit.csv"'


async def test_mails_are_told_without_what_they_say(rich: Door) -> None:
    """How each stands."""
    (ada,) = rich.world.identity.users
    report = MailReport(
        mail_id=MailId("mail_1"),
        user_id=ada,
        recipient="ada@example.com",
        purpose="verify_email",
        state="queued",
        attempts=2,
        created_at=rich.clock.now(),
        due_at=rich.clock.now(),
        finished_at=None,
    )
    rich.world.administration.sent.append(report)
    await become(rich, Role.SUPPORT)
    (mail,) = (await rich.http.get("/v1/admin/mails", params={"state": "queued"})).json()["data"]
    assert (mail["recipient"], mail["attempts"], mail["finished_at"]) == ("ada@example.com", 2, None)
    assert (await rich.http.get("/v1/admin/mails?state=sent")).json()["data"] == []


async def test_what_changes_takes_a_fresh_proof(door: Door) -> None:
    """Ten minutes after the last one nothing changes, and everything can still be read."""
    ada = await door.sign_up(welcome_credits=100)
    await become(door)
    door.clock.pass_(minutes=11)
    before = door.state()
    for method, path, body in ROUTES:
        answer = await door.http.request(method, path.format(user=ada), json=body)
        if method == "GET":
            assert answer.status_code == 200
        else:
            assert_problem(answer, 403, "STEP_UP_REQUIRED")
    assert door.state() == before
