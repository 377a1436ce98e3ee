"""No request waits for a thread: FastAPI has one of a few call whatever is not async."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from gateway_world import prepared_app, routes


def called(dependant: Dependant) -> Iterator[object]:
    """What a route calls: its handler, and what that depends on."""
    yield dependant.call
    for needed in dependant.dependencies:
        yield from called(needed)


def test_whatever_a_request_calls_is_async() -> None:
    """Of the API and of the console alike."""
    calls = {call for route in routes(prepared_app()) for call in called(route.dependant)}
    assert len(calls) > 100
    assert not [call for call in calls if not inspect.iscoroutinefunction(call)]
