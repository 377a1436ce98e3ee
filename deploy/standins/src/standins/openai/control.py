"""`/_test/`: what a test asks of the stand-in and nobody could ask of OpenAI."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.openai.answering import Log, parsed
from standins.openai.errors import OpenAIError
from standins.openai.markers import MARKER
from standins.openai.obedience import Endpoint, Obedience, Order

ROTATION_MAX = 100


class TroubleOrder(BaseModel):
    """Markers for requests that carry none of their own, in rotation."""

    model_config = ConfigDict(extra="forbid")

    rotation: Annotated[list[str], Field(max_length=ROTATION_MAX)] = []
    requests: Annotated[int, Field(ge=0)] | None = None
    endpoint: Endpoint | None = None


class Control:
    """The control endpoints; they take JSON and the same key as the API."""

    def __init__(self, obedience: Obedience, log: Log) -> None:
        self.obedience = obedience
        self.log = log

    async def requests(self, _request: Request) -> Response:
        """Answer with the last requests, newest first."""
        return JSONResponse({"data": list(self.log.requests)})

    async def calls(self, _request: Request) -> Response:
        """How often each prompt was sent, and how often it was worked on to the end."""
        counted = self.obedience.calls.items()
        billed = self.obedience.billed
        data = [{"prompt": prompt, "calls": calls, "billed": billed[prompt]} for prompt, calls in counted]
        return JSONResponse({"data": data})

    async def trouble(self, request: Request) -> Response:
        """Order trouble from now on; an empty order ends it."""
        order = parsed(request, TroubleOrder)
        for markers in order.rotation:
            if MARKER.sub("", markers).strip():
                raise OpenAIError(f"'{markers}' is more than markers.", param="rotation")
        self.obedience.order = Order(order.rotation, order.requests, order.endpoint)
        return JSONResponse(order.model_dump())
