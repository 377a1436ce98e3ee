"""Uploads by the API: what each call does, and what must not happen."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from gateway_world import ORIGIN, Door, assert_problem, enter

PNG = {"content-type": "image/png"}
MEGABYTE = 1024 * 1024
NOWHERE = f"upl_{'0' * 32}"


async def sent(door: Door, content: bytes = b"a heron", **headers: str) -> dict[str, Any]:
    """Send a file as the body."""
    answer = await door.http.post("/v1/uploads", content=content, headers=PNG | headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_file_is_sent_read_listed_and_deleted(rich: Door) -> None:
    """Each call answers with the upload as it is; where it is read stands in the header."""
    answer = await rich.http.post("/v1/uploads", content=b"a heron", headers=PNG)
    made = answer.json()
    assert answer.headers["location"] == f"/v1/uploads/{made['id']}"
    assert made["id"].startswith("upl_")
    assert made["expires_at"]
    assert (await rich.http.get(answer.headers["location"])).json() == made
    assert (await rich.http.get("/v1/uploads")).json() == {"data": [made], "next_cursor": None}
    assert (await rich.http.delete(answer.headers["location"])).status_code == 204
    assert_problem(await rich.http.get(answer.headers["location"]), 404, "UPLOAD_NOT_FOUND")
    assert_problem(await rich.http.delete(answer.headers["location"]), 404, "UPLOAD_NOT_FOUND")


async def test_a_form_is_the_same_file(rich: Door) -> None:
    """Whatever it calls the file, and whatever it says of its kind."""
    files = {"file": ("../../etc/passwd", b"a heron", "text/html")}
    answer = await rich.http.post("/v1/uploads", files=files)
    assert answer.status_code == 201, answer.text
    assert rich.world.uploads.contents[answer.json()["id"]] == b"a heron"
    assert answer.json()["source_sha256"] == (await sent(rich))["source_sha256"]


@pytest.mark.parametrize("is_form", [False, True])
async def test_nothing_holds_a_file_whole(rich: Door, is_form: bool) -> None:
    """It is passed on while it comes, a piece at a time."""
    rich.world.uploads.size_bytes_max = 10 * MEGABYTE
    begin = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    passed_on: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        if is_form:
            yield begin
        for _ in range(64):
            yield b"y" * 65_536
            passed_on.append(len(rich.world.uploads.pieces))
        if is_form:
            yield b"\r\n--x--\r\n"

    kind = "multipart/form-data; boundary=x" if is_form else "image/png"
    answer = await rich.http.post("/v1/uploads", content=body(), headers={"content-type": kind})
    assert answer.status_code == 201, answer.text
    assert answer.json()["size_bytes"] == 64 * 65_536
    assert max(rich.world.uploads.pieces) <= 65_536
    assert passed_on[32] >= 32


def form(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    """A form of these parts."""
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


FILE = b'content-disposition: form-data; name="file"; filename="a"\r\n\r\na heron'
MALFORMED = {
    "no form": b"a heron",
    "nothing": b"",
    "no part": form(),
    "no end": form(FILE, end=b""),
    "half an end": form(FILE, end=b"--x-"),
    "another name": form(FILE.replace(b'"file"', b'"picture"')),
    "no name": form(b"content-type: image/png\r\n\r\na heron"),
    "two files": form(FILE, FILE),
    "a field behind": form(FILE, b'content-disposition: form-data; name="csrf_token"\r\n\r\nx'),
    "an endless header": form(b"x: " + b"y" * 9_000 + b"\r\n" + FILE),
    "endless headers": form(b"x: y\r\n" * 4_000 + FILE),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_form_that_is_none_is_refused(rich: Door, kind: str) -> None:
    """In one way, and nothing is kept of it."""
    before = rich.state()
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await rich.http.post("/v1/uploads", content=MALFORMED[kind], headers=headers)
    assert_problem(answer, 400, "MALFORMED_MULTIPART")
    assert rich.state() == before


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "text/plain", "multipart/form-data", "multipart/mixed; boundary=x", "image"],
)
async def test_what_is_sent_as_no_file_is_refused(rich: Door, kind: str) -> None:
    """JSON, texts and forms without a boundary are 415."""
    before = rich.state()
    answer = await rich.http.post("/v1/uploads", content=form(FILE), headers={"content-type": kind})
    assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert rich.state() == before


async def test_what_is_no_picture_is_refused(rich: Door) -> None:
    """And so is nothing at all."""
    before = rich.state()
    for content in (b"no picture", b""):
        answer = await rich.http.post("/v1/uploads", content=content, headers=PNG)
        assert_problem(answer, 422, "UNUSABLE_MEDIA")
    assert rich.state() == before


async def test_what_is_too_large_is_refused(rich: Door) -> None:
    """By the service's bound, and by the gateway's, whether the size is announced or not."""
    before = rich.state()
    answer = await rich.http.post("/v1/uploads", content=b"x" * (MEGABYTE + 1), headers=PNG)
    assert_problem(answer, 413, "UPLOAD_TOO_LARGE")
    announced = PNG | {"content-length": str(64 * MEGABYTE + 1)}
    assert_problem(
        await rich.http.post("/v1/uploads", content=b"x", headers=announced), 413, "BODY_TOO_LARGE"
    )

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield bytes(MEGABYTE)

    rich.world.uploads.size_bytes_max = 100 * MEGABYTE
    answer = await rich.http.post("/v1/uploads", content=unannounced(), headers=PNG)
    assert_problem(answer, 413, "BODY_TOO_LARGE")
    assert rich.state() == before


async def test_other_bodies_are_as_small_as_before(rich: Door) -> None:
    """The room for files is for files."""
    for path in ("/v1/generations", "/v1/uploads/", "/v1/quotes"):
        answer = await rich.http.post(path, content=bytes(MEGABYTE + 1), headers=PNG)
        assert answer.status_code == 413


async def test_a_client_that_leaves_leaves_nothing(rich: Door) -> None:
    """Half a file is none, and nobody is answered."""
    before, answered = rich.state(), []
    coming = iter([{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        answered.append(message)

    headers = {"authorization": rich.http.headers["authorization"], **PNG}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/uploads",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
    }
    await rich.app(scope, receive, send)
    assert rich.world.uploads.pieces == [4]
    assert answered == []
    assert rich.state() == before


async def test_a_key_is_one_upload(rich: Door) -> None:
    """The same file is told again, another is refused, and a key must be one."""
    key = {"Idempotency-Key": "k1"}
    first = await rich.http.post("/v1/uploads", content=b"a heron", headers=PNG | key)
    again = await rich.http.post("/v1/uploads", files={"file": b"a heron"}, headers=key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = await rich.http.post("/v1/uploads", content=b"a wolf", headers=PNG | key)
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    bad = await rich.http.post("/v1/uploads", content=b"a wolf", headers=PNG | {"Idempotency-Key": "a b"})
    assert_problem(bad, 422, "INVALID_IDEMPOTENCY_KEY")
    assert len(rich.world.uploads.kept) == 1


async def test_another_users_upload_is_not_there(rich: Door) -> None:
    """As one that never was, and as what can be none."""
    made = await sent(rich)
    await rich.sign_up("bob@example.com")
    for upload in (made["id"], NOWHERE, "upl_x", "gen_" + "0" * 32, made["id"].upper()):
        assert_problem(await rich.http.get(f"/v1/uploads/{upload}"), 404, "UPLOAD_NOT_FOUND")
        assert_problem(await rich.http.delete(f"/v1/uploads/{upload}"), 404, "UPLOAD_NOT_FOUND")
    assert (await rich.http.get("/v1/uploads")).json()["data"] == []
    assert len(rich.world.uploads.kept) == 1


async def test_pages_follow_each_other(rich: Door) -> None:
    """Newest first, each once; a cursor that is none is refused."""
    made = [(await sent(rich))["id"] for _ in range(3)]
    listed, cursor = [], ""
    for _ in made:
        page = (await rich.http.get(f"/v1/uploads?limit=1{cursor}")).json()
        listed += [upload["id"] for upload in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert listed == made[::-1]
    assert_problem(await rich.http.get("/v1/uploads?cursor=x"), 422, "INVALID_REQUEST")
    assert_problem(await rich.http.get("/v1/uploads?limit=101"), 422, "INVALID_REQUEST")


async def test_the_quota_is_a_conflict(rich: Door) -> None:
    """Deleting makes room."""
    rich.world.uploads.count_max = 1
    first = await sent(rich)
    answer = await rich.http.post("/v1/uploads", content=b"a wolf", headers=PNG)
    assert_problem(answer, 409, "UPLOAD_QUOTA_REACHED")
    await rich.http.delete(f"/v1/uploads/{first['id']}")
    await sent(rich)


async def test_nobody_sends_without_a_name(rich: Door) -> None:
    """Not a byte is read of whoever is not signed in."""
    rich.http.headers.pop("Authorization")
    before = rich.state()
    answer = await rich.http.post("/v1/uploads", content=b"a heron", headers=PNG)
    assert_problem(answer, 401, "UNAUTHENTICATED")
    assert rich.state() == before
    assert rich.world.uploads.pieces == []


async def test_a_form_of_another_site_is_refused(door: Door) -> None:
    """A page's session sends with the header that only our own scripts know, and from our own origin."""
    csrf = await enter(door)
    files: dict[str, Any] = {"files": {"file": b"a heron"}, "data": {"csrf_token": csrf}}
    before = door.state()
    for headers in ({"Origin": ORIGIN}, {"Origin": ORIGIN, "X-CSRF-Token": "x"}):
        answer = await door.http.post("/v1/uploads", headers=headers, **files)
        assert_problem(answer, 403, "CSRF_TOKEN_INVALID")
    foreign = {"Origin": "https://evil.example", "X-CSRF-Token": csrf}
    assert_problem(await door.http.post("/v1/uploads", headers=foreign, **files), 403, "FOREIGN_ORIGIN")
    assert door.state() == before
    assert door.world.uploads.pieces == []
    own = {"Origin": ORIGIN, "X-CSRF-Token": csrf}
    answer: httpx.Response = await door.http.post("/v1/uploads", headers=own, files={"file": b"a heron"})
    assert answer.status_code == 201, answer.text
