"""A request goes on in its caller's trace, without spans too."""

from chassis.telemetry import current_trace_id
from gateway.adapters.inbound.joined_trace import JoinedTrace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def answer(_request: Request) -> PlainTextResponse:
    """Say in which trace the request is."""
    return PlainTextResponse(current_trace_id() or "none")


def test_a_request_is_in_the_trace_that_it_names_or_in_one_of_its_own() -> None:
    """A problem and a line of the log name it."""
    client = TestClient(JoinedTrace(Starlette(routes=[Route("/", answer)])))
    named = client.get("/", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}).text
    assert named == TRACE
    own = client.get("/").text
    assert own not in {TRACE, "none"}
    assert len(own) == 32
