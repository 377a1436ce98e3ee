"""The fal stand-in, as fal's documentation describes its queue."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from standins.fal.app import create_app
from standins.fal.settings import FalSettings
from standins.fal.signing import key_of, key_set
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

pytestmark = [pytest.mark.server, pytest.mark.real_time]
KEY, SECRET = "fal_of_these_tests", "secret of these tests"
FLUX = "/fal-ai/flux/schnell"
EDIT = "/fal-ai/nano-banana/edit"
ENDS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a running stand-in."""
    settings = FalSettings(
        api_key=SecretStr(KEY), webhook_secret=SecretStr(SECRET), webhook_retry_delays_s=(0.05, 0.05)
    )
    with running(create_app(settings)) as url:
        headers = {"authorization": f"Key {KEY}"}
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


def submitted(client: httpx.Client, prompt: str = "a fox", webhook: str | None = None, **more: Any) -> Any:
    """A request as its submit was answered."""
    params = {"fal_webhook": webhook} if webhook else {}
    answer = client.post(FLUX, json={"prompt": prompt, "image_size": "square", **more}, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def over(client: httpx.Client, made: dict[str, Any]) -> Any:
    """Its status once it is over; until then it is answered with 202."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        answer = client.get(made["status_url"], params={"logs": "1"})
        if answer.json()["status"] == "COMPLETED":
            assert answer.status_code == 200
            return answer.json()
        assert answer.status_code == 202
        assert time.monotonic() < deadline
        time.sleep(0.02)


def heard(ear: Ear, count: int) -> None:
    """Waits for so many."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while len(ear.heard) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_runs(client: httpx.Client) -> None:
    """From the queue to its files, at addresses that have owner and app alone, and no key."""
    made = submitted(client, num_images=2, output_format="png")
    assert made["status"] == "IN_QUEUE"
    path = f"/fal-ai/flux/requests/{made['request_id']}"
    assert made["status_url"].endswith(f"{path}/status")
    assert made["response_url"].endswith(path)
    ended = over(client, made)
    assert "100%|" in ended["logs"][-1]["message"]
    assert ended["metrics"]["inference_time"] > 0
    result = client.get(made["response_url"]).json()
    assert [image["content_type"] for image in result["images"]] == ["image/png"] * 2
    assert result["has_nsfw_concepts"] == [False, False]
    file = httpx.get(result["images"][0]["url"])
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")


def test_a_result_is_not_there_before_the_end(client: httpx.Client) -> None:
    """And says so."""
    made = submitted(client, "a fox [[stall]]")
    answer = client.get(made["response_url"])
    assert (answer.status_code, answer.json()) == (400, {"detail": "Request is still in progress"})
    client.put(made["cancel_url"])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"num_images": 5}, "num_images"),
        ({"image_size": "huge"}, "image_size"),
        ({"image_size": {"width": 0, "height": 7}}, "image_size"),
        ({"output_format": "webp"}, "output_format"),
        ({"aspect_ratio": "1:1"}, "aspect_ratio"),
        ({"seed": "7"}, "seed"),
    ],
)
def test_what_a_model_does_not_take_its_result_says(
    client: httpx.Client, asked: dict[str, Any], field: str
) -> None:
    """The queue takes anything; nothing is made of it."""
    made = submitted(client, **asked)
    assert "error" in over(client, made)
    answer = client.get(made["response_url"])
    assert (answer.status_code, answer.headers["x-fal-retryable"]) == (422, "false")
    assert answer.json()["detail"][0]["loc"] == ["body", field]


def test_what_is_to_be_edited_is_a_list_of_addresses(client: httpx.Client) -> None:
    """One at least, by address or as a data address."""
    for urls, well in (
        (["https://a.example/1"], True),
        (["data:image/png;base64,AA=="], True),
        ([], False),
        ("https://a.example/1", False),
        (["upl_1"], False),
    ):
        made = client.post(EDIT, json={"prompt": "red", "image_urls": urls}).json()
        assert ("error" not in over(client, made)) == well, urls


def test_strangers_are_turned_away(client: httpx.Client) -> None:
    """And what is not there is not there; keys are for everybody."""
    other = {"authorization": f"Bearer {KEY}"}
    assert client.post(FLUX, json={"prompt": "a"}, headers=other).status_code == 401
    assert client.post("/fal-ai/nothing", json={}).status_code == 404
    assert client.get("/fal-ai/flux/requests/nobody/status").json() == {"detail": "Request not found"}
    made = submitted(client)
    assert client.get(f"/fal-ai/other/requests/{made['request_id']}/status").status_code == 404
    assert client.post(FLUX, content=b"[]").status_code == 400
    assert httpx.get(f"{client.base_url}/.well-known/jwks.json").json() == key_set(key_of(SECRET))


def test_one_that_is_cancelled_stays_so(client: httpx.Client, ear: tuple[Ear, str]) -> None:
    """Nobody is told of it; one that has ended can't be, and one that is not there is not found."""
    listener, url = ear
    made = submitted(client, "a fox [[stall]]", webhook=url)
    assert client.put(made["cancel_url"]).status_code == 202
    assert over(client, made)["error_type"] == "client_cancelled"
    assert client.put(made["cancel_url"]).json() == {"status": "ALREADY_COMPLETED"}
    assert client.put("/fal-ai/flux/requests/nobody/cancel").status_code == 404
    log = client.get("/_test/webhooks").json()["data"]
    assert not [each for each in log if made["request_id"] in each["about"]]
    assert listener.heard == []


@pytest.mark.parametrize(
    ("word", "status", "kind"),
    [("refuse", 422, "content_policy_violation"), ("fail", 500, "internal_server_error")],
)
def test_one_that_fails_says_why(
    client: httpx.Client, ear: tuple[Ear, str], word: str, status: int, kind: str
) -> None:
    """By the status of its result, and by its webhook."""
    listener, url = ear
    made = submitted(client, f"a fox [[{word}]]", webhook=url)
    over(client, made)
    answer = client.get(made["response_url"])
    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (status, kind)
    heard(listener, 1)
    assert b'"status": "ERROR"' in listener.heard[0][1]
    assert kind.encode() in listener.heard[0][1]


def test_webhooks_are_signed(client: httpx.Client, ear: tuple[Ear, str]) -> None:
    """With the key that is published; a wrong answer is told again."""
    listener, url = ear
    listener.statuses = [500, 500, 200]
    made = submitted(client, webhook=url)
    heard(listener, 3)
    public = key_of(SECRET).public_key()
    for headers, body in listener.heard:
        named = [headers[f"x-fal-webhook-{part}"] for part in ("request-id", "user-id", "timestamp")]
        assert named[0] == made["request_id"]
        message = "\n".join((*named, hashlib.sha256(body).hexdigest())).encode()
        public.verify(bytes.fromhex(headers["x-fal-webhook-signature"]), message)
        assert b'"status": "OK"' in body


def test_who_has_no_money_there_is_locked_out(client: httpx.Client) -> None:
    """With the status that fal has for it."""
    answer = client.post(FLUX, json={"prompt": "a fox [[unpaid]]"})
    assert answer.status_code == 403
    assert "Exhausted balance" in answer.json()["detail"]
