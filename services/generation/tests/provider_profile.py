"""What the suite has to know of a provider, and hosts that answer anything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from generation.domain.model import Modality

KEY = "sk-of-the-suite"
WEBHOOK_SECRET = "whsec_b2YtdGhlLXN1aXRlLW9mLXByb3ZpZGVycw=="


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Inputs as the provider's adapter takes them; settings without their prefix.

    A provider with somebody at the other end has `settings`, in which `{url}` is where that is, and a
    stand-in of the same name that takes STANDIN_<NAME>_LISTEN and STANDIN_<NAME>_API_KEY.
    """

    model: str
    # Makes an output of this modality within seconds.
    input: Mapping[str, Any]
    modality: Modality
    # Goes on for longer than any test.
    slow: Mapping[str, Any]
    # Is refused for what it says.
    refused: Mapping[str, Any]
    settings: Mapping[str, str] | None = None
    # Settings under which it waits a second at most for whoever does not answer.
    impatient: Mapping[str, str] = field(default_factory=dict)
    # What the API is told of its webhooks, without a prefix, `{url}` as above; None where it sends none. Its
    # stand-in is told WEBHOOK_SECRET as STANDIN_<NAME>_WEBHOOK_SECRET.
    webhook: Mapping[str, str] | None = None
    # Its endpoint is set in a dashboard: its stand-in takes it at /_test/endpoint.
    endpoint_by_hand: bool = False
    # The field of `input` that is the prompt, and carries orders for a stand-in that knows chaos.
    prompt: str = "prompt"
    # Where the prompt is no field: the input with these words.
    says: Callable[[str], Mapping[str, Any]] | None = None
    knows_chaos: bool = False

    def ordering(self, word: str) -> Mapping[str, Any]:
        """The input with an order for the stand-in."""
        words = self.words(word)
        return self.says(words) if self.says else {**self.input, self.prompt: words}

    def words(self, word: str) -> str:
        """The prompt with this order in it."""
        return f"a red fox [[{word}]]"


def profile_of(folder: str) -> Profile:
    """The profile of a provider's folder."""
    found: Profile = import_module(f"provider_profiles.{folder}").PROFILE
    return found


@dataclass
class Host:
    """Somebody at the other end: what it answers to whatever it is asked, and how often it was."""

    # The bytes that it sends; None when it never answers.
    answer: bytes | None
    port: int = 0
    requests: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


def said(status: int, body: bytes = b"{}", *, kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer of HTTP."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}"
    return f"{head}connection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def host_that_says(answer: bytes | None) -> AsyncIterator[Host]:
    """Answers every request alike, once it has come whole; an empty answer closes the connection."""
    host, silent = Host(answer), asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"content-length:" in head:
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            host.requests += 1
            if host.answer is None:
                await silent.wait()
            else:
                writer.write(host.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        silent.set()
        server.close()
