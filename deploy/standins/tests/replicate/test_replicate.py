"""The Replicate stand-in, as Replicate's documentation describes Replicate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from standins.replicate.app import create_app
from standins.replicate.settings import ReplicateSettings
from standins.replicate.signing import signed
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

pytestmark = [pytest.mark.server, pytest.mark.real_time]
KEY, SECRET = "r8_of_these_tests", "whsec_c2VjcmV0LW9mLXRoZXNlLXRlc3Rz"
FLUX = "/v1/models/black-forest-labs/flux-schnell/predictions"
ENDS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a running stand-in."""
    settings = ReplicateSettings(
        api_key=SecretStr(KEY), webhook_secret=SecretStr(SECRET), webhook_retry_delays_s=(0.05, 0.05)
    )
    with running(create_app(settings)) as url:
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            yield client


class Ear:
    """Somebody whom webhooks are sent to; answers as told, the last word for ever."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses = [200]

    async def listen(self, request: Request) -> Response:
        """Keep one."""
        self.heard.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


@pytest.fixture
def ear() -> Iterator[tuple[Ear, str]]:
    """It, and where it is."""
    ear = Ear()
    with running(Starlette(routes=[Route("/hook", ear.listen, methods=["POST"])])) as url:
        yield ear, f"{url}/hook"


def created(client: httpx.Client, prompt: str = "a fox", **more: Any) -> dict[str, Any]:
    """A prediction as its submit was answered."""
    answer = client.post(FLUX, json={"input": {"prompt": prompt}, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def ended(client: httpx.Client, prediction: dict[str, Any]) -> dict[str, Any]:
    """A prediction once it is over."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        found: dict[str, Any] = client.get(f"/v1/predictions/{prediction['id']}").json()
        if found["status"] not in ("starting", "processing"):
            return found
        assert time.monotonic() < deadline
        time.sleep(0.02)


