"""Routes that are compared only with what begins as they do."""

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class PlacedRoute(APIRoute):
    """Passes over a request by the beginning of its path, before an expression and a method are looked at.

    A request is compared with one route after the other, and there are hundreds.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self._beginning = self.path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether this is the request's route; behind a prefix of a server's own as all routes do."""
        if not scope.get("root_path") and not scope["path"].startswith(self._beginning):
            return Match.NONE, {}
        return super().matches(scope)
