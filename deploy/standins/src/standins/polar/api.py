"""What every API operation does around its own work: token, body, path, faults, errors."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standins.polar.errors import PolarError, invalid, invalid_body, unauthorized
from standins.polar.faults import Faults
from standins.polar.organization import Change, Organization
from standins.polar.store import Document

BODY_BYTES_MAX = 256 * 1024
PAGE_DEFAULT, PAGE_MAX = 10, 100
NO_CONTENT = 204


class Body(BaseModel):
    """A JSON body; what the stand-in does not know is refused, where Polar may know it."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Call:
    """One call: the open change, the body, the id in the path, the query, our own address."""

    change: Change
    body: Any
    id: str
    query: QueryParams
    address: str


Work = Callable[[Call], Document]
W = TypeVar("W", bound=Work)


@dataclass(frozen=True)
class Operation:
    """One method of one path and the work behind it."""

    method: str
    path: str
    body: type[Body] | None
    status: int
    work: Work


class Resource:
    """Collects the operations of one resource file."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def operation(
        self, method: str, path: str, body: type[Body] | None = None, *, status: int = 200
    ) -> Callable[[W], W]:
        """Register a function as the work behind a method and path."""

        def register(work: W) -> W:
            self.operations.append(Operation(method, path, body, status, work))
            return work

        return register


def route_of(operation: Operation, organization: Organization, faults: Faults) -> Route:
    """Return the route of an operation."""

    async def answer(request: Request) -> Response:
        try:
            require_token(request, organization)
            faults.before(request.method, request.url.path)
            body = await _body(request, operation.body)
            with organization.change() as change:
                answered = operation.work(_call(request, change, body))
            faults.after(request.method, request.url.path)
        except PolarError as error:
            return JSONResponse(error.body, status_code=error.status)
        if operation.status == NO_CONTENT:
            return Response(status_code=NO_CONTENT)
        return JSONResponse(answered, status_code=operation.status)

    return Route(operation.path, answer, methods=[operation.method])


def require_token(request: Request, organization: Organization) -> None:
    """Refuse whoever does not present the organization's token."""
    expected = f"Bearer {organization.settings.access_token.get_secret_value()}"
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise unauthorized()


def listed(call: Call, found: list[Document], shown: Callable[[Document], Document]) -> Document:
    """Return one page of what was found, as it is shown."""
    page = _number(call.query, "page", 1, highest=10_000)
    limit = _number(call.query, "limit", PAGE_DEFAULT, highest=PAGE_MAX)
    part = found[(page - 1) * limit : page * limit]
    pagination = {"total_count": len(found), "max_page": -(-len(found) // limit)}
    return {"items": [shown(document) for document in part], "pagination": pagination}


def matching(call: Call, kind: str, *fields: str) -> list[Document]:
    """Return the objects of a kind, newest first, whose fields have a value that the query names."""
    wanted = {field: call.query.getlist(field) for field in fields}
    return [
        document
        for document in call.change.store.all(kind)
        if all(not values or document[field] in values for field, values in wanted.items())
    ]


def _number(query: QueryParams, name: str, default: int, *, highest: int) -> int:
    given = query.get(name, str(default))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= highest:
        raise invalid(["query", name], f"Input should be 1 to {highest}", given, "int_parsing")
    return int(given)


def _call(request: Request, change: Change, body: Body | None) -> Call:
    object_id = request.path_params.get("id") or request.path_params.get("external_id", "")
    try:
        if "id" in request.path_params:
            UUID(object_id)
    except ValueError:
        raise invalid(["path", "id"], "Input should be a valid UUID", object_id, "uuid_parsing") from None
    address = change.organization.settings.public_url or str(request.base_url).rstrip("/")
    return Call(change, body, object_id, request.query_params, address)


async def _body(request: Request, model: type[Body] | None) -> Body | None:
    if model is None:
        return None
    given = bytearray()
    async for chunk in request.stream():
        given += chunk
        if len(given) > BODY_BYTES_MAX:
            raise PolarError(413, "RequestTooLarge", "Request too large")
    try:
        return model.model_validate_json(bytes(given))
    except ValidationError as error:
        raise invalid_body(error) from None
