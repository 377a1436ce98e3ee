"""The process as a supervisor sees it: starts, is ready, refuses bad settings, stops."""

import asyncio
import hashlib
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from gateway_process import Environment, ready
from scripted_services import ADA, JOB, STATUSES, Script, start
from tintype.generation.v1 import generation_pb2 as generation
from tintype.identity.v1 import identity_pb2 as identity

pytestmark = pytest.mark.server


def test_serves_and_stops(environment: Environment, tmp_path: Path) -> None:
    """It is ready without the services behind, says which one is missing, and SIGTERM ends it with 0."""
    url = f"http://{environment['GATEWAY_HTTP_LISTEN']}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=environment, stderr=log)
        try:
            assert ready(process, url).json() == {"ready": True, "failed": {}}
            private = f"http://{environment['GATEWAY_METRICS_LISTEN']}"
            assert "http_requests_total" in httpx.get(f"{private}/metrics", timeout=20).text
            assert httpx.get(f"{private}/readyz", timeout=20).status_code == 200
            # Nothing about us is told to the public, and nothing of the public is on the private address.
            assert httpx.get(f"{url}/metrics", timeout=20).status_code == 404
            assert httpx.get(f"{private}/v1/packs", timeout=20).status_code == 404
            refused = httpx.get(f"{url}/v1/packs", timeout=20)
            assert (refused.status_code, refused.json()["reason"]) == (503, "SERVICE_UNAVAILABLE")
            assert "127.0.0.1" not in refused.text
            assert refused.headers["retry-after"]
            # Nobody is trusted to speak for another address unless the settings say so.
            codes = [
                httpx.post(
                    f"{url}/v1/auth/logout",
                    content=b"{",
                    headers={"X-Forwarded-For": f"203.0.113.{n}", "Content-Type": "application/json"},
                    timeout=20,
                ).status_code
                for n in range(3)
            ]
            assert codes == [400, 400, 400]
            body = {"refresh_token": "x"}
            codes = [
                httpx.post(
                    f"{url}/v1/auth/logout",
                    json=body,
                    headers={"X-Forwarded-For": f"203.0.113.{n}"},
                    timeout=20,
                ).status_code
                for n in range(3)
            ]
            assert codes == [503, 503, 429]
            with httpx.stream("GET", f"{url}/v1/events") as stream:
                assert stream.status_code == 401
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0
        finally:
            process.kill()
            process.wait()
    written = (tmp_path / "log").read_text()
    assert "token-of-the-gateway" not in written
    assert "Traceback" not in written


def test_a_trusted_proxy_is_believed(environment: Environment) -> None:
    """The client's address is the last one that no trusted proxy wrote: what a client writes is ignored."""
    url = f"http://{environment['GATEWAY_HTTP_LISTEN']}"
    trusting = {**environment, "GATEWAY_TRUSTED_PROXIES": "192.0.2.0/24, 127.0.0.1"}
    process = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=trusting)

    def status(forwarded_for: str) -> int:
        headers = {"X-Forwarded-For": forwarded_for}
        answer = httpx.post(f"{url}/v1/auth/logout", json={"refresh_token": "x"}, headers=headers, timeout=20)
        return answer.status_code

    try:
        ready(process, url)
        assert [status(f"203.0.113.{n}") for n in range(3)] == [503, 503, 503]
        forged = [status(f"10.0.0.{n}, 198.51.100.1, 192.0.2.7") for n in range(3)]
        assert forged == [503, 503, 429]
    finally:
        process.kill()
        process.wait()


def test_bad_settings(environment: Environment) -> None:
    """One clear line for each bad setting, without its value, one for what is missing, and exit code 2."""
    bad = {
        **environment,
        "GATEWAY_SESSION_KEY": "too-short",
        "GATEWAY_PUBLIC_URL": "not an origin",
        "GATEWAY_GENERATIONS_LIMIT": "many",
    }
    del bad["GATEWAY_LEDGER_TARGET"]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve"], env=bad, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    told = dict(line.split(": ", 1) for line in done.stderr.strip().splitlines())
    assert told.pop("missing in the environment") == "GATEWAY_LEDGER_TARGET"
    assert set(told) == {"GATEWAY_SESSION_KEY", "GATEWAY_PUBLIC_URL", "GATEWAY_GENERATIONS_LIMIT"}
    assert "too-short" not in done.stderr


@pytest.mark.real_time
async def test_what_is_left_to_be_withdrawn_is_withdrawn_before_it_ends(
    environment: Environment, script: Script
) -> None:
    """Of a request without a key that was refused while nobody could say what had become of it."""
    key = "tt_live_" + "k" * 49
    terms = identity.ApiKeyTerms(name="Shop", scopes=["generations:write"])
    standing = identity.StandingApiKey(
        digest=hashlib.sha256(key.encode()).digest(), key_id="key_" + "1" * 32, user_id=ADA, terms=terms
    )
    away = STATUSES["UNAVAILABLE"]("LEDGER_UNAVAILABLE")
    script.answers |= {
        "CheckApiKeys": identity.CheckApiKeysResponse(keys=[standing]),
        "CreateGeneration": away,
        "CancelGeneration": STATUSES["RESOURCE_EXHAUSTED"]("STORAGE_BUSY"),
    }
    withdrawn = generation.Generation(generation_id=JOB, status=generation.GENERATION_STATUS_CANCELLED)
    url = f"http://{environment['GATEWAY_HTTP_LISTEN']}"
    async with AsyncExitStack() as stack:
        target = await start(stack, script)
        targets = {f"GATEWAY_{one}_TARGET": target for one in ("IDENTITY", "GENERATION")}
        process = await asyncio.to_thread(
            subprocess.Popen, [sys.executable, "-m", "gateway", "serve"], env={**environment, **targets}
        )
        try:
            await asyncio.to_thread(ready, process, url)
            async with httpx.AsyncClient(timeout=30) as http:
                refused = await http.post(
                    f"{url}/v1/generations",
                    json={"model": "local/sketch", "input": {}},
                    headers={"Authorization": f"Bearer {key}"},
                )
            assert (refused.status_code, "retry-after" in refused.headers) == (503, False)
            script.heard.clear()
            script.answers["CancelGeneration"] = generation.CancelGenerationResponse(generation=withdrawn)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 15) == 0
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
    assert [(type(each).__name__, each.account_id) for each in script.heard] == [
        ("CancelGenerationRequest", ADA)
    ]
