"""The Python library against a running stack, both clients: pictures, files, events, and what is refused."""

import hashlib
import struct
import zlib
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from customer import WELCOME, Customer
from tintype_client import (
    AsyncTintype,
    Event,
    GenerationFailed,
    GenerationUpdated,
    InsufficientCredits,
    Tintype,
    Unauthenticated,
    sending,
)
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


@pytest.fixture
def key(customer: Customer) -> str:
    """An API key of a new customer's."""
    scopes = ["billing:read", "generations:read", "generations:write"]
    made = customer.api.post("/v1/api-keys", json={"name": "Library", "scopes": scopes})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


def picture(size: int = 64) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + b"\x40\x80\xc0" * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_a_picture_is_made_changed_and_saved(
    stack: StackState, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was sent through the API, one that went straight to the store, and what comes of both."""
    with Tintype(stack.url("gateway"), key) as client:
        small = client.upload(picture())
        monkeypatch.setattr(sending, "THROUGH_THE_API_BYTES_MAX", 10)
        path = tmp_path / "large.png"
        path.write_bytes(picture(300))
        large = client.upload(path)
        assert (large.width, {each.id for each in client.uploads()}) == (300, {small.id, large.id})
        quote = client.quote("tintype/edit", prompt="sepia", images=[small, large])
        files = client.run("tintype/edit", prompt="sepia", images=[small, large], quote=quote)
        [file] = files
        saved = file.save(tmp_path / file.name)
        assert hashlib.sha256(saved.read_bytes()).hexdigest() == file.output.sha256
        assert files.generation.credits.charged == quote.credits
        assert client.balance().available == WELCOME - quote.credits
        assert [entry.kind for entry in client.entries()][:2] == ["charge", "reserve"]
        assert [each.id for each in client.generations(status=["succeeded"])] == [files.generation.id]
        assert [each.outcome for each in client.usage()] == ["succeeded"]


def test_events_tell_of_what_is_made(stack: StackState, key: str) -> None:
    """From before it began to its end; whoever comes back with an id misses nothing."""
    told: list[Event] = []
    listening = Signal()

    def follow() -> None:
        with Tintype(stack.url("gateway"), key) as listener:
            for event in listener.stream_events(last_event_id="from now on, with what is"):
                told.append(event)
                listening.set()
                if isinstance(event.data, GenerationUpdated) and event.data.has_ended:
                    return

    with Tintype(stack.url("gateway"), key) as client:
        following = Thread(target=follow, daemon=True)
        following.start()
        # An id that is none of ours begins with the balance as it is.
        assert listening.wait(60)
        seen: list[str] = []
        client.run("local/sketch", prompt="A fox", on_progress=lambda now: seen.append(now.status))
        following.join(60)
        assert not following.is_alive()
        assert seen[-1] == "succeeded"
        last = told[-1].data
        assert isinstance(last, GenerationUpdated)
        assert last.status == "succeeded"


async def test_the_twin_does_the_same(stack: StackState, key: str, tmp_path: Path) -> None:
    """A text, a failure that costs nothing, too few credits, and a key that is none."""
    async with AsyncTintype(stack.url("gateway"), key) as client:
        [made] = await client.run("local/sketch", prompt="A heron")
        assert (await made.save(tmp_path / made.name)).stat().st_size == made.output.size_bytes
        [text] = await client.run("openai/chat", prompt="A postcard from the sea")
        assert await text.text()
        before = await client.balance()
        with pytest.raises(GenerationFailed) as failed:
            await client.run("local/sketch", prompt="Rain", simulate="fail")
        assert failed.value.generation.credits.charged == 0
        with pytest.raises(InsufficientCredits) as refused:
            await client.run("local/motion", prompt="An ocean", duration_s=12, output_count=4)
        assert refused.value.required > refused.value.balance == before.available
        assert await client.balance() == before or (await client.balance()).available == before.available
    async with AsyncTintype(stack.url("gateway"), "tt_live_nobody") as nobody:
        with pytest.raises(Unauthenticated):
            await nobody.balance()
