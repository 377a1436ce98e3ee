"""What reaches Sentry: a process that fails in many ways, and a sink in Sentry's place."""

import gzip
import http.server
import json
import subprocess
import sys
import threading
from typing import Any

import brotli
import pytest
from chassis.version import version

pytestmark = pytest.mark.server

SECRETS = (
    "a heron in the rain", "ada@example.com", "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "sk_live_4242",
    "hunter2hunter2", "sk_live_of_the_body",
)  # fmt: skip

PROGRAM = """
import asyncio, logging, sys
import structlog
from chassis.telemetry import configure_telemetry

PROMPT, EMAIL, TOKEN, KEY, PASSWORD, BODY = {secrets!r}
telemetry = configure_telemetry("echo", sentry_dsn=sys.argv[1])
log = structlog.get_logger("echo.places")
plain = logging.getLogger("echo.application")
library = logging.getLogger("somebody.else")


def first(prompt):
    local = TOKEN
    raise ValueError(f"cannot draw {{prompt}} for {{EMAIL}} with {{local}}")


def second(prompt):
    raise ValueError(f"cannot draw {{prompt}}")


def wrapped():
    try:
        first(PROMPT)
    except ValueError as failure:
        raise KeyError(KEY) from failure


def said(make, *arguments):
    try:
        make(*arguments)
    except Exception as failure:
        log.error("unexpected error", path="/v1/generations", prompt=PROMPT, exc_info=failure)


said(first, PROMPT)
said(first, PROMPT + " again")
said(second, PROMPT)
said(wrapped)
said(lambda: exec("raise TypeError(PROMPT)"))
try:
    first(PROMPT)
except ValueError:
    log.exception("attempt %s met an error of ours", EMAIL)
    plain.exception("the answer to %s could not be read", PROMPT)
    library.exception(f"while handling {{BODY}}")
log.error("call failed", service="identity", detail=f"password {{PASSWORD}}", token=TOKEN)
log.error("a paid answer is an error: %s", PROMPT)
log.error("a paid answer is an error: %s", PROMPT + "!")
plain.error("webhook of %s is given up: %s", EMAIL, PROMPT)
library.error(f"preformatted {{PROMPT}} {{EMAIL}}")
log.warning("this is no error", prompt=PROMPT)
log.info("nor this")


async def forgotten():
    async def fail():
        first(PROMPT)

    asyncio.create_task(fail())
    await asyncio.sleep(0.01)


asyncio.run(forgotten())
telemetry.shutdown()
"""


class Sink(http.server.BaseHTTPRequestHandler):
    """Keeps the bodies that are posted."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        """Keep one."""
        body = self.rfile.read(int(self.headers["content-length"]))
        # The library packs with Brotli wherever a service has it.
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress}[self.headers["content-encoding"]]
        self.bodies.append(unpack(body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    """All that a process sent whose errors are about secrets."""
    kept: list[bytes] = []
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("OwnSink", (Sink,), {"bodies": kept}))
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    dsn = f"http://key@127.0.0.1:{sink.server_port}/1"
    program = PROGRAM.format(secrets=SECRETS)
    done = subprocess.run(
        [sys.executable, "-c", program, dsn], capture_output=True, text=True, timeout=60, check=False
    )
    sink.shutdown()
    assert done.returncode == 0, done.stderr
    # The log has what the report leaves out, and no trace of how reports are made.
    assert "a heron in the rain" in done.stderr
    assert "event_template" not in done.stderr
    assert "Logging error" not in done.stderr
    return kept


@pytest.fixture
def events(bodies: list[bytes]) -> list[dict[str, Any]]:
    """The events in what was sent."""
    found = []
    for body in bodies:
        lines = body.split(b"\n")
        for header, payload in zip(lines[1::2], lines[2::2], strict=False):
            if json.loads(header)["type"] == "event":
                found.append(json.loads(payload))
    return found


def of(events: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The reports of what was logged with this text."""
    return [one for one in events if one["tags"].get("event") == text]


def test_nothing_of_what_it_was_about_is_sent(bodies: list[bytes]) -> None:
    """No prompt, address, token, key, password or body, in whatever part of a report."""
    sent = b"\n".join(bodies).decode()
    assert len(sent) > 1_000
    # The program's own text stands in no report: it has no file whose lines could be read.
    for secret in SECRETS:
        assert secret not in sent, secret


def test_an_exception_has_its_stack(events: list[dict[str, Any]]) -> None:
    """Type and functions, innermost last, and those of its cause."""
    one = of(events, "unexpected error")[0]
    (value,) = one["exception"]["values"]
    assert value["type"] == "ValueError"
    assert [frame["function"] for frame in value["stacktrace"]["frames"]][-2:] == ["said", "first"]
    assert all("vars" not in frame for frame in value["stacktrace"]["frames"])
    chained = of(events, "unexpected error")[3]
    assert [value["type"] for value in chained["exception"]["values"]] == ["ValueError", "KeyError"]
    assert one["tags"]["service"] == "echo"
    assert one["tags"]["logger"] == "echo.places"
    assert one["release"] == f"tintype@{version()}"


def test_errors_are_grouped_by_type_and_place(events: list[dict[str, Any]]) -> None:
    """The same place is one group whatever the values; another function or type is another group."""
    prints = [tuple(one["fingerprint"]) for one in of(events, "unexpected error")]
    assert len(prints) == 5
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4
    paid = of(events, "a paid answer is an error: %s")
    assert len(paid) == 2
    assert paid[0]["fingerprint"] == paid[1]["fingerprint"]
    assert not any(part.isdigit() for one in events for part in one["fingerprint"])


def test_every_error_is_reported_once(events: list[dict[str, Any]]) -> None:
    """Of our own loggers with their text, of others' without; warnings are none."""
    texts = sorted(str(one["tags"].get("event")) for one in events)
    assert texts == sorted(
        [
            *["unexpected error"] * 5,
            "attempt %s met an error of ours",
            "call failed",
            *["a paid answer is an error: %s"] * 2,
            "webhook of %s is given up: %s",
            # A library's text, and a task whose failure nobody asked for.
            *["None"] * 2,
        ]
    )
    assert {one["level"] for one in events} == {"error"}
