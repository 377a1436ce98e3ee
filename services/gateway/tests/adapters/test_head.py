"""HEAD on every address that GET knows, and bodies that are written in a way that nobody reads here."""

import gzip
import json
import zlib

import httpx
import pytest
from gateway.adapters.inbound.console.assets import assets
from gateway_world import ORIGIN, PASSWORD, SKETCH, Door, assert_problem, routes

# Goes over every route, for seconds.
pytestmark = pytest.mark.real_time

JSON = {"content-type": "application/json"}
# What counts requests, and tells them apart.
_OF_EACH_REQUEST = {
    "ratelimit",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-request-id",
}


async def filled(door: Door) -> dict[str, str]:
    """Values for the places in addresses, of things that exist; the console is signed in to as well."""
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert (await door.http.post("/login", data=form, headers={"Origin": ORIGIN})).status_code == 303
    jobs = (await door.http.get("/v1/generations")).json()["data"]
    collection = await door.http.post("/v1/collections", json={"name": "Herons"})
    upload = await door.http.post("/v1/uploads", content=b"a heron", headers={"content-type": "image/png"})
    checkout = await door.http.post("/v1/checkout", json={"pack": "starter"})
    hook = {"url": "https://hooks.example/tintype", "event_types": ["generation.succeeded"]}
    endpoint = await door.http.post("/v1/webhook-endpoints", json=hook)
    return {
        "provider": SKETCH.partition("/")[0],
        "name": SKETCH.partition("/")[2],
        "generation": jobs[0]["id"],
        "collection": collection.json()["id"],
        "upload": upload.json()["id"],
        "checkout": checkout.json()["id"],
        "payment": door.world.billing.pay(checkout.json()["id"]).payment_id,
        "token": "x" * 43,
        "output": "out_x",
        "user": next(iter(door.world.identity.users)),
        "code": "K7Q2MX4D",
        "webhook_endpoint": endpoint.json()["id"],
        "endpoint": endpoint.json()["id"],
        "alias": "chat",
        "service": "billing",
        "letter": "dl_x",
        "dead_letter": "dl_x",
    }


async def test_head_is_get_without_a_body(rich: Door) -> None:
    """Status and headers are those of GET, on pages and calls alike, found or not."""
    values = await filled(rich)
    paths = {
        route.path.format_map(values)
        for route in routes(rich.app)
        if "GET" in route.methods and route.path != "/v1/events"
    }
    assert len(paths) > 25
    for path in sorted(paths | {assets.url("console.css"), "/nowhere", "/v1/generations/gen_x"}):
        got, head = await rich.http.get(path), await rich.http.head(path)
        assert head.status_code == got.status_code, path
        assert head.content == b"", path
        assert without_change(head) == without_change(got), path


def without_change(answer: httpx.Response) -> dict[str, str]:
    """Headers but for what counts requests; keys and traces in a body have one length."""
    return {name: value for name, value in answer.headers.items() if name not in _OF_EACH_REQUEST}


async def test_head_of_events_ends(rich: Door) -> None:
    """It says what a stream would be like, and neither stays open nor takes a place of the user's streams."""
    for _ in range(20):
        head = await rich.http.head("/v1/events")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
    refused = await rich.http.head("/v1/events", headers={"Authorization": "Bearer nonsense"})
    assert (refused.status_code, refused.content) == (401, b"")


async def test_what_has_no_get_has_no_head(rich: Door) -> None:
    """Where GET is refused HEAD is, and where GET is taken it is named beside it."""
    refused = await rich.http.head("/v1/quotes")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    wrong = await rich.http.put("/v1/balance")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, identity", "x" * 500])
@pytest.mark.parametrize(
    "path", ["/v1/generations", "/v1/auth/login", "/webhooks/stripe", "/webhooks/providers/local", "/login"]
)
async def test_packed_bodies_are_refused(rich: Door, path: str, encoding: str) -> None:
    """A body in a coding is 415, and the answer says which coding is taken; nothing changes."""
    before = rich.state()
    plain = json.dumps({"model": SKETCH, "input": {"prompt": "a heron"}}).encode()
    body = zlib.compress(plain) if encoding == "deflate" else gzip.compress(plain)
    answer = await rich.http.post(path, content=body, headers=JSON | {"content-encoding": encoding})
    problem = assert_problem(answer, 415, "UNSUPPORTED_CONTENT_ENCODING")
    assert answer.headers["accept-encoding"] == "identity"
    assert len(problem["detail"]) < 200
    assert rich.state() == before


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", "shift_jis", "nonsense"])
async def test_json_in_another_charset_is_refused(rich: Door, charset: str) -> None:
    """A text that would be read as another one is 415; nothing changes."""
    before = rich.state()
    body = json.dumps({"model": SKETCH, "input": {"prompt": "a heron"}})
    encoded = body.encode("utf-16" if charset == "utf-16" else "ascii")
    headers = {"content-type": f"application/json; charset={charset}"}
    answer = await rich.http.post("/v1/generations", content=encoded, headers=headers)
    assert "UTF-8" in assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")["detail"]
    assert rich.state() == before


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        'application/json; charset="UTF-8"',
        "application/json;charset=utf8",
        "application/json; charset=us-ascii; profile=x",
    ],
)
async def test_json_in_utf8_is_taken(rich: Door, content_type: str) -> None:
    """However a client writes it."""
    body = json.dumps({"model": SKETCH, "input": {"prompt": "a heron"}}).encode()
    headers = {"content-type": content_type, "content-encoding": "identity"}
    answer = await rich.http.post("/v1/generations", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
