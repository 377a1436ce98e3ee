"""A file on its way to the generation service, in pieces, with what went wrong while it was read."""

from collections.abc import AsyncIterator

from tintype.generation.v1 import generation_pb2 as pb

PIECE_BYTES_MAX = 256 * 1024


class SentFile:
    """The messages of one file.

    gRPC makes a cancelled call of whatever its iterator of messages raises: so that is kept, and the end that
    says that the file is whole is not sent.
    """

    def __init__(self, start: pb.UploadStart, content: AsyncIterator[bytes]) -> None:
        self._start = start
        self._content = content
        self.failure: BaseException | None = None

    async def messages(self) -> AsyncIterator[pb.CreateUploadRequest]:
        """Yield the start, the pieces as they come, and the end."""
        yield pb.CreateUploadRequest(start=self._start)
        try:
            async for piece in self._content:
                for begin in range(0, len(piece), PIECE_BYTES_MAX):
                    yield pb.CreateUploadRequest(content=bytes(piece[begin : begin + PIECE_BYTES_MAX]))
        except Exception as failure:  # noqa: BLE001, whoever called raises it
            self.failure = failure
            return
        yield pb.CreateUploadRequest(end=pb.UploadEnd())