def heard(ear: Ear, count: int) -> None:
    """Waits for so many."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while len(ear.heard) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_prediction_runs(client: httpx.Client) -> None:
    """It starts, its logs show how far it is, and its files are where it says, without a token."""
    made = created(client)
    assert (made["status"], made["output"], made["model"]) == (
        "starting",
        None,
        "black-forest-labs/flux-schnell",
    )
    over = ended(client, made)
    assert (over["status"], over["error"], over["data_removed"]) == ("succeeded", None, False)
    assert "100%|" in over["logs"]
    assert over["metrics"]["predict_time"] > 0
    (url,) = over["output"]
    file = httpx.get(url)
    assert (file.status_code, file.headers["content-type"]) == (200, "image/webp")
    listed = client.get("/v1/predictions").json()["results"]
    assert made["id"] in [prediction["id"] for prediction in listed]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"input": {}}, "input.prompt"),
        ({"input": {"prompt": "a", "num_outputs": 5}}, "input.num_outputs"),
        ({"input": {"prompt": "a", "aspect_ratio": "7:5"}}, "input.aspect_ratio"),
        ({"input": {"prompt": "a", "generation_prompt": "a"}}, "input.generation_prompt"),
        ({"input": {"prompt": 7}}, "input.prompt"),
        ({"prompt": "a"}, "input"),
    ],
)
def test_an_input_that_the_model_does_not_take_is_named(
    client: httpx.Client, asked: dict[str, Any], field: str
) -> None:
    """422, and nothing starts."""
    answer = client.post(FLUX, json=asked)
    assert answer.status_code == 422
    assert (answer.json()["title"], answer.json()["invalid_fields"][0]["field"]) == (
        "Input validation failed",
        field,
    )


def test_strangers_are_turned_away(client: httpx.Client) -> None:
    """And what is not there is not there."""
    assert client.get("/v1/account", headers={"authorization": "Bearer other"}).status_code == 401
    assert client.get("/v1/account").status_code == 200
    assert client.get("/v1/predictions/nobody").json()["status"] == 404
    assert client.post("/v1/models/nobody/nothing/predictions", json={"input": {}}).status_code == 404
    assert client.post("/v1/predictions", json={"version": "x", "input": {}}).status_code == 422


def test_one_that_is_stopped_stays_so(client: httpx.Client) -> None:
    """And one that has ended is not stopped."""
    made = created(client, "a fox [[stall]]")
    for _ in range(2):
        stopped = client.post(f"/v1/predictions/{made['id']}/cancel").json()
        assert stopped["status"] == "canceled"
    over = ended(client, created(client))
    assert client.post(f"/v1/predictions/{over['id']}/cancel").json()["status"] == "succeeded"


def test_webhooks_are_signed(client: httpx.Client, ear: tuple[Ear, str]) -> None:
    """Only those that were asked for, each with the prediction as it stands; a wrong answer is told again."""
    listener, url = ear
    listener.statuses = [500, 500, 200]
    made = created(client, webhook=url, webhook_events_filter=["completed"])
    heard(listener, 3)
    assert len({headers["webhook-id"] for headers, _ in listener.heard}) == 1
    for headers, body in listener.heard:
        again = signed_at(body, headers)
        assert again["webhook-signature"] == headers["webhook-signature"]
        assert f'"id": "{made["id"]}"'.encode() in body
        assert b'"status": "succeeded"' in body


def signed_at(body: bytes, headers: dict[str, str]) -> dict[str, str]:
    """The headers that the body should have had."""
    at = int(headers["webhook-timestamp"])
    return dict(signed(body, message_id=headers["webhook-id"], secret=SECRET, at=at))


@pytest.mark.parametrize(
    ("how", "count"), [("doubled", 4), ("late", 2), ("swapped", 2), ("forged", 2), ("dropped", 0)]
)
def test_webhooks_go_astray(client: httpx.Client, ear: tuple[Ear, str], how: str, count: int) -> None:
    """Each in its way, and the log says so."""
    listener, url = ear
    with ordered(client, webhooks=[how] if how != "swapped" else ["swapped", ""], late_s=0.2):
        made = created(client, webhook=url, webhook_events_filter=["start", "completed"])
        ended(client, made)
        heard(listener, count)
    statuses = [b'"status": "processing"' in body for _, body in listener.heard]
    if how == "swapped":
        assert statuses == [False, True]
    if how == "forged":
        assert all(signed_at(b, h)["webhook-signature"] != h["webhook-signature"] for h, b in listener.heard)
    if how == "dropped":
        log = client.get("/_test/webhooks").json()["data"]
        assert [each["how"] for each in log if made["id"] in each["about"]] == ["dropped", "dropped"]


@contextmanager
def ordered(client: httpx.Client, **words: Any) -> Iterator[None]:
    """Chaos, until the end of the block."""
    client.post("/_test/chaos", json=words).raise_for_status()
    try:
        yield
    finally:
        client.post("/_test/chaos", json={}).raise_for_status()


def test_it_may_be_over_before_its_submit_is_answered(client: httpx.Client, ear: tuple[Ear, str]) -> None:
    """The webhook is there first."""
    listener, url = ear
    made = created(client, "a fox [[early]]", webhook=url, webhook_events_filter=["completed"])
    assert made["status"] == "succeeded"
    assert len(listener.heard) == 1


def test_words_that_nobody_knows_are_refused(client: httpx.Client) -> None:
    """An order that would do nothing says so."""
    for words in ({"submits": ["oops"]}, {"polls": ["html"]}, {"webhooks": ["lost"]}, {"more": 1}):
        assert client.post("/_test/chaos", json=words).status_code == 422


def test_orders_run_out(client: httpx.Client) -> None:
    """After so many, everybody behaves again; a prompt with an order of its own is left to it."""
    with ordered(client, submits=["error", "rate_limited"], times=2):
        own = client.post(FLUX, json={"input": {"prompt": "mine [[unpaid:1]]"}})
        statuses = [client.post(FLUX, json={"input": {"prompt": "theirs"}}).status_code for _ in range(3)]
        again = client.post(FLUX, json={"input": {"prompt": "mine [[unpaid:1]]"}})
    assert (own.status_code, statuses, again.status_code) == (402, [500, 429, 201], 201)
    counted = {each["prompt"]: each for each in client.get("/_test/calls").json()["data"]}
    assert (counted["theirs"]["calls"], counted["theirs"]["started"]) == (3, 1)
