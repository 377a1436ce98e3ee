"""A file on its way to the generation service, in pieces, with what went wrong while it was read."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from tintype.generation.v1 import generation_pb2 as pb

PIECE_BYTES_MAX = 256 * 1024
Part = TypeVar("Part", pb.CreateUploadRequest, pb.DrawAvatarRequest)


class SentFile(Generic[Part]):
    """The messages of one file, of which `start` is the first and says what the others are.

    gRPC makes a cancelled call of whatever its iterator of messages raises: so that is kept, and the end that
    says that the file is whole is not sent.
    """

    def __init__(self, start: Part, content: AsyncIterator[bytes]) -> None:
        self._start: Part = start
        self._content = content
        self.failure: BaseException | None = None

    async def messages(self) -> AsyncIterator[Part]:
        """Yield the start, the pieces as they come, and the end."""
        part = type(self._start)
        yield self._start
        try:
            async for piece in self._content:
                for begin in range(0, len(piece), PIECE_BYTES_MAX):
                    yield part(content=bytes(piece[begin : begin + PIECE_BYTES_MAX]))
        except Exception as failure:  # noqa: BLE001, whoever called raises it
            self.failure = failure
            return
        yield part(end=pb.UploadEnd())
