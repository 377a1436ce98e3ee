"""What every store must keep, over memory and S3."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from embedded.testing import S3Login
from generation.adapters.outbound.memory_services import MemoryMediaStore
from generation.adapters.outbound.s3 import S3MediaStore
from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_store import MediaStore, StoreUnavailable

KEY = "usr_1/gen_1/out_1.png"


def s3(login: S3Login, *, url: str = "", public_url: str = "") -> S3MediaStore:
    """The store as the service is told of it."""
    at = f"http://{login.endpoint}"
    return S3MediaStore(
        url=url or at,
        public_url=public_url or at,
        region="us-east-1",
        access_key=login.access_key,
        secret_key=login.secret_key,
        bucket=login.bucket,
    )


@pytest.fixture(params=["memory", "s3"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MediaStore]:
    """Every implementation in turn."""
    if request.param == "memory":
        yield MemoryMediaStore()
    else:
        yield s3(request.getfixturevalue("s3_bucket"))


@pytest.fixture
def media(tmp_path: Path) -> ReceivedMedia:
    """A small file."""
    path = tmp_path / "output"
    path.write_bytes(b"pixels")
    return ReceivedMedia(path=path, media_type="image/png", extension="png", size_bytes=6, sha256="0" * 64)


async def test_putting_and_removing_are_idempotent(store: MediaStore, media: ReceivedMedia) -> None:
    """The same call may be made again, as after a crash."""
    for _ in range(2):
        await store.put(KEY, media)
    for _ in range(2):
        await store.remove(KEY)


async def test_an_address_differs_by_object_and_name(store: MediaStore) -> None:
    """Each object has its own, and the download variant carries the name."""
    plain = store.signed_url(KEY, ttl_s=60)
    assert plain != store.signed_url(KEY + "x", ttl_s=60)
    assert "fox.png" in store.signed_url(KEY, ttl_s=60, download_as="fox.png")


async def test_a_signed_address_is_needed_and_expires(s3_bucket: S3Login, media: ReceivedMedia) -> None:
    """Bare, tampered and expired addresses are refused; the right one serves type and bytes."""
    store = s3(s3_bucket)
    await store.put(KEY, media)
    url = store.signed_url(KEY, ttl_s=60)
    async with httpx.AsyncClient() as client:
        fetched = await client.get(url)
        assert (fetched.content, fetched.headers["content-type"]) == (b"pixels", "image/png")
        download = await client.get(store.signed_url(KEY, ttl_s=60, download_as="fox.png"))
        assert download.headers["content-disposition"] == 'attachment; filename="fox.png"'
        for wrong in (url.split("?")[0], url.replace("out_1", "out_2"), url.replace("=60", "=600")):
            assert (await client.get(wrong)).status_code == 403
        short = store.signed_url(KEY, ttl_s=1)
        async with asyncio.timeout(10):
            while (await client.get(short)).status_code != 403:
                await asyncio.sleep(0.1)


async def test_addresses_are_signed_for_the_public_host(s3_bucket: S3Login) -> None:
    """Browsers may reach the store elsewhere than this service does."""
    url = s3(s3_bucket, public_url="https://media.example.com").signed_url(KEY, ttl_s=60)
    assert url.startswith(f"https://media.example.com/{s3_bucket.bucket}/{KEY}?")


async def test_a_store_that_is_away_says_so(s3_bucket: S3Login, media: ReceivedMedia) -> None:
    """Nobody listening is not a crash but StoreUnavailable."""
    away = s3(s3_bucket, url="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable):
        await away.put(KEY, media)
    with pytest.raises(StoreUnavailable):
        await away.ping()
