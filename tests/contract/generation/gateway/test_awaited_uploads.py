"""What the gateway needs of files that go straight to the store: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation_uploads import GrpcUploads
from gateway.adapters.outbound.memory.uploads import MemoryUploads
from gateway.domain.errors import (
    Conflict,
    GatewayError,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    RateLimited,
    TooLarge,
)
from gateway.domain.identifiers import UploadId
from gateway.domain.upload import AwaitedUpload
from gateway.ports.uploads import Uploads
from generation.domain.awaited_upload import incoming_key
from generation.domain.upload import UploadQuota
from generation_house import House
from support import HandClock

ME, OTHER = "usr_me", "usr_other"


@dataclass
class Scene:
    """The port, and the store behind it."""

    uploads: Uploads
    house: House
    fake: MemoryUploads

    async def awaited(self, size_bytes: int = 1_000, key: str = "k") -> AwaitedUpload:
        """Announce a file."""
        return (await self.uploads.await_upload(ME, size_bytes=size_bytes, idempotency_key=key))[0]

    def send(self, upload_id: UploadId, content: bytes) -> None:
        """Send it to the store, without us."""
        self.fake.sent[upload_id] = content
        self.house.store.objects[incoming_key(ME, upload_id)] = content

    @property
    def kept(self) -> int:
        """How many uploads there are, of everybody's."""
        return len(self.fake.kept) + len(self.house.units.tables.uploads)


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Nothing is there yet."""
    house = House(upload_quota=UploadQuota(count_max=5, bytes_max=100_000))
    fake = MemoryUploads(HandClock(), count_max=5, awaited_bytes_max=1_500)
    uploads: Uploads = fake
    if request.param == "real":
        uploads = GrpcUploads(await connect(stack, await serve_generation(stack, house), "gateway"))
    return Scene(uploads, house, fake)


async def test_a_file_is_announced_sent_and_completed(scene: Scene) -> None:
    """It has the id that was announced; completing it again says so."""
    awaited = await scene.awaited()
    assert awaited.size_bytes_max == 1_000
    assert awaited.url
    assert "key" in awaited.fields
    assert awaited.send_by < awaited.complete_by
    scene.send(awaited.upload_id, b"a fox")
    upload, again = await scene.uploads.complete_upload(ME, awaited.upload_id)
    assert (upload.upload_id, upload.size_bytes, again) == (awaited.upload_id, 5, False)
    assert (await scene.uploads.complete_upload(ME, awaited.upload_id))[1]
    assert await scene.uploads.upload(ME, awaited.upload_id) == upload
    assert scene.kept == 1


async def test_a_key_is_one_file(scene: Scene) -> None:
    """The same size is the same file, and another is refused."""
    first = await scene.awaited()
    again, replayed = await scene.uploads.await_upload(ME, size_bytes=1_000, idempotency_key="k")
    assert (again.upload_id, replayed) == (first.upload_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await scene.awaited(999)


@pytest.mark.parametrize(
    ("size_bytes", "refusal", "reason"),
    [(0, InvalidRequest, "INVALID_INPUT"), (1_501, TooLarge, "UPLOAD_TOO_LARGE")],
)
async def test_what_can_not_be_is_refused(
    scene: Scene, size_bytes: int, refusal: type[GatewayError], reason: str
) -> None:
    """By its size, before it is sent."""
    with pytest.raises(refusal) as refused:
        await scene.awaited(size_bytes)
    assert refused.value.reason == reason


async def test_no_more_is_awaited_than_may_be(scene: Scene) -> None:
    """The hundred and first is refused."""
    for number in range(100):
        await scene.awaited(key=f"k{number}")
    with pytest.raises(RateLimited) as refused:
        await scene.awaited(key="another")
    assert refused.value.reason == "TOO_MANY_UPLOADS"


async def test_what_is_no_picture_stays_refused(scene: Scene) -> None:
    """In the same words, whatever is sent afterwards."""
    awaited = await scene.awaited()
    with pytest.raises(Conflict) as early:
        await scene.uploads.complete_upload(ME, awaited.upload_id)
    assert early.value.reason == "UPLOAD_NOT_SENT"
    scene.send(awaited.upload_id, b"no picture")
    said = set()
    for _ in range(2):
        with pytest.raises(InvalidRequest) as refused:
            await scene.uploads.complete_upload(ME, awaited.upload_id)
        assert refused.value.reason == "UNUSABLE_MEDIA"
        said.add(refused.value.detail)
        scene.send(awaited.upload_id, b"a fox")
    assert len(said) == 1
    assert scene.kept == 0


async def test_anothers_is_not_there(scene: Scene) -> None:
    """As one that never was; and it is there for whoever announced it."""
    awaited = await scene.awaited()
    scene.send(awaited.upload_id, b"a fox")
    for account, wanted in ((OTHER, awaited.upload_id), (ME, UploadId(f"upl_{'0' * 31}f"))):
        with pytest.raises(NotFound) as refused:
            await scene.uploads.complete_upload(account, wanted)
        assert refused.value.reason == "UPLOAD_NOT_FOUND"
    assert scene.kept == 0
    assert (await scene.uploads.complete_upload(ME, awaited.upload_id))[0].size_bytes == 5
