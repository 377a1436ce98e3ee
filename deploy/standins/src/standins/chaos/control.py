"""`/_test/`: what a test asks of a provider's stand-in and nobody could ask of the provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standins.chaos.troubles import ANSWERS, SECONDS_MAX, Chaos, Delivery, Rotation, Trouble
from standins.chaos.webhooks import Postman

Words = Annotated[list[str], Field(max_length=100)]


class Order(BaseModel):
    """Words in rotation, an empty one behaves; for so many, or until another order."""

    model_config = ConfigDict(extra="forbid")

    submits: Words = []
    polls: Words = []
    webhooks: Words = []
    late_s: Annotated[float, Field(ge=0, le=SECONDS_MAX)] = 1.0
    times: Annotated[int, Field(ge=0)] | None = None


class Control:
    """The control calls; without a key: whoever reaches a stand-in may order it about."""

    def __init__(self, chaos: Chaos, postman: Postman) -> None:
        self._chaos = chaos
        self._postman = postman

    def routes(self) -> list[Route]:
        """Return where they are."""
        return [
            Route("/_test/chaos", self.order, methods=["POST"]),
            Route("/_test/calls", self.calls),
            Route("/_test/webhooks", self.webhooks),
        ]

    async def order(self, request: Request) -> Response:
        """Order trouble from now on; an empty order ends it."""
        try:
            order = Order.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"detail": error.errors(include_url=False, include_input=False)}, 422)
        known: dict[str, frozenset[str]] = {
            "submits": frozenset(Trouble),
            "polls": ANSWERS,
            "webhooks": frozenset(Delivery),
        }
        for name, words in known.items():
            if unknown := [word for word in getattr(order, name) if word and word not in words]:
                return JSONResponse({"detail": f"{name}: no trouble is called {unknown[0]!r}"}, 422)
            setattr(self._chaos, name, Rotation(getattr(order, name), order.times))
        self._chaos.late_s = order.late_s
        return JSONResponse(order.model_dump())

    async def calls(self, _request: Request) -> Response:
        """How often each prompt was submitted, and how often a run was started for it."""
        counted = self._chaos.calls.items()
        data = [{"prompt": p, "calls": n, "started": self._chaos.started[p]} for p, n in counted]
        return JSONResponse({"data": data})

    async def webhooks(self, _request: Request) -> Response:
        """Return the last attempts to tell somebody, newest first."""
        return JSONResponse({"data": list(self._postman.log)})
