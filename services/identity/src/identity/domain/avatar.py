"""The small picture that a person sent in of themselves."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from identity.domain.errors import InvalidField
from identity.domain.identifiers import UserId

PICTURE_BYTES_MAX = 64 * 1024
VERSION_LENGTH = 16


@dataclass(frozen=True)
class Avatar:
    """A WebP; `version` is another for other bytes."""

    user_id: UserId
    picture: bytes
    version: str
    updated_at: datetime


def new_avatar(user_id: UserId, picture: bytes, now: datetime) -> Avatar:
    """Return the picture as it is kept; raises InvalidField for what is no small WebP by its head.

    It was drawn anew by whoever looks at strangers' files: nothing is decoded here, where credentials are.
    """
    is_webp = picture[:4] == b"RIFF" and picture[8:12] == b"WEBP"
    if not is_webp or len(picture) > PICTURE_BYTES_MAX:
        raise InvalidField(
            f"The picture must be a WebP of at most {PICTURE_BYTES_MAX} bytes.", field="picture"
        )
    return Avatar(user_id, picture, hashlib.sha256(picture).hexdigest()[:VERSION_LENGTH], now)
