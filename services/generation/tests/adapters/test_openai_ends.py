"""What is behind the end of a streamed answer: it is read, and nobody is told of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai.answers import events
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.domain.identifiers import AttemptId
from generation.ports.media_provider import Run, RunState
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

STREAM = b'data: {"n": 1}\n\ndata: [DONE]\n\n'
LATE = [b"\n", b"data: late\n\n"]
TOLD = [{"n": 1}, None]


@dataclass
class Answer:
    """One whose server says that it is all, and then does something else than to end."""

    pieces: list[bytes]
    then: str = "ends"
    read: list[bytes] = field(default_factory=list)
    is_left: bool = False

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """The pieces, then whatever it does."""
        try:
            for piece in self.pieces:
                self.read.append(piece)
                yield piece
            if self.then == "breaks":
                raise ConnectionResetError
            if self.then == "is silent":
                await asyncio.Event().wait()
        finally:
            self.is_left = True


@pytest.mark.parametrize("then", ["ends", "breaks", "is silent"])
async def test_what_a_server_does_that_has_said_all_is_no_matter(then: str) -> None:
    """It is waited for its end for a moment, and no longer; what breaks then broke nothing."""
    answer = Answer([STREAM, *LATE], then)
    async with asyncio.timeout(10):
        assert [told async for told in events(answer)] == TOLD  # type: ignore[arg-type]
    assert answer.is_left


async def test_an_answer_is_read_out_before_it_is_told_that_it_is_all() -> None:
    """Whoever stops reading then leaves a connection that the next call can have."""
    answer = Answer([STREAM, *LATE])
    async for told in events(answer):  # type: ignore[arg-type]
        if told is None:
            break
    assert answer.read == [STREAM, *LATE]
    assert answer.is_left


@pytest.fixture
def standin() -> Iterator[str]:
    """Where the stand-in listens."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url.removeprefix("http://")


@pytest.mark.server
async def test_calls_one_after_the_other_are_one_connection(standin: str) -> None:
    """Nobody shakes hands anew for the next one."""
    opened: list[object] = []
    host, port = standin.split(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_copied(reader, back), _copied(there, writer))

    between = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    _, at = between.sockets[0].getsockname()
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=1000)
    calling = OpenAICaller(base_url=f"http://127.0.0.1:{at}/v1", api_key="sk-test", fetch=fetch, timeout_s=60)
    for number in range(3):
        job = {"prompt": "tin plates", "max_tokens": 64}
        run = Run(key=AttemptId(f"att_{number}"), model="gpt-4o-mini", input=job)
        assert (await calling.call(run, lambda _: None)).state is RunState.SUCCEEDED
    await calling.close()
    between.close()
    assert len(opened) == 1


async def _copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(65536):
        sink.write(piece)
    sink.close()
