"""A collector that keeps the spans that it is sent, as any OTLP back end would take them."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc


class Collector(rpc.TraceServiceServicer):
    """Spans by trace id: which process, and what it did."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.traces: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC names its methods
        """Keep them."""
        for resource in request.resource_spans:
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            process = attributes.get("service.name", "").removeprefix("tintype-")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.traces[span.trace_id.hex()].add((process, span.name))
        return pb.ExportTraceServiceResponse()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect until the block ends."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    rpc.add_TraceServiceServicer_to_server(collector, server)
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield collector
    server.stop(grace=None)
