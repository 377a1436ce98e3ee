"""Outputs in S3-compatible storage, through the minio SDK."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import PostPolicy
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_store import ObjectAbsent, SignedForm, StoreUnavailable

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 30.0
CONNECTIONS_MAX = 8
CALL_TIMEOUT_S = 120.0
PIECE_BYTES = 1024 * 1024
Answer = TypeVar("Answer")


class S3MediaStore:
    """The SDK blocks, so each call runs in a thread. Addresses are signed for `public_url`, without a
    call: where browsers reach the store may differ from where this service does."""

    def __init__(
        self, *, url: str, public_url: str, region: str, access_key: str, secret_key: str, bucket: str
    ) -> None:
        self._bucket = bucket
        self._public_url = public_url.rstrip("/")
        self._client = _client(url, region, access_key, secret_key)
        self._public = _client(public_url, region, access_key, secret_key)

    async def put(self, key: str, media: ReceivedMedia) -> None:
        await _call(lambda: self._put(key, media))

    def _put(self, key: str, media: ReceivedMedia) -> None:
        if media.content is None:
            self._client.fput_object(self._bucket, key, str(media.path), content_type=media.media_type)
        else:
            self._client.put_object(
                self._bucket,
                key,
                BytesIO(media.content),
                len(media.content),
                content_type=media.media_type,
            )

    async def remove(self, key: str) -> None:
        await _call(lambda: self._client.remove_object(self._bucket, key))

    async def read(self, key: str, *, size_bytes_max: int) -> bytes:
        try:
            return await _call(lambda: self._read(key, size_bytes_max))
        except ObjectAbsent as absent:
            raise StoreUnavailable(str(absent)) from absent

    def _read(self, key: str, size_bytes_max: int) -> bytes:
        response = self._client.get_object(self._bucket, key)
        try:
            content: bytes = response.read(size_bytes_max + 1)
        finally:
            response.close()
            response.release_conn()
        if len(content) > size_bytes_max:
            raise StoreUnavailable(f"an object has more than {size_bytes_max} bytes")
        return content

    async def pieces(self, key: str) -> AsyncIterator[bytes]:
        response = await _call(lambda: self._client.get_object(self._bucket, key))
        try:
            while piece := await _call(lambda: response.read(PIECE_BYTES)):
                yield piece
        finally:
            # What is left unread is not read on: the connection ends with it.
            response.close()
            response.release_conn()

    def signed_form(self, key: str, *, size_bytes_max: int, until: datetime) -> SignedForm:
        policy = PostPolicy(self._bucket, until)
        policy.add_equals_condition("key", key)
        policy.add_content_length_range_condition(1, size_bytes_max)
        fields = self._public.presigned_post_policy(policy)
        return SignedForm(f"{self._public_url}/{self._bucket}", {"key": key, **fields})

    def signed_url(
        self, key: str, *, ttl_s: int, download_as: str | None = None, signed_at: datetime | None = None
    ) -> str:
        headers = None
        if download_as:
            disposition = f'attachment; filename="{download_as}"'
            headers = {"response-content-disposition": disposition}
        return self._public.presigned_get_object(
            self._bucket,
            key,
            expires=timedelta(seconds=ttl_s),
            response_headers=headers,  # type: ignore[arg-type]
            request_date=signed_at,
        )

    async def ping(self) -> None:
        """Check readiness: raise StoreUnavailable unless the bucket can be asked for."""
        await _call(lambda: self._client.bucket_exists(self._bucket))


async def _call(call: Callable[[], Answer]) -> Answer:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await asyncio.to_thread(call)
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise ObjectAbsent(str(error)) from error
        raise StoreUnavailable(str(error)) from error
    except (MinioException, HTTPError, OSError) as error:
        raise StoreUnavailable(str(error)) from error


def _client(url: str, region: str, access_key: str, secret_key: str) -> Minio:
    address = urlsplit(url)
    pool = urllib3.PoolManager(
        maxsize=CONNECTIONS_MAX,
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )
    return Minio(
        address.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=address.scheme == "https",
        region=region,
        http_client=pool,
    )
