"""Providers as the worker opens them, before their stand-ins or whoever else is there."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from embedded.ports import free_ports
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.folder import WEBHOOK_PATH, opened
from generation.adapters.outbound.providers.registry import ChosenProvider, load
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import (
    MediaProvider,
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from provider_profile import KEY, WEBHOOK_SECRET, Profile, profile_of

ENDS_WITHIN_S = 60.0
NAME = "another"
Opens = Callable[..., AbstractAsyncContextManager[MediaProvider]]


@pytest.fixture(scope="module")
def standins() -> Iterator[Callable[[str], str]]:
    """Starts a provider's stand-in as a process, once; its address."""
    running: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def start(folder: str) -> str:
        if folder not in running:
            listen = f"127.0.0.1:{free_ports(1)[0]}"
            prefix = f"STANDIN_{folder.upper()}_"
            environment = os.environ | {f"{prefix}LISTEN": listen, f"{prefix}API_KEY": KEY}
            environment[f"{prefix}WEBHOOK_SECRET"] = WEBHOOK_SECRET
            process = subprocess.Popen([sys.executable, "-m", f"standins.{folder}"], env=environment)
            running[folder] = (process, f"http://{listen}")
            _answers(process, f"http://{listen}/healthz")
        return running[folder][1]

    yield start
    for process, _ in running.values():
        process.terminate()
        process.wait(15)


def _answers(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch, standins: Callable[[str], str]) -> Opens:
    """Opens a provider as the worker does: by its name, with settings from the environment."""

    @asynccontextmanager
    async def open_(
        folder: str,
        url: str | None = None,
        *,
        impatient: bool = False,
        public_url: str | None = None,
    ) -> AsyncIterator[MediaProvider]:
        profile, chosen = profile_of(folder), ChosenProvider(NAME, folder)
        if profile.settings is not None:
            given = {**profile.settings, **(profile.impatient if impatient else {})}
            for name, value in given.items():
                monkeypatch.setenv(chosen.prefix + name, value.format(url=url or standins(folder)))
        if public_url is not None and profile.endpoint_by_hand:
            await endpoint_set(url or standins(folder), f"{public_url}{WEBHOOK_PATH}{NAME}")
        fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
        try:
            async with opened(
                load((chosen,)), fetch=fetch, spool=MemorySpool(), public_url=public_url
            ) as providers:
                yield providers[chosen.name]
        finally:
            await fetch.close()

    return open_


async def endpoint_set(url: str, endpoint: str) -> None:
    """Sets where a provider tells of runs that are submitted from now on."""
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{url}/_test/endpoint", json={"url": endpoint})).raise_for_status()


def run_of(profile: Profile, job: Mapping[str, Any], key: str = "att_1") -> Run:
    """A run under a key of ours."""
    return Run(key=AttemptId(key), model=profile.model, input=job)


async def ended(provider: MediaProvider, run_id: RunId) -> RunReport:
    """The run's end; it comes, and on the way there its progress stays between 0 and 1."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while (report := await provider.check(run_id)).state is RunState.RUNNING:
            assert 0 <= report.progress <= 1
            await asyncio.sleep(0.02)
    return report


async def outcome(provider: MediaProvider, run: Run) -> RunReport | None:
    """What a job is told of a submit that went wrong; None when nothing is known of it."""
    try:
        return await ended(provider, await provider.submit(run))
    except ProviderRefused as refused:
        return RunReport(
            RunState.FAILED,
            failure=refused.failure,
            retryable=refused.retryable,
            retry_after_s=refused.retry_after_s,
            account_trouble=refused.account_trouble,
            unanswered=refused.unanswered,
        )
    except ProviderUnavailable:
        return None
