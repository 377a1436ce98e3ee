"""What the gateway needs of uploads, by its own port: its fake and the real thing."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation_uploads import GrpcUploads
from gateway.adapters.outbound.memory.uploads import MemoryUploads
from gateway.domain.errors import (
    Conflict,
    GatewayError,
    IdempotencyKeyReused,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    TooLarge,
)
from gateway.domain.identifiers import UploadId
from gateway.domain.upload import Upload
from gateway.ports.uploads import Uploads
from generation.domain.upload import UploadQuota
from generation_house import House
from support import HandClock

ME, OTHER = "usr_me", "usr_other"
MEGABYTE = 1024 * 1024


@dataclass
class Scene:
    """The port, and how large a file may be."""

    uploads: Uploads
    house: House
    fake: MemoryUploads

    def bound(self, size_bytes: int) -> None:
        """From now on a file may have so many bytes."""
        self.house.upload_intake.size_bytes_max = self.fake.size_bytes_max = size_bytes

    @property
    def kept(self) -> int:
        """How many there are, of everybody's."""
        return len(self.fake.kept) + len(self.house.units.tables.uploads)


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Nothing is there yet; five files may be."""
    house = House(upload_quota=UploadQuota(count_max=5, bytes_max=100 * MEGABYTE))
    fake = MemoryUploads(HandClock(), count_max=5)
    uploads: Uploads = fake
    if request.param == "real":
        uploads = GrpcUploads(await connect(stack, await serve_generation(stack, house), "gateway"))
    opened = Scene(uploads, house, fake)
    opened.bound(1_000)
    return opened


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """A body as it comes."""
    for piece in content:
        yield piece


async def sent(scene: Scene, *content: bytes, key: str = "k", account: str = ME) -> Upload:
    """Send a file."""
    upload, _ = await scene.uploads.create_upload(account, pieces(*content), idempotency_key=key)
    return upload


async def test_an_upload_is_made_read_listed_and_deleted(scene: Scene) -> None:
    """With hashes, addresses and the time at which it goes."""
    upload = await sent(scene, b"a fo", b"x")
    assert upload.size_bytes == 5
    assert upload.media_type == "image/png"
    assert len(upload.sha256) == len(upload.source_sha256) == 64
    assert upload.url
    assert upload.created_at < upload.url_expires_at < (upload.expires_at or upload.created_at)
    assert await scene.uploads.upload(ME, upload.upload_id) == upload
    assert (await scene.uploads.uploads(ME, cursor=None, limit=9)).items == [upload]
    await scene.uploads.delete_upload(ME, upload.upload_id)
    assert scene.kept == 0
    with pytest.raises(NotFound) as refused:
        await scene.uploads.delete_upload(ME, upload.upload_id)
    assert refused.value.reason == "UPLOAD_NOT_FOUND"


async def test_another_users_upload_is_not_there(scene: Scene) -> None:
    """As one that never was."""
    upload = await sent(scene, b"a fox")
    for wanted in (upload.upload_id, UploadId(f"upl_{'0' * 32}")):
        with pytest.raises(NotFound) as read:
            await scene.uploads.upload(OTHER, wanted)
        with pytest.raises(NotFound) as deleted:
            await scene.uploads.delete_upload(OTHER, wanted)
        assert read.value.detail == deleted.value.detail == "no such upload"
    assert (await scene.uploads.uploads(OTHER, cursor=None, limit=9)).items == []
    assert scene.kept == 1


async def test_a_key_is_one_upload(scene: Scene) -> None:
    """The same file is the first answer again, another is refused, and keys are each account's own."""
    first = await scene.uploads.create_upload(ME, pieces(b"a fox"), idempotency_key="k")
    again = await scene.uploads.create_upload(ME, pieces(b"a ", b"fox"), idempotency_key="k")
    assert (first[1], again[1]) == (False, True)
    assert first[0].upload_id == again[0].upload_id
    with pytest.raises(IdempotencyKeyReused):
        await sent(scene, b"a wolf")
    assert (await sent(scene, b"a wolf", account=OTHER)).upload_id != first[0].upload_id
    assert scene.kept == 2


async def test_pages_follow_each_other(scene: Scene) -> None:
    """Newest first, each once; a cursor that is none is refused."""
    made = [await sent(scene, b"a fox", key=f"k{number}") for number in range(3)]
    first = await scene.uploads.uploads(ME, cursor=None, limit=2)
    second = await scene.uploads.uploads(ME, cursor=first.next_cursor, limit=2)
    listed = [upload.upload_id for upload in (*first.items, *second.items)]
    assert listed == [upload.upload_id for upload in reversed(made)]
    assert second.next_cursor is None
    with pytest.raises(InvalidRequest) as refused:
        await scene.uploads.uploads(ME, cursor="nonsense", limit=2)
    assert [problem.field for problem in refused.value.fields] == ["cursor"]


