"""The BabySea stand-in, as BabySea's own SDK describes BabySea."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from standins.babysea.app import create_app
from standins.babysea.settings import BabySeaSettings
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY, SECRET = "bye_of_these_tests", "whsec_of_these_tests"
FLUX = "/v1/generate/image/bfl/flux-schnell"
ENDS_WITHIN_S = 30.0


class Ear:
    """Somebody whom webhooks are sent to; answers as told, the last word for ever."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses = [200]

    async def listen(self, request: Request) -> Response:
        """Keep one."""
        self.heard.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    def about(self, generation_id: str) -> list[dict[str, Any]]:
        """What was told of a generation."""
        told = [json.loads(body) for _, body in self.heard]
        return [one for one in told if one["webhook_data"]["generation_id"] == generation_id]


@pytest.fixture
def ear() -> Iterator[tuple[Ear, str]]:
    """It, and where it is."""
    ear = Ear()
    with running(Starlette(routes=[Route("/hook", ear.listen, methods=["POST"])])) as url:
        yield ear, f"{url}/hook"


@pytest.fixture
def client(ear: tuple[Ear, str]) -> Iterator[httpx.Client]:
    """A client of a running stand-in whose account has a credit and an endpoint."""
    settings = BabySeaSettings(
        api_key=SecretStr(KEY),
        balance="1",  # type: ignore[arg-type]
        webhook_url=ear[1],
        webhook_secret=SecretStr(SECRET),
        webhook_retry_delays_s=(0.05, 0.05),
    )
    with running(create_app(settings)) as url:
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            yield client


def submitted(client: httpx.Client, prompt: str = "a fox", **more: Any) -> str:
    """The id of a generation."""
    answer = client.post(FLUX, json={"generation_prompt": prompt, **more})
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["data"]["generation_id"]
    return found


def content(client: httpx.Client, generation_id: str) -> dict[str, Any]:
    """A generation as it stands."""
    found: dict[str, Any] = client.get(f"/v1/content/{generation_id}").json()["data"]
    return found


def ended(client: httpx.Client, generation_id: str) -> dict[str, Any]:
    """A generation once it is over."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        found = content(client, generation_id)
        if found["generation_status"] not in ("pending", "processing"):
            return found
        assert time.monotonic() < deadline
        time.sleep(0.02)


def balance(client: httpx.Client) -> float:
    """The credits that are left."""
    left: float = client.get("/v1/estimate/bfl/flux-schnell").json()["data"]["credit_balance"]
    return left


def refused(answer: httpx.Response) -> tuple[int, str, str, bool]:
    """Status, code, type, and whether it passes."""
    told = answer.json()
    assert told["status"] == "error"
    error = told["error"]
    return answer.status_code, error["code"], error["type"], error["retryable"]


def test_a_generation_runs(client: httpx.Client) -> None:
    """From pending to its files, which are there without a key; it is charged as estimated."""
    answer = client.post(FLUX, json={"generation_prompt": "a fox", "generation_output_number": 2})
    told = answer.json()
    assert (told["status"], told["data"]["generation_initialized"]) == ("success", True)
    assert told["data"]["generation_provider_order"] == ["replicate", "fal"]
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])
    over = ended(client, told["data"]["generation_id"])
    assert (over["generation_status"], over["generation_provider_used"]) == ("succeeded", "replicate")
    kinds = [httpx.get(url).headers["content-type"] for url in over["generation_output_file"]]
    assert kinds == ["image/png", "image/png"]
    assert balance(client) == pytest.approx(0.99)
    listed = client.get("/v1/content/list?limit=1").json()
    assert (listed["total"], [g["generation_id"] for g in listed["data"]["generations"]]) == (
        1,
        [over["generation_id"]],
    )


@pytest.mark.parametrize(
    "more",
    [
        {"generation_prompt": ""},
        {"generation_prompt": 7},
        {"generation_ratio": "7:5"},
        {"generation_output_number": 5},
        {"generation_output_number": True},
        {"generation_output_format": "mp4"},
        {"generation_provider_order": "nobody"},
        {"prompt": "a fox"},
        {"generation_duration": 5},
    ],
)
def test_what_a_model_does_not_take_is_refused(client: httpx.Client, more: dict[str, Any]) -> None:
    """And costs nothing."""
    answer = client.post(FLUX, json={"generation_prompt": "a fox", **more})
    assert refused(answer)[2:] == ("validation_error", False)
    assert balance(client) == 1


def test_a_film_says_how_long(client: httpx.Client) -> None:
    """A duration is required of it, and it is made at its own endpoint."""
    body = {"generation_prompt": "waves"}
    assert refused(client.post("/v1/generate/video/google/veo-2", json=body))[2] == "validation_error"
    assert refused(client.post("/v1/generate/image/google/veo-2", json=body))[0] == 404


def test_a_key_names_one_generation(client: httpx.Client) -> None:
    """It is told again as it was; with other words it is refused, and its letters are few."""
    headers = {"idempotency-key": "att_1:2.3-4"}
    body = {"generation_prompt": "a fox"}
    first = client.post(FLUX, json=body, headers=headers)
    again = client.post(FLUX, json=body, headers=headers)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"]
    other = client.post(FLUX, json={"generation_prompt": "a hare"}, headers=headers)
    assert refused(other) == (409, "BSE2015", "idempotency_key_reused", False)
    assert refused(client.post(FLUX, json=body, headers={"idempotency-key": "a b"}))[0] == 400
    assert balance(client) == pytest.approx(0.995)


def test_a_submit_that_was_refused_frees_its_key(client: httpx.Client) -> None:
    """What nothing came of can be mended and sent again."""
    headers = {"idempotency-key": "att_1"}
    assert client.post(FLUX, json={"generation_prompt": ""}, headers=headers).status_code == 400
    assert client.post(FLUX, json={"generation_prompt": "a fox"}, headers=headers).status_code == 200


def test_an_account_without_credits_is_refused(client: httpx.Client) -> None:
    """Nothing is started."""
    body = {"generation_prompt": "a film", "generation_duration": 8}
    answer = client.post("/v1/generate/video/google/veo-2", json=body)
    assert refused(answer) == (402, "BSE1004", "insufficient_credits", False)
    assert client.get("/v1/content/list").json()["total"] == 0


def test_policy_refuses(client: httpx.Client) -> None:
    """By its own type, for nothing."""
    answer = client.post(FLUX, json={"generation_prompt": "a fox [[refuse]]"})
    assert refused(answer) == (422, "BSE2006", "content_policy_violation", False)
    assert balance(client) == 1


@pytest.mark.parametrize("word", ["stall", "fail"])
def test_what_does_not_succeed_gives_its_credits_back(client: httpx.Client, word: str) -> None:
    """Whether it was stopped or failed; what is over can't be stopped."""
    made = submitted(client, f"a fox [[{word}]]")
    if word == "stall":
        assert balance(client) == pytest.approx(0.995)
        told = client.post(f"/v1/content/generation/cancel/{made}").json()["data"]
        assert (told["generation_status"], told["credits_refunded"]) == ("canceled", True)
    over = ended(client, made)
    assert over["generation_status"] == ("canceled" if word == "stall" else "failed")
    assert ("generation_error" in over) == (word == "fail")
    assert balance(client) == 1
    assert client.post(f"/v1/content/generation/cancel/{made}").status_code == 409


