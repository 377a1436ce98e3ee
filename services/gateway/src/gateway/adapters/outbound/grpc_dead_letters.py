"""What one service gave up, over gRPC."""

import grpc
from tintype.operations.v1 import dead_letters_pb2 as pb
from tintype.operations.v1 import dead_letters_pb2_grpc as rpc

from gateway.adapters.outbound.principal_message import principal
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.administration import Actor
from gateway.domain.dead_letter import DeadLetter
from gateway.domain.identifiers import DeadLetterId
from gateway.domain.page import Page


class GrpcDeadLetters:
    """Speaks to the DeadLetterService of one service; implements DeadLetters."""

    def __init__(self, service: str, channel: grpc.aio.Channel) -> None:
        self._service = service
        self._stub = rpc.DeadLetterServiceStub(channel)

    async def page(self, actor: Actor, *, cursor: str | None, limit: int) -> Page[DeadLetter]:
        """See DeadLetters."""
        request = pb.ListDeadLettersRequest(
            principal=principal(actor), page_size=limit, page_token=cursor or ""
        )
        with remote_calls(self._service):
            answer = await self._stub.ListDeadLetters(request, timeout=READ_DEADLINE_S)
        letters = [_letter(letter, service=self._service) for letter in answer.dead_letters]
        return Page(items=letters, next_cursor=answer.next_page_token or None)

    async def find(self, actor: Actor, letter_id: DeadLetterId) -> DeadLetter:
        """See DeadLetters."""
        request = pb.ListDeadLettersRequest(principal=principal(actor), dead_letter_id=letter_id)
        with remote_calls(self._service):
            answer = await self._stub.ListDeadLetters(request, timeout=READ_DEADLINE_S)
        return _letter(answer.dead_letters[0], service=self._service)

    async def replay(self, actor: Actor, letter_id: DeadLetterId, *, reason: str | None) -> DeadLetter:
        """See DeadLetters."""
        request = pb.ReplayDeadLetterRequest(
            principal=principal(actor), dead_letter_id=letter_id, reason=reason or ""
        )
        with remote_calls(self._service):
            answer = await self._stub.ReplayDeadLetter(request, timeout=COMMAND_DEADLINE_S)
        return _letter(answer.dead_letter, service=self._service)


_letter = reader(pb.DeadLetter, DeadLetter, elsewhere=("service",))
