"""The process as a supervisor sees it: starts, is ready, refuses bad settings, stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase

Environment = dict[str, str]


@pytest.fixture
def environment(
    service_database: Callable[[str], ServiceDatabase], nats_account: Callable[[str], NatsLogin]
) -> Environment:
    """Settings of a gateway whose services are all down."""
    login = nats_account("gateway")
    http, nobody = free_ports(2)
    settings = {
        "DATABASE_URL": service_database("gateway").url,
        "NATS_URL": login.url,
        "NATS_USER": login.user,
        "NATS_PASSWORD": login.password,
        "HTTP_LISTEN": f"127.0.0.1:{http}",
        "PUBLIC_URL": f"http://127.0.0.1:{http}/",
        "CALLER_TOKEN": "token-of-the-gateway",
        "SESSION_KEY": Fernet.generate_key().decode(),
        # A day, because a call to a service that is down takes seconds: a minute often ended between two.
        "AUTH_LIMIT": "2/day",
        **{f"{one}_TARGET": f"127.0.0.1:{nobody}" for one in ("IDENTITY", "BILLING", "LEDGER", "GENERATION")},
    }
    return {**os.environ, **{f"GATEWAY_{name}": value for name, value in settings.items()}}


def ready(process: subprocess.Popen[bytes], url: str) -> httpx.Response:
    """Wait for an answer of /readyz that says yes."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        try:
            answer = httpx.get(f"{url}/readyz", timeout=5)
            if answer.status_code == 200:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the gateway did not get ready")


def test_serves_and_stops(environment: Environment, tmp_path: Path) -> None:
    """It is ready without the services behind, says which one is missing, and SIGTERM ends it with 0."""
    url = f"http://{environment['GATEWAY_HTTP_LISTEN']}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=environment, stderr=log)
        try:
            assert ready(process, url).json() == {"ready": True, "failed": {}}
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


def test_bad_settings(environment: Environment) -> None:
    """One clear line for each bad setting, without its value, and exit code 2."""
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
    lines = done.stderr.strip().splitlines()
    named = {line.partition(":")[0] for line in lines}
    assert named == {
        "GATEWAY_SESSION_KEY", "GATEWAY_PUBLIC_URL", "GATEWAY_GENERATIONS_LIMIT", "GATEWAY_LEDGER_TARGET",
    }  # fmt: skip
    assert "too-short" not in done.stderr
