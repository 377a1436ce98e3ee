"""A request is compared only with routes that begin as its path does; it finds its own all the same."""

import httpx
import pytest
from fastapi.routing import APIRoute
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway_world import ORIGIN, Door
from starlette.routing import Match


def test_every_route_is_one_and_the_apps_own(door: Door) -> None:
    """No router is kept beside, which would be asked twice about each request that is for it."""
    assert len(door.app.routes) > 200
    assert [route for route in door.app.routes if not isinstance(route, PlacedRoute)] == []


def test_nothing_is_compared_that_begins_otherwise(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hundreds a few are left: those under the same beginning."""
    compared: list[str] = []
    matches = APIRoute.matches

    def recorded(route: APIRoute, scope: dict[str, object]) -> object:
        compared.append(route.path)
        return matches(route, scope)

    monkeypatch.setattr(APIRoute, "matches", recorded)
    scope = {"type": "http", "method": "GET", "path": "/billing/plan", "root_path": "", "headers": []}
    found = [route for route in door.app.routes if route.matches(scope)[0] is Match.FULL]
    assert [route.path for route in found if isinstance(route, APIRoute)] == ["/billing/plan"]
    assert len(compared) < 10
    assert [path for path in compared if not scope["path"].startswith(path.partition("{")[0])] == []


@pytest.mark.parametrize("root", ["", "/shop"])
@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/v1/models", 200), ("/v1/nothing", 404)])
async def test_behind_a_prefix_all_is_found(door: Door, root: str, path: str, status: int) -> None:
    """Of a server in front, which the path still has."""
    transport = httpx.ASGITransport(door.app, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        assert (await http.get(f"{root}{path}")).status_code == status
