"""What the benchmark's client and server agree on: who calls, and a method that does nothing."""

import hashlib
from typing import Any

import grpc
from tintype.ledger.v1 import ledger_pb2 as pb

# Reserving and charging is generation's to do.
CALLER = "generation"
TOKEN = "bench-only"  # noqa: S105 - of a server that nobody else reaches
CALLERS = {CALLER: hashlib.sha256(TOKEN.encode()).hexdigest()}

_SERVICE, _METHOD = "tintype.bench.v1.BenchService", "Noop"
NOOP = f"/{_SERVICE}/{_METHOD}"


def add_noop(server: grpc.aio.Server) -> None:
    """Register a method that reads what Reserve reads, does nothing and answers with nothing."""

    async def noop(request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        return pb.ReserveResponse()

    handler = grpc.unary_unary_rpc_method_handler(
        noop,
        request_deserializer=pb.ReserveRequest.FromString,
        response_serializer=pb.ReserveResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: handler}),))
