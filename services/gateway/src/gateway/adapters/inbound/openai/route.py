"""Routes whose every answer is one that OpenAI's clients can read."""

import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from chassis.telemetry import current_trace_id
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.openai.errors import error_of, not_read
from gateway.adapters.inbound.problems import unreadable
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Quota


class OpenaiRoute(JsonRoute):
    """Reads JSON as strictly as the others; its refusals and headers are OpenAI's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the usual handler."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            # Without telemetry there is no trace, and the id is only the answer's own.
            request_id = current_trace_id() or secrets.token_hex(16)
            try:
                response = await handle(request)
            except GatewayError as refusal:
                response = error_of(refusal)
            except RequestValidationError as refusal:
                response = error_of(unreadable(refusal))
            except HTTPException as refusal:
                response = error_of(not_read(refusal))
            response.headers["x-request-id"] = request_id
            if (quota := getattr(request.state, "quota", None)) is not None:
                response.headers.update(limit_headers(quota))
            return response

        return answered


def limit_headers(quota: Quota) -> dict[str, str]:
    """Return what is left of a limit in the words that OpenAI's clients look for."""
    return {
        "x-ratelimit-limit-requests": str(quota.allowed),
        "x-ratelimit-remaining-requests": str(max(0, quota.remaining)),
        "x-ratelimit-reset-requests": f"{quota.reset_s}s",
    }
