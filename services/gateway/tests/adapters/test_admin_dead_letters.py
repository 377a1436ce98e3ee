"""What services gave up: support looks over all of them, administrators have it applied again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gateway.domain.identifiers import DeadLetterId
from gateway.domain.user import Role
from gateway_world import Door, assert_problem
from staff import become

THEN = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
async def ada(door: Door) -> str:
    """Whom it is about. The ledger and billing gave up three things each, by turns."""
    ada = await door.sign_up()
    for number in range(6):
        letters = door.world.dead_letters[("ledger", "billing")[number % 2]]
        letters.give_up(f"evt_{number}", account_id=ada, given_up_at=THEN + timedelta(minutes=number))
    return ada


async def listed(door: Door, **query: Any) -> dict[str, Any]:
    """A part of the list."""
    answer = await door.http.get("/v1/admin/dead-letters", params=query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_all_services_are_one_list(door: Door, ada: str) -> None:
    """The newest first, in parts, each once; of a payload its ids alone; and of one service by itself."""
    await become(door, Role.SUPPORT)
    seen, cursor = [], None
    for _ in range(3):
        part = await listed(door, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [letter["id"] for letter in part["data"]]
        cursor = part["next_cursor"]
    assert cursor is None
    assert seen == [
        "billing:evt_5",
        "ledger:evt_4",
        "billing:evt_3",
        "ledger:evt_2",
        "billing:evt_1",
        "ledger:evt_0",
    ]
    (letter, *_) = (await listed(door, service="ledger"))["data"]
    assert (letter["service"], letter["user_id"], letter["ids"]) == ("ledger", ada, {"payment_id": "pi_1"})
    assert (letter["tries"], letter["replays"], letter["replayed_at"]) == (20, 0, None)
    assert (await listed(door, service="identity"))["data"] == []
    assert_problem(await door.http.get("/v1/admin/dead-letters?service=oracle"), 404, "DEAD_LETTER_NOT_FOUND")
    assert (await door.http.get("/v1/admin/dead-letters?cursor=nonsense")).status_code == 422


async def test_a_service_that_is_away_is_named(door: Door, ada: str) -> None:
    """What the others gave up is shown all the same."""
    await become(door, Role.SUPPORT)
    door.world.dead_letters["billing"].away = True
    said = await listed(door)
    assert said["unanswered"] == ["billing"]
    assert [letter["id"] for letter in said["data"]] == ["ledger:evt_4", "ledger:evt_2", "ledger:evt_0"]
    assert (await listed(door, service="ledger"))["unanswered"] == []


async def test_a_replay_is_recorded_and_happens_once(door: Door, ada: str) -> None:
    """With who had it and why; it is off the list."""
    admin = await become(door)
    for _ in range(2):
        answer = await door.http.post(
            "/v1/admin/dead-letters/ledger:evt_2/replay", json={"reason": "the account is there now"}
        )
        assert (answer.status_code, answer.json()["replays"]) == (200, 1)
        assert answer.json()["replayed_at"]
    assert "ledger:evt_2" not in [letter["id"] for letter in (await listed(door))["data"]]
    (record,) = (await door.http.get("/v1/admin/audit?action=dead_letter.replayed")).json()["data"]
    assert (record["actor"], record["user_id"], record["reason"]) == (admin, ada, "the account is there now")
    assert record["after"] == {
        "service": "ledger",
        "event_type": "tintype.billing.v1.PaymentCompleted",
        "dead_letter_id": "evt_2",
        "outcome": "applied",
    }


async def test_one_that_fails_again_waits_with_its_new_error(door: Door, ada: str) -> None:
    """The attempt is recorded too."""
    await become(door)
    door.world.dead_letters["ledger"].broken[DeadLetterId("evt_2")] = "KeyError('still nothing')"
    answer = await door.http.post("/v1/admin/dead-letters/ledger:evt_2/replay", json={})
    assert (answer.json()["replayed_at"], answer.json()["error"]) == (None, "KeyError('still nothing')")
    assert "ledger:evt_2" in [letter["id"] for letter in (await listed(door))["data"]]
    (record,) = door.world.administration.kept
    assert record.after["outcome"] == "failed"


async def test_nobody_else_sees_or_replays_one(door: Door, ada: str) -> None:
    """A person sees not even their own; support replays nothing; what is unknown is not there."""
    refused = await door.http.get("/v1/admin/dead-letters")
    assert_problem(refused, 403, "NOT_STAFF")
    path = "/v1/admin/dead-letters/ledger:evt_2/replay"
    assert_problem(await door.http.post(path, json={}), 403, "NOT_AN_ADMIN")
    await become(door, Role.SUPPORT)
    assert_problem(await door.http.post(path, json={}), 403, "NOT_AN_ADMIN")
    await become(door)
    for unknown in ("ledger:evt_x", "identity:evt_2", "oracle:evt_2", "evt_2", "ledger:"):
        answer = await door.http.post(f"/v1/admin/dead-letters/{unknown}/replay", json={})
        assert_problem(answer, 404, "DEAD_LETTER_NOT_FOUND")
    door.clock.pass_(minutes=11)
    assert_problem(await door.http.post(path, json={}), 403, "STEP_UP_REQUIRED")
    assert door.world.administration.kept == []
    assert all(letter.replays == 0 for letter in door.world.dead_letters["ledger"].kept.values())
