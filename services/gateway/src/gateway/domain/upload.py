"""Pictures that users sent in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import UploadId


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture to generate from; addresses are signed and work until `url_expires_at`."""

    upload_id: UploadId
    media_type: str
    size_bytes: int
    width: int
    height: int
    sha256: str
    # Of the file as it came.
    source_sha256: str
    url: str
    url_expires_at: datetime
    created_at: datetime
    # Of a film.
    duration_s: float = 0.0
    thumbnail_url: str | None = None
    blurhash: str | None = None
    # Until when it is kept unless a generation uses it; None once one does.
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AwaitedUpload:
    """How a file is sent straight to the store: a form of these fields and the file, until `send_by`."""

    upload_id: UploadId
    url: str
    fields: Mapping[str, str]
    size_bytes_max: int
    send_by: datetime
    # Until when it can be completed.
    complete_by: datetime
