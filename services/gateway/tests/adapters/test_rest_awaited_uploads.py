"""Files that go straight to the store, by the API."""

from typing import Any

import pytest
from gateway_world import Door, assert_problem

NOWHERE = f"upl_{'0' * 32}"


async def announced(door: Door, size_bytes: int = 500, **headers: str) -> dict[str, Any]:
    """Announce a file."""
    answer = await door.http.post("/v1/uploads/presigned", json={"size_bytes": size_bytes}, headers=headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_file_goes_straight_to_the_store(rich: Door) -> None:
    """The answer says all that a client needs; completed, it is an upload as any other."""
    told = await announced(rich)
    assert told["method"] == "POST"
    assert told["fields"]["key"]
    assert told["size_bytes_max"] == 500
    assert told["send_by"] < told["complete_by"]
    rich.world.uploads.sent[told["id"]] = b"a heron"
    path = f"/v1/uploads/{told['id']}"
    assert_problem(await rich.http.get(path), 404, "UPLOAD_NOT_FOUND")
    done = await rich.http.post(f"{path}/complete")
    assert done.status_code == 200, done.text
    assert (await rich.http.get(path)).json() == done.json()
    assert (await rich.http.post(f"{path}/complete")).json() == done.json()


async def test_a_key_is_one_file(rich: Door) -> None:
    """The same id again, and another size is refused."""
    first = await announced(rich, **{"Idempotency-Key": "k"})
    answer = await rich.http.post(
        "/v1/uploads/presigned", json={"size_bytes": 500}, headers={"Idempotency-Key": "k"}
    )
    assert answer.json()["id"] == first["id"]
    assert answer.headers["idempotency-replayed"] == "true"
    other = await rich.http.post(
        "/v1/uploads/presigned", json={"size_bytes": 5}, headers={"Idempotency-Key": "k"}
    )
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("body", [{}, {"size_bytes": 0}, {"size_bytes": "5"}, {"size_bytes": 1, "name": "a"}])
async def test_what_is_no_announcement_is_refused(rich: Door, body: dict[str, Any]) -> None:
    """Nothing is awaited then."""
    assert_problem(await rich.http.post("/v1/uploads/presigned", json=body), 422, "INVALID_REQUEST")
    assert rich.world.uploads.awaited == {}


async def test_refusals_name_themselves(rich: Door) -> None:
    """Too large, not sent, no picture; the last one again."""
    large = await rich.http.post("/v1/uploads/presigned", json={"size_bytes": 2_000_000})
    assert_problem(large, 413, "UPLOAD_TOO_LARGE")
    told = await announced(rich)
    complete = f"/v1/uploads/{told['id']}/complete"
    assert_problem(await rich.http.post(complete), 409, "UPLOAD_NOT_SENT")
    rich.world.uploads.sent[told["id"]] = b"no picture"
    for _ in range(2):
        assert_problem(await rich.http.post(complete), 422, "UNUSABLE_MEDIA")
    assert rich.world.uploads.kept == {}


async def test_nobody_else_completes_it(rich: Door) -> None:
    """Another's, one that never was, and without a sign-in."""
    told = await announced(rich)
    rich.world.uploads.sent[told["id"]] = b"a heron"
    await rich.sign_up("eve@example.com")
    for upload_id in (told["id"], NOWHERE):
        answer = await rich.http.post(f"/v1/uploads/{upload_id}/complete")
        assert_problem(answer, 404, "UPLOAD_NOT_FOUND")
    del rich.http.headers["Authorization"]
    assert (await rich.http.post(f"/v1/uploads/{told['id']}/complete")).status_code == 401
    assert (await rich.http.post("/v1/uploads/presigned", json={"size_bytes": 1})).status_code == 401
    assert rich.world.uploads.kept == {}
