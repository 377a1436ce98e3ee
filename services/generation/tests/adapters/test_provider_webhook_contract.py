"""Every provider that tells us of its runs: what it says is verified, and its word is only a hint.

A provider takes part by saying in its profile what its webhooks are verified by. Its stand-in knows chaos.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from secrets import token_hex

import httpx
import pytest
from generation.adapters.outbound.providers.folder import WEBHOOK_PATH
from generation.adapters.outbound.providers.registry import ChosenProvider, folders, load_webhooks
from generation.adapters.outbound.providers.webhooks import FolderWebhooks
from generation.domain.errors import InvalidSignature, InvalidWebhook, RunNotFound
from generation.ports.media_provider import RunState
from generation.ports.provider_webhooks import ReceivedWebhook
from provider_profile import WEBHOOK_SECRET, profile_of
from provider_stage import ENDS_WITHIN_S, NAME, Opens, ended, run_of
from standins.replicate.signing import signed as sign
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

pytestmark = [pytest.mark.server, pytest.mark.real_time]
TELLING = [folder for folder in folders() if profile_of(folder).webhook is not None]
telling = pytest.mark.parametrize("folder", TELLING)
Standins = Callable[[str], str]
FAR_S = 600


@dataclass
class Gateway:
    """Where providers tell us; keeps what came, as it came."""

    url: str = ""
    heard: list[ReceivedWebhook] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Keep one."""
        headers, query = dict(request.headers.items()), dict(request.query_params.items())
        self.heard.append(ReceivedWebhook(body=await request.body(), headers=headers, query=query))
        return Response(status_code=204)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """One that listens."""
    made = Gateway()
    app = Starlette(routes=[Route(f"{WEBHOOK_PATH}{NAME}", made.take, methods=["POST"])])
    with running(app) as url:
        made.url = url
        yield made


def verifying(
    folder: str, monkeypatch: pytest.MonkeyPatch, url: str = "http://127.0.0.1:9", **other: str
) -> FolderWebhooks:
    """What the API verifies by, with settings from the environment; `url` is where the provider is."""
    chosen = ChosenProvider(NAME, folder)
    for name, value in {**(profile_of(folder).webhook or {}), **other}.items():
        monkeypatch.setenv(chosen.prefix + name, value.format(url=url))
    return FolderWebhooks(load_webhooks((chosen,)))


async def first(gateway: Gateway) -> ReceivedWebhook:
    """The first that comes."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while not gateway.heard:
            await asyncio.sleep(0.02)
    return gateway.heard[0]


@asynccontextmanager
async def told(folder: str, opens: Opens, gateway: Gateway) -> AsyncIterator[tuple[str, ReceivedWebhook]]:
    """A run, and what was told of it."""
    profile = profile_of(folder)
    async with opens(folder, public_url=gateway.url) as provider:
        # Another each time: under the same key a provider may tell of nothing new.
        run_id = await provider.submit(run_of(profile, profile.input, f"att_{token_hex(8)}"))
        yield run_id, await first(gateway)


@telling
async def test_it_tells_whom_it_was_asked_to(
    folder: str, opens: Opens, gateway: Gateway, standins: Standins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the address of its name, and the run is the one that was submitted, however often it is said."""
    webhooks = verifying(folder, monkeypatch, standins(folder))
    async with told(folder, opens, gateway) as (run_id, received):
        for _ in range(2):
            assert await webhooks.run_of(NAME, received) == run_id
        with pytest.raises(RunNotFound):
            await webhooks.run_of("other", received)


@telling
async def test_without_an_address_none_is_asked_for(folder: str, opens: Opens) -> None:
    """It is polled often enough, as those are that could not tell."""
    async with opens(folder) as provider:
        assert not provider.capabilities.webhook
    async with opens(folder, public_url="http://127.0.0.1:9") as provider:
        assert provider.capabilities.webhook
        gaps_s = [gap_s for gap_s, _ in zip(provider.polling.gaps_s(), range(100), strict=False)]
    assert gaps_s == sorted(gaps_s)
    assert 0 < gaps_s[0] <= 2
    assert gaps_s[-1] <= 60