@pytest.mark.parametrize(
    ("content", "refusal", "reason"),
    [(b"", InvalidRequest, "UNUSABLE_MEDIA"), (b"x" * 1_001, TooLarge, "UPLOAD_TOO_LARGE")],
)
async def test_what_is_refused_is_not_kept(
    scene: Scene, content: bytes, refusal: type[GatewayError], reason: str
) -> None:
    """It says why, in words and in a word."""
    with pytest.raises(refusal) as refused:
        await sent(scene, content)
    assert refused.value.reason == reason
    assert scene.kept == 0


async def test_an_avatar_is_drawn_and_nothing_is_kept(scene: Scene) -> None:
    """The same of the same file, in whatever pieces it comes; another's is not in its way."""
    drawn = await scene.uploads.draw_avatar(ME, pieces(b"a fo", b"x"))
    assert (drawn[:4], drawn[8:12]) == (b"RIFF", b"WEBP")
    assert await scene.uploads.draw_avatar(OTHER, pieces(b"a fox")) == drawn
    assert await scene.uploads.draw_avatar(ME, pieces(b"a wolf")) != drawn
    assert scene.kept == 0


@pytest.mark.parametrize(
    ("content", "refusal", "reason"),
    [
        (b"", InvalidRequest, "UNUSABLE_MEDIA"),
        (b"no picture", InvalidRequest, "UNUSABLE_MEDIA"),
        (bytes(5 * MEGABYTE + 1), TooLarge, "UPLOAD_TOO_LARGE"),
    ],
)
async def test_no_avatar_is_drawn_of_what_is_refused(
    scene: Scene, content: bytes, refusal: type[GatewayError], reason: str
) -> None:
    """It says why, in words and in a word."""
    with pytest.raises(refusal) as refused:
        await scene.uploads.draw_avatar(ME, pieces(content))
    assert refused.value.reason == reason


async def test_no_avatar_is_drawn_of_half_a_file(scene: Scene) -> None:
    """What reading raises is raised, as it is."""
    failure = ConnectionResetError("gone")

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise failure

    with pytest.raises(ConnectionResetError) as raised:
        await scene.uploads.draw_avatar(ME, broken())
    assert raised.value is failure


@pytest.mark.parametrize("drips", [100, 1], ids=["drips", "says nothing"])
async def test_an_avatar_that_comes_too_slowly_is_refused(stack: AsyncExitStack, drips: int) -> None:
    """The refusal is told, whatever its sender has sent by then, and once they have sent it."""
    house = House()
    at_once = replace(house.uploads.draw_avatar, comes_within_s=0.2)
    house.uploads = replace(house.uploads, draw_avatar=at_once)
    uploads = GrpcUploads(await connect(stack, await serve_generation(stack, house), "gateway"))

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(drips):
            yield b"y"
            await asyncio.sleep(0.5 / drips)

    for _ in range(5):
        async with asyncio.timeout(10):
            with pytest.raises(MalformedRequest) as refused:
                await uploads.draw_avatar(ME, slow())
        assert refused.value.reason == "UPLOAD_BROKEN_OFF"


async def test_the_quota_holds(scene: Scene) -> None:
    """The sixth of five is refused."""
    for number in range(5):
        await sent(scene, b"a fox", key=f"k{number}")
    with pytest.raises(Conflict) as refused:
        await sent(scene, b"a fox", key="k5")
    assert refused.value.reason == "UPLOAD_QUOTA_REACHED"
    assert scene.kept == 5


async def test_a_large_file_is_refused_while_it_comes(scene: Scene) -> None:
    """The refusal is told, however much more comes behind it and however often, and nothing is kept."""

    async def large() -> AsyncIterator[bytes]:
        for _ in range(500):
            yield bytes(64 * 1024)

    scene.bound(MEGABYTE)
    for _ in range(10):
        async with asyncio.timeout(30):
            with pytest.raises(TooLarge):
                await scene.uploads.create_upload(ME, large(), idempotency_key="k")
    assert scene.kept == 0


async def test_a_file_of_megabytes_arrives_whole(scene: Scene) -> None:
    """In pieces of any size: larger ones than a message may be, and a byte at a time."""
    scene.bound(20 * MEGABYTE)
    content = random.Random(1).randbytes(9 * MEGABYTE)
    whole = await sent(scene, content, key="whole")
    parts = await sent(scene, *(content[at : at + 1] for at in range(1_000)), content[1_000:], key="parts")
    assert whole.size_bytes == parts.size_bytes == len(content)
    assert whole.source_sha256 == parts.source_sha256 == hashlib.sha256(content).hexdigest()
    assert scene.kept == 2


@pytest.mark.parametrize("failure", [ConnectionResetError("gone"), TooLarge("too much"), ValueError("bug")])
async def test_what_reading_raises_is_raised(scene: Scene, failure: Exception) -> None:
    """As it is, and half a file is never kept."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise failure

    with pytest.raises(type(failure)) as raised:
        await scene.uploads.create_upload(ME, broken(), idempotency_key="k")
    assert raised.value is failure
    assert scene.kept == 0
    assert (await sent(scene, b"whole")).size_bytes == 5
