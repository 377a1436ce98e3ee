"""tintype.greeter.v1.GreeterService over gRPC: parse, call the use case, render."""

from collections.abc import Mapping
from typing import Any

import grpc
from chassis.events import is_subject_token
from tintype.greeter.v1 import greeter_pb2 as pb
from tintype.greeter.v1 import greeter_pb2_grpc as pb_grpc

from greeter.application.greet import GreetHandler
from greeter.domain import errors
from greeter.domain.identifiers import AccountId

DOMAIN = "tintype.greeter"
_SERVICE = pb.DESCRIPTOR.services_by_name["GreeterService"]

ERRORS: Mapping[type[Exception], grpc.StatusCode] = {
    errors.InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    errors.GreetingNotFound: grpc.StatusCode.NOT_FOUND,
}
ALLOWED: Mapping[str, frozenset[str]] = {
    f"/{_SERVICE.full_name}/{method.name}": frozenset({"gateway"}) for method in _SERVICE.methods
}


class GreeterServicer(pb_grpc.GreeterServiceServicer):
    """Answers the contract; refusals rise as domain errors and become statuses by ERRORS."""

    def __init__(self, greet: GreetHandler) -> None:
        self._greet = greet

    async def Greet(self, request: pb.GreetRequest, context: Any) -> pb.GreetResponse:
        """See the contract."""
        greeting = await self._greet(_account_id(request.account_id))
        return pb.GreetResponse(text=greeting.text)


def _account_id(text: str) -> AccountId:
    if not is_subject_token(text):
        raise errors.InvalidField("an account's id is 1 to 64 of A-Z, a-z, 0-9, _ and -", field="account_id")
    return AccountId(text)
