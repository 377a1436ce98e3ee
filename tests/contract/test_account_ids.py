"""An account's id is a word of its facts' subjects: what can't be one is refused at every door."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import grpc
import pytest
from billing.adapters.inbound import grpc as billing_grpc
from billing_support import billing_in_memory
from chassis.grpc_client import remote_error
from contract_support import connect, ledger_in_memory, serve_billing, serve_generation, serve_ledger
from generation.adapters.inbound import grpc as generation_grpc
from generation_house import House
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from ledger.adapters.inbound import grpc as ledger_grpc
from tintype.identity.v1 import identity_pb2, principal_pb2

BAD_IDS = ("usr_x ", "usr_x.", "usr..x", "usr_*", "usr_>", "u" * 65, "usr_图", "usr_\n", "usr_\0")
SERVERS: dict[str, tuple[ModuleType, Callable[[AsyncExitStack], Any]]] = {
    "billing": (billing_grpc, lambda stack: serve_billing(stack, billing_in_memory())),
    "generation": (generation_grpc, lambda stack: serve_generation(stack, House())),
    "ledger": (ledger_grpc, lambda stack: serve_ledger(stack, ledger_in_memory())),
}


def service_of(context: str) -> Any:
    """A service as its contract has it."""
    return descriptor_pool.Default().FindServiceByName(f"tintype.{context}.v1.{context.capitalize()}Service")


def methods() -> list[tuple[str, str, str]]:
    """Service, method and field for every call that names an account."""
    found = []
    for context in SERVERS:
        found += [
            (context, method.name, field)
            for method in service_of(context).methods
            for field in ("account_id", "user_id")
            if field in method.input_type.fields_by_name and not method.client_streaming
        ]
    return found


def filled(request_type: Any, field: str, value: str) -> Any:
    """A request whose other fields are none that is missed, by somebody who may do anything."""
    some = {
        FieldDescriptor.TYPE_STRING: "x1",
        FieldDescriptor.TYPE_INT64: 1,
        FieldDescriptor.TYPE_INT32: 1,
        FieldDescriptor.TYPE_ENUM: 1,
    }
    given: dict[str, Any] = {
        one.name: some[one.type]
        for one in request_type.DESCRIPTOR.fields
        if one.type in some and not one.is_repeated and one.name != "page_token"
    }
    if "principal" in request_type.DESCRIPTOR.fields_by_name:
        given["principal"] = principal_pb2.Principal(actor_id="usr_1", role=identity_pb2.ROLE_ADMIN)
    return request_type(**given | {field: value})


@pytest.mark.parametrize(("context", "name", "field"), methods())
async def test_it_is_refused_by_its_field(stack: AsyncExitStack, context: str, name: str, field: str) -> None:
    """INVALID_ARGUMENT, with a violation of the field that is wrong."""
    tables, serve = SERVERS[context]
    service = service_of(context)
    method, path = service.methods_by_name[name], f"/{service.full_name}/{name}"
    opened = await connect(stack, await serve(stack), min(tables.ALLOWED[path]))
    answer_type = message_factory.GetMessageClass(method.output_type)
    request_type = message_factory.GetMessageClass(method.input_type)
    kind: Any = opened.unary_stream if method.server_streaming else opened.unary_unary
    call = kind(path, request_type.SerializeToString, answer_type.FromString)
    for bad in BAD_IDS:
        asked = call(filled(request_type, field, bad), timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await (asked.read() if method.server_streaming else asked)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT, bad
        assert field in [one for one, _ in remote_error(refused.value).field_violations], bad


def test_there_are_such_calls() -> None:
    """The list above is found by the contracts, and is not empty for any service."""
    assert {context for context, _, _ in methods()} == set(SERVERS)
