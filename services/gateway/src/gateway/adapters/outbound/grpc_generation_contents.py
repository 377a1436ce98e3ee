"""Outputs that generation keeps itself, over gRPC."""

import grpc
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import READ_DEADLINE_S, remote_calls
from gateway.domain.identifiers import OutputId
from gateway.ports.output_contents import OutputContent

_content = reader(pb.ReadOutputResponse, OutputContent)


class GrpcOutputContents:
    """Speaks to GenerationService; implements OutputContents."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.GenerationServiceStub(channel)

    async def read(self, output_id: OutputId, signature: str) -> OutputContent:
        """See OutputContents."""
        request = pb.ReadOutputRequest(output_id=output_id, signature=signature)
        with remote_calls("generation"):
            answer = await self._stub.ReadOutput(request, timeout=READ_DEADLINE_S)
        return _content(answer)
