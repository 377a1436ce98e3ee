"""Providers that call back, both processes of generation, and a gateway between them that is a double."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation.adapters.outbound.providers.folder import WEBHOOK_PATH
from generation.adapters.outbound.providers.registry import ChosenProvider, folders
from generation_stack import Stack, until
from provider_profile import profile_of
from provider_stage import endpoint_set
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tintype.generation.v1 import generation_pb2 as pb

pytestmark = [pytest.mark.server, pytest.mark.real_time]


@dataclass(frozen=True)
class Job:
    """A shipped model, what is asked of it, and what comes of that."""

    # How the provider says that its run is over.
    over: bytes
    model: str = "bfl/flux-schnell"
    asked: Mapping[str, Any] = field(
        default_factory=lambda: {"output_count": 2, "output_format": "png", "ratio": "16:9"}
    )
    charged: int = 4
    outputs: int = 2


JOBS = {
    "babysea": Job(b"generation.completed"),
    "comfydeploy": Job(b'"success"', "pixio/krea-flux", {"width": 512}, charged=10, outputs=1),
    "fal": Job(b'"OK"'),
    "replicate": Job(b'"succeeded"'),
}
TELLING = [folder for folder in folders() if profile_of(folder).webhook is not None]
telling = pytest.mark.parametrize("folder", TELLING)


class Door:
    """Takes what the provider tells, and leaves it to the test what becomes of it."""

    def __init__(self) -> None:
        self.came: list[pb.ReceiveProviderWebhookRequest] = []

    async def take(self, request: Request) -> Response:
        """Keep one as the gateway would pass it on."""
        self.came.append(
            pb.ReceiveProviderWebhookRequest(
                provider=request.path_params["provider"],
                body=await request.body(),
                headers=dict(request.headers.items()),
                query=dict(request.query_params.items()),
            )
        )
        return Response(status_code=204)


@pytest.fixture
async def calling(
    folder: str,
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    standins: Callable[[str], str],
    tmp_path: Path,
) -> AsyncIterator[tuple[Stack, Door]]:
    """A provider's stand-in, which tells the door of its runs."""
    door, profile, prefix = Door(), profile_of(folder), ChosenProvider(folder, folder).prefix
    app = Starlette(routes=[Route(f"{WEBHOOK_PATH}{{provider}}", door.take, methods=["POST"])])
    with running(app) as public_url:
        url = standins(folder)
        if profile.endpoint_by_hand:
            await endpoint_set(url, f"{public_url}{WEBHOOK_PATH}{folder}")
        given = {**(profile.settings or {}), **(profile.webhook or {})}
        more = {
            "GENERATION_PROVIDERS": f"local,{folder}",
            "GENERATION_PUBLIC_URL": public_url,
            "GENERATION_FETCH_ALLOW_LOOPBACK": "true",
            **{prefix + name: value.format(url=url) for name, value in given.items()},
        }
        commands = ("serve-api", "serve-worker")
        async with Stack.started(database, nats_account, s3_bucket, tmp_path, *commands, more=more) as stack:
            yield stack, door


@telling
async def test_a_run_that_is_told_of_is_delivered(folder: str, calling: tuple[Stack, Door]) -> None:
    """Told twice and by a forger, it ends once, and what was asked for is charged."""
    (stack, door), asked = calling, JOBS[folder]
    job = await stack.create(asked.model, **asked.asked)

    def over() -> list[pb.ReceiveProviderWebhookRequest]:
        return [came for came in door.came if asked.over in came.body]

    async def told() -> bool:
        return bool(over())

    await until(told)
    true = over()[0]
    assert true.provider == folder
    forged = pb.ReceiveProviderWebhookRequest(
        provider=folder, body=true.body + b" ", headers=dict(true.headers)
    )
    elsewhere = pb.ReceiveProviderWebhookRequest(
        provider="local", body=true.body, headers=dict(true.headers), query=dict(true.query)
    )
    for request, status in (
        (forged, grpc.StatusCode.INVALID_ARGUMENT),
        (elsewhere, grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stack.api.ReceiveProviderWebhook(request, timeout=10)
        assert refused.value.code() is status
    for _ in range(2):
        await stack.api.ReceiveProviderWebhook(true, timeout=10)
    ended = await stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert (ended.credits_charged, len(ended.outputs)) == (asked.charged, asked.outputs)
    assert ended.outputs[0].media_type.startswith("image/")
    assert [attempt.provider for attempt in ended.attempts] == [folder]
    # Over for long, it is still no error.
    await stack.api.ReceiveProviderWebhook(true, timeout=10)
    assert await stack.settled(job.generation_id) == ["GenerationSucceeded"]


@telling
async def test_a_run_that_nobody_tells_of_is_delivered(folder: str, calling: tuple[Stack, Door]) -> None:
    """The door keeps everything to itself."""
    stack, door = calling
    jobs = await asyncio.gather(*(stack.create(JOBS[folder].model, key=f"k{number}") for number in range(3)))
    for job in jobs:
        await stack.reaches(job.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
        assert await stack.settled(job.generation_id) == ["GenerationSucceeded"]
    assert {came.provider for came in door.came} <= {folder}


def test_whoever_tells_takes_part() -> None:
    """With a model that we ship."""
    assert sorted(JOBS) == TELLING
