"""Sending files in, and fetching them: small ones through the API, large ones from and to the store."""

import hashlib
from typing import BinaryIO

from tintype_client.answers import Generation, Output, Upload
from tintype_client.bodies import Source, form
from tintype_client.errors import ApiError, ConnectionFailed, DownloadBroken, StoreRefused, TintypeError
from tintype_client.messages import Request
from tintype_client.operations import await_upload, complete_upload, create_upload, fresh_key, read_generation
from tintype_client.steps import REPEATED, Fetch, Fetched, Pause, Retries, Steps, done, send

# Below what the API takes (25 MiB as shipped).
THROUGH_THE_API_BYTES_MAX = 16 * 1024 * 1024
# What stores say of an address whose time is over.
EXPIRED = frozenset({401, 403, 404, 410})


def upload(source: Source, retries: Retries, *, idempotency_key: str | None) -> Steps[Upload]:
    """Send a file in, and have it looked at."""
    key = fresh_key() if idempotency_key is None else idempotency_key
    if source.size_bytes <= THROUGH_THE_API_BYTES_MAX:
        return (yield from done(create_upload(source, idempotency_key=key), retries))
    awaited = yield from done(await_upload(source.size_bytes, idempotency_key=key), retries)
    # Again it is the same file: the store takes it as often as it comes, and nothing is made of it before.
    request = Request(method="POST", path=awaited.url, body=form(awaited.fields, source))
    try:
        yield from send(request, retries)
    except ApiError as refused:
        # Its own words may hold addresses and names of ours.
        raise StoreRefused(refused.status) from None
    return (yield from done(complete_upload(awaited.id), retries))


def fetch(output: Output, generation: Generation, into: BinaryIO, retries: Retries) -> Steps[None]:
    """Write a file that a generation made into another one, at its beginning; what came is what was made.

    An address that expired is asked for anew. Raises StoreRefused, DownloadBroken and ConnectionFailed.
    """
    attempt, is_fresh = 1, False
    while True:
        into.seek(0)
        into.truncate()
        failure: TintypeError
        try:
            fetched = yield Fetch(output.url, into)
            assert isinstance(fetched, Fetched)  # noqa: S101 - as a Fetch comes out
        except ConnectionFailed as broken:
            failure, may_pass = broken, True
        else:
            if fetched.status == 200 and fetched.sha256 == output.sha256:
                return
            if fetched.status in EXPIRED and not is_fresh:
                output, is_fresh = (yield from _signed_anew(output, generation, retries)), True
                continue
            may_pass = fetched.status in (200, *REPEATED)
            failure = DownloadBroken(output.id) if fetched.status == 200 else StoreRefused(fetched.status)
        pause_s = retries.pause_s(attempt) if may_pass else None
        if pause_s is None:
            raise failure
        yield Pause(pause_s)
        attempt += 1


class Hashed:
    """A file to write to that knows what was written."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Write, and take it into account."""
        self._digest.update(piece)
        self._into.write(piece)

    def fetched(self, status: int) -> Fetched:
        """Return what came."""
        return Fetched(status, self._digest.hexdigest())


def _signed_anew(output: Output, generation: Generation, retries: Retries) -> Steps[Output]:
    again = yield from done(read_generation(generation.id), retries)
    found = [each for each in again.outputs if each.id == output.id]
    if not found:
        raise StoreRefused(410)
    return found[0]
