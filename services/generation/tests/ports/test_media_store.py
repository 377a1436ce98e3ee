"""What every store must keep, over memory and S3."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from embedded.testing import S3Login
from generation.adapters.outbound.memory_services import MemoryMediaStore
from generation.adapters.outbound.s3 import S3MediaStore
from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_store import MediaStore, ObjectAbsent, StoreUnavailable

KEY = "usr_1/gen_1/out_1.png"
MINUTE = timedelta(minutes=1)


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


async def test_what_is_held_is_stored_like_a_file(store: MediaStore) -> None:
    """Of its type, and byte for byte; nothing is no object less."""
    held = ReceivedMedia(
        content="täxt".encode(),
        media_type="text/plain; charset=utf-8",
        extension="txt",
        size_bytes=5,
        sha256="0" * 64,
    )
    await store.put(KEY, held)
    assert await store.read(KEY, size_bytes_max=5) == held.content
    if isinstance(store, S3MediaStore):
        async with httpx.AsyncClient() as client:
            answer = await client.get(store.signed_url(KEY, ttl_s=60))
        assert (answer.content, answer.headers["content-type"]) == (held.content, held.media_type)


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


async def test_what_was_put_is_read(store: MediaStore, media: ReceivedMedia) -> None:
    """Whole, and no more than was asked for; what is not there, or larger, is no answer."""
    await store.put(KEY, media)
    assert await store.read(KEY, size_bytes_max=6) == b"pixels"
    for key, most in ((KEY, 5), (KEY + "x", 6)):
        with pytest.raises(StoreUnavailable):
            await store.read(key, size_bytes_max=most)


async def test_an_address_of_one_moment_is_one_address(store: MediaStore) -> None:
    """A request that holds it is the same whenever it is made."""
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
    first = store.signed_url(KEY, ttl_s=60, signed_at=then)
    assert first == store.signed_url(KEY, ttl_s=60, signed_at=then)
    assert first != store.signed_url(KEY, ttl_s=60, signed_at=then + timedelta(seconds=1))


async def test_an_addresss_time_counts_from_when_it_was_signed(
    s3_bucket: S3Login, media: ReceivedMedia
) -> None:
    """It works before its end and not afterwards."""
    real, now = s3(s3_bucket), datetime.now(UTC).replace(microsecond=0)
    await real.put(KEY, media)
    async with httpx.AsyncClient() as http:
        good = await http.get(real.signed_url(KEY, ttl_s=600, signed_at=now - timedelta(seconds=300)))
        late = await http.get(real.signed_url(KEY, ttl_s=60, signed_at=now - timedelta(seconds=300)))
    assert (good.status_code, good.content) == (200, b"pixels")
    assert late.status_code == 403


async def test_an_object_is_read_in_pieces(store: MediaStore, media: ReceivedMedia) -> None:
    """In order and whole; one that is not there says so, and does not seem to be the store's fault."""
    media.path.write_bytes(b"x" * 3_000_000 + b"end")
    await store.put(KEY, media)
    pieces = [piece async for piece in store.pieces(KEY)]
    assert b"".join(pieces) == b"x" * 3_000_000 + b"end"
    assert all(len(piece) <= len(pieces[0]) for piece in pieces)
    with pytest.raises(ObjectAbsent):
        await anext(aiter(store.pieces(KEY + "x")))


async def test_a_reader_may_leave(store: MediaStore, media: ReceivedMedia) -> None:
    """In the middle of an object, more often than there are connections."""
    media.path.write_bytes(b"x" * 3_000_000)
    await store.put(KEY, media)
    for _ in range(10):
        reading = store.pieces(KEY)
        assert await anext(aiter(reading))
        await reading.aclose()  # type: ignore[attr-defined]


async def test_a_form_sends_one_object_of_its_size(s3_bucket: S3Login) -> None:
    """A page of another origin may send it; never another name, a byte more, nothing, or a tampered form."""
    store = s3(s3_bucket)
    form = store.signed_form("usr_1/incoming/upl_1", size_bytes_max=10, until=datetime.now(UTC) + MINUTE)
    late = store.signed_form("usr_1/incoming/upl_2", size_bytes_max=10, until=datetime.now(UTC) - MINUTE)
    page = {"Origin": "https://shop.example"}
    async with httpx.AsyncClient() as client:

        async def answered(content: bytes, **changed: str) -> int:
            fields, file = {**form.fields, **changed}, {"file": ("a.png", content)}
            return (await client.post(form.url, data=fields, files=file)).status_code

        assert await answered(b"x" * 11) == 400
        assert await answered(b"") == 400
        assert await answered(b"x", key="usr_1/uploads/upl_1.png") == 403
        assert await answered(b"x", **{"x-amz-signature": "0" * 64}) == 403
        for fields in (late.fields, {}):
            refused = await client.post(form.url, data=fields, files={"file": ("a.png", b"x")})
            assert refused.status_code in (400, 403)
        with pytest.raises(ObjectAbsent):
            await anext(aiter(store.pieces("usr_1/incoming/upl_1")))
        asked = await client.options(form.url, headers={**page, "Access-Control-Request-Method": "POST"})
        assert asked.headers["access-control-allow-origin"] in ("*", page["Origin"])
        taken = await client.post(
            form.url, data=form.fields, files={"file": ("a.png", b"x" * 10)}, headers=page
        )
        assert taken.status_code == 204
        assert taken.headers["access-control-allow-origin"] in ("*", page["Origin"])
    assert [piece async for piece in store.pieces("usr_1/incoming/upl_1")] == [b"x" * 10]
    public = s3(s3_bucket, public_url="https://media.example.com/").signed_form(
        "a", size_bytes_max=1, until=datetime.now(UTC) + MINUTE
    )
    assert public.url == f"https://media.example.com/{s3_bucket.bucket}"