def test_what_is_deleted_is_gone(client: httpx.Client) -> None:
    """With its files; what runs is not."""
    running_one = submitted(client, "a fox [[stall]]")
    assert client.delete(f"/v1/content/{running_one}").status_code == 409
    made = submitted(client)
    (url,) = ended(client, made)["generation_output_file"]
    assert client.delete(f"/v1/content/{made}").json()["data"]["files_deleted"] == 1
    assert httpx.get(url).status_code == 404
    assert refused(client.get(f"/v1/content/{made}"))[2] == "not_found"
    assert client.delete(f"/v1/content/{made}").status_code == 404


def test_an_estimate_is_a_price(client: httpx.Client) -> None:
    """By count, by second and by resolution."""

    def total(path: str) -> float:
        cost: float = client.get(f"/v1/estimate/{path}").json()["data"]["cost_total_consumed"]
        return cost

    assert total("bfl/flux-schnell?count=5") == pytest.approx(0.025)
    assert total("google/veo-2?duration=8") == pytest.approx(4)
    assert total("bytedance/seedance-1-pro?duration=4&resolution=1080p") == pytest.approx(0.6)
    assert client.get("/v1/estimate/bfl/flux-schnell?count=x").status_code == 400
    assert client.get("/v1/estimate/nobody/nothing").status_code == 404
    models = client.get("/v1/library/models").json()["data"]["models"]
    assert models[0]["schema"]["generation_output_number"] == 4


def test_webhooks_are_signed_with_the_whole_secret(client: httpx.Client, ear: tuple[Ear, str]) -> None:
    """Its prefix too; one that is not taken is sent again, as often as BabySea does."""
    ear[0].statuses = [500, 500, 200]
    made = submitted(client)
    deadline = time.monotonic() + ENDS_WITHIN_S
    while {one["webhook_event"] for one in ear[0].about(made)} != {
        "generation.started",
        "generation.completed",
    }:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for headers, body in ear[0].heard:
        at, _, digest = headers["x-babysea-signature"].removeprefix("t=").partition(",v1=")
        assert hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() == digest
        assert abs(time.time() - int(at)) < 60
    (completed,) = [o for o in ear[0].about(made) if o["webhook_event"] == "generation.completed"][:1]
    assert completed["webhook_data"]["generation_status"] == "succeeded"
    assert completed["webhook_data"]["generation_output_file"]


def test_another_key_is_refused(client: httpx.Client) -> None:
    """Before anything is said of what is there."""
    answer = client.get("/v1/content/a", headers={"authorization": "Bearer bye_other"})
    assert refused(answer)[0] == 401