@telling
async def test_a_forged_one_is_refused(
    folder: str, opens: Opens, gateway: Gateway, standins: Standins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another body, or any part of what it is verified by taken away, spoiled or made of nonsense."""
    webhooks = verifying(folder, monkeypatch, standins(folder))
    async with told(folder, opens, gateway) as (_, received):
        plain = {"content-type": "application/json"}
        spoiled = {name: value[:-1] + "x" for name, value in received.headers.items()}
        nonsense = dict.fromkeys(received.headers, "v1,ÿ=,,nan")
        for forged in (
            replace(received, body=received.body + b" ", query={}),
            replace(received, body=b"", query={}),
            replace(received, body=b"\xff\xfe", query={}),
            replace(received, headers=plain, query={}),
            replace(received, headers=spoiled, query={}),
            replace(received, headers=nonsense, query={}),
        ):
            with pytest.raises(InvalidSignature):
                await webhooks.run_of(NAME, forged)


@telling
async def test_one_may_be_over_before_its_submit_is_answered(
    folder: str, opens: Opens, gateway: Gateway, standins: Standins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said is true, and the run is found as it stands."""
    profile, webhooks = profile_of(folder), verifying(folder, monkeypatch, standins(folder))
    async with opens(folder, public_url=gateway.url) as provider:
        run_id = await provider.submit(run_of(profile, profile.ordering("early"), "att_early"))
        assert await webhooks.run_of(NAME, gateway.heard[0]) == run_id
        assert (await provider.check(run_id)).state is RunState.SUCCEEDED


@telling
async def test_nothing_needs_to_be_told(
    folder: str, opens: Opens, gateway: Gateway, standins: Standins
) -> None:
    """With every webhook dropped a run ends as it would have."""
    profile, url = profile_of(folder), standins(folder)
    await ordered(url, webhooks=["dropped"])
    try:
        async with opens(folder, public_url=gateway.url) as provider:
            run_id = await provider.submit(run_of(profile, profile.input, "att_untold"))
            assert (await ended(provider, run_id)).state is RunState.SUCCEEDED
    finally:
        await ordered(url)
    assert gateway.heard == []


async def ordered(url: str, **words: object) -> None:
    """Chaos from now on."""
    async with httpx.AsyncClient() as client:
        (await client.post(f"{url}/_test/chaos", json=words)).raise_for_status()


@telling
async def test_a_provider_without_a_secret_is_not_heard(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks like one that there is not."""
    chosen = ChosenProvider(NAME, folder)
    for name in chosen.webhook_setting_names:
        monkeypatch.delenv(name, raising=False)
    received = ReceivedWebhook(body=b"{}", headers={}, query={})
    with pytest.raises(RunNotFound):
        await FolderWebhooks(load_webhooks((chosen,))).run_of(NAME, received)


def signed(body: bytes, *, at: int) -> Mapping[str, str]:
    """As Replicate signs with the suite's secret."""
    return sign(body, message_id="msg_1", secret=WEBHOOK_SECRET, at=at)


@pytest.mark.parametrize("late_s", [-FAR_S, FAR_S])
async def test_replicates_old_words_are_not_heard(monkeypatch: pytest.MonkeyPatch, late_s: int) -> None:
    """Nor those of tomorrow: five minutes either way."""
    webhooks, body = verifying("replicate", monkeypatch), b'{"id": "abc"}'
    now = ReceivedWebhook(body=body, headers=signed(body, at=int(time.time())), query={})
    assert await webhooks.run_of(NAME, now) == "abc"
    stale = replace(now, headers=signed(body, at=int(time.time()) + late_s))
    with pytest.raises(InvalidSignature):
        await webhooks.run_of(NAME, stale)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"7", b'{"id": null}', b'{"id": "a/b"}', b"[" * 100_000])
async def test_what_replicate_signs_and_is_no_prediction(
    monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """It is refused, and nothing of it raises anything else."""
    received = ReceivedWebhook(body=body, headers=signed(body, at=int(time.time())), query={})
    with pytest.raises(InvalidWebhook):
        await verifying("replicate", monkeypatch).run_of(NAME, received)


def test_a_secret_that_is_none_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one line that does not show it."""
    with pytest.raises(SystemExit):
        verifying("replicate", monkeypatch, WEBHOOK_SECRET="whsec_sesame!")
    said = capsys.readouterr().err
    assert said.startswith("GENERATION_ANOTHER_WEBHOOK_SECRET: ")
    assert "sesame" not in said


def test_whoever_can_verify_takes_part() -> None:
    """A folder with a `webhook.py` has a profile that says so."""
    assert [folder for folder in folders() if ChosenProvider(folder, folder).has_webhook] == TELLING
    assert "replicate" in TELLING
