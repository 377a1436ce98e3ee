"""What every API endpoint does around its own work: key, parameters, idempotency, errors, expansion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.requests import Request
from starlette.routing import Route

from standins.stripe import idempotency
from standins.stripe.account import Account, Cause, Change
from standins.stripe.answering import answering, decoded
from standins.stripe.errors import StripeError
from standins.stripe.expansion import expand
from standins.stripe.faults import Faults
from standins.stripe.idempotency import Answer, Claim
from standins.stripe.parameters import Parameters, parse
from standins.stripe.store import Document, public

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Call(Generic[P]):
    """One call of an endpoint: the open change, the typed parameters, the id in the path, our own address."""

    change: Change
    params: P
    id: str
    address: str


Work = Callable[[Call[Any]], Document]


@dataclass(frozen=True)
class Operation:
    """One method of one path and the work behind it."""

    method: str
    path: str
    params: type[Parameters]
    work: Work


class Resource:
    """Collects the operations of one resource file."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def operation(
        self, method: str, path: str, params: type[P]
    ) -> Callable[[Callable[[Call[P]], Document]], Callable[[Call[P]], Document]]:
        """Register a function as the work behind a method and path."""

        def register(work: Callable[[Call[P]], Document]) -> Callable[[Call[P]], Document]:
            self.operations.append(Operation(method, path, params, work))
            return work

        return register


class Endpoint:
    """Answers one operation over HTTP."""

    def __init__(self, operation: Operation, account: Account, faults: Faults, in_progress: set[str]) -> None:
        self.operation = operation
        self.account = account
        self.faults = faults
        self.in_progress = in_progress

    def route(self) -> Route:
        """Return the route to mount."""
        return Route(
            self.operation.path, answering(self._answer, self.account), methods=[self.operation.method]
        )

    async def _answer(self, request: Request, request_id: str) -> Answer:
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        values = await decoded(request)
        if not key:
            await self.faults.before(request.url.path)
            answer = self._execute(request, values, Cause(request_id), None)
        else:
            answer = await self._once(request, values, Cause(request_id, key))
        self.faults.after(request.url.path)
        return answer

    async def _once(self, request: Request, values: dict[str, Any], cause: Cause) -> Answer:
        key = cause.idempotency_key or ""
        claimed = idempotency.claim(key, request.url.path, values)
        if key in self.in_progress:
            raise idempotency.in_use(key)
        self.in_progress.add(key)
        try:
            await self.faults.before(request.url.path)
            with self.account.store.transaction():
                first = idempotency.recall(self.account.store, claimed, now=self.account.clock())
            return first or self._execute(request, values, cause, claimed)
        finally:
            self.in_progress.discard(key)

    def _execute(
        self, request: Request, values: dict[str, Any], cause: Cause, claimed: Claim | None
    ) -> Answer:
        request_id = cause.request_id or ""
        params = parse(self.operation.params, values)
        try:
            with self.account.change(cause) as change:
                call = Call(
                    change, params, request.path_params.get("id", ""), address_of(request, self.account)
                )
                try:
                    document = expand(change, public(self.operation.work(call)), params.expand)
                    answer = Answer(200, document, request_id)
                except StripeError as refused:
                    if not refused.kept:
                        raise
                    answer = Answer(refused.status, refused.body(request_id), request_id)
                self._remember(claimed, answer)
            return answer
        except StripeError as error:
            if not error.executed or claimed is None:
                raise
            refusal = Answer(error.status, error.body(request_id), request_id)
            with self.account.store.transaction():
                self._remember(claimed, refusal)
            return refusal

    def _remember(self, claimed: Claim | None, answer: Answer) -> None:
        if claimed:
            idempotency.remember(self.account.store, claimed, answer, now=self.account.clock())


def address_of(request: Request, account: Account) -> str:
    """Return what a browser calls this process."""
    return account.settings.public_url or str(request.base_url).rstrip("/")
