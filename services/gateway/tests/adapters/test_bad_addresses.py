"""Paths, queries and return addresses that lead nowhere, or to what is somebody else's."""

import httpx
import pytest
from gateway_world import Door, assert_problem

# Goes over every address, for seconds.
pytestmark = pytest.mark.real_time


async def test_unknown_model_and_pack(rich: Door) -> None:
    """What is not on offer is 404."""
    before = rich.state()
    body = {"model": "local/nothing", "input": {"prompt": "a heron"}}
    assert_problem(await rich.http.post("/v1/generations", json=body), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.post("/v1/quotes", json=body), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.get("/v1/models/local/nothing"), 404, "UNKNOWN_MODEL")
    assert_problem(await rich.http.post("/v1/checkout", json={"pack": "free"}), 404, "UNKNOWN_PACK")
    assert rich.state() == before


async def test_other_peoples_objects(rich: Door) -> None:
    """Another user's job and checkout are 404, whatever is asked of them."""
    job = next(iter(rich.world.generations.jobs))
    checkout = (await rich.http.post("/v1/checkout", json={"pack": "starter"})).json()["id"]
    await rich.sign_up("eve@example.com")
    before = rich.state()
    for method, path in (
        ("GET", f"/v1/generations/{job}"),
        ("DELETE", f"/v1/generations/{job}"),
        ("POST", f"/v1/generations/{job}/cancel"),
        ("GET", f"/v1/generations/{job}/explain"),
        ("GET", f"/v1/checkout/{checkout}"),
    ):
        answer = await rich.http.request(method, path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await rich.http.get("/v1/generations")).json()["data"] == []
    assert rich.state() == before


@pytest.mark.parametrize(
    "path",
    [
        "/v1/generations/..%2f..%2fetc%2fpasswd",
        "/v1/generations/%2e%2e/%2e%2e/etc/passwd",
        "/v1/generations/gen_../explain",
        "/v1/generations/gen_" + "a" * 33,
        "/v1/generations/gen_%00",
        "/v1/generations/" + "x" * 5000,
        "/v1/checkout/..%5c..%5cx",
        "/v1/models/..%2f..%2f/passwd",
        "/docs/../../etc/passwd",
    ],
)
async def test_path_traversal(rich: Door, path: str) -> None:
    """An id that is a path leads nowhere."""
    before = rich.state()
    answer = await rich.http.get(httpx.URL("http://gateway.test").copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert rich.state() == before


async def test_no_such_place_or_method(door: Door) -> None:
    """404 and 405 are problems too, and 405 names what is allowed."""
    assert_problem(await door.http.get("/v1/nothing"), 404, "NOT_FOUND")
    refused = await door.http.put("/v1/balance")
    assert_problem(refused, 405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"]


async def test_return_addresses_elsewhere(rich: Door) -> None:
    """A checkout may not lead to another origin."""
    before = rich.state()
    for url in (
        "https://evil.example/",
        "http://gateway.test.evil.example/",
        "http://gateway.test@evil.example/",
        "http://gateway.test:81/",
        "javascript:alert(1)",
        "//evil.example",
        "http://gateway.test\\@evil.example",
    ):
        answer = await rich.http.post("/v1/checkout", json={"pack": "starter", "success_url": url})
        problem = assert_problem(answer, 422, "FOREIGN_RETURN_URL")
        assert problem["errors"][0]["field"] == "success_url"
    assert rich.state() == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=1e9",
        "cursor=",
        "cursor=a%20b",
        "cursor=nonsense",
    ],
)
async def test_pages_out_of_bounds(rich: Door, query: str) -> None:
    """Limits and cursors that are none are 422."""
    answer = await rich.http.get(f"/v1/ledger/entries?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in ("limit", "cursor")


@pytest.mark.parametrize(
    "query", ["kind=theft", "from=yesterday", "to=-1", "from=0001-01-01T00:00:00%2B23:00", "format=xml"]
)
async def test_filters_that_are_none(rich: Door, query: str) -> None:
    """Unknown kinds, times and formats are 422."""
    assert_problem(await rich.http.get(f"/v1/ledger/entries?{query}"), 422, "INVALID_REQUEST")
