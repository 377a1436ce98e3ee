"""Around every answer: the key, the version, the body's decoding, the standard headers, the error object."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from standins.stripe.account import Account
from standins.stripe.authentication import authenticate
from standins.stripe.errors import StripeError
from standins.stripe.form import decode
from standins.stripe.idempotency import Answer
from standins.stripe.ids import new_id

BODY_BYTES_MAX = 1024 * 1024
VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")


def answering(
    answer: Callable[[Request, str], Awaitable[Answer]], account: Account
) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an answer in authentication, the standard headers and the error object."""
    key = account.settings.api_key.get_secret_value()

    async def respond(request: Request) -> Response:
        request_id = new_id("req")
        try:
            authenticate(request.headers.get("authorization"), key)
            _check_version(request)
            return _response(request, request_id, await answer(request, request_id))
        except StripeError as error:
            return _response(request, request_id, Answer(error.status, error.body(request_id), request_id))

    return respond


def _response(request: Request, request_id: str, answer: Answer) -> Response:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", ""),
        "Idempotency-Key": request.headers.get("idempotency-key", ""),
    }
    if answer.request_id != request_id:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.request_id}
    if answer.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
    return Response(
        json.dumps(answer.body, indent=2),
        status_code=answer.status,
        media_type="application/json",
        headers={name: value for name, value in headers.items() if value},
    )


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version")
    if version is not None and not VERSION.match(version):
        raise StripeError(f"Invalid Stripe API version: {version}", executed=False)


async def decoded(request: Request) -> dict[str, Any]:
    """Return the query and form parameters as one nested dictionary."""
    query = decode(request.url.query)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise StripeError("Request entity too large.", status=413, executed=False)
    if not body:
        return query
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        raise StripeError(message, executed=False)
    try:
        return {**query, **decode(body.decode())}
    except UnicodeDecodeError as error:
        raise StripeError("Invalid request: the body is not UTF-8.", executed=False) from error
