"""Parsing of what callers send, before anything inside sees it."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from chassis.events import is_subject_token
from chassis.timestamps import to_datetime
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.generation.v1 import generation_pb2 as pb

from generation.application.collection_change import refuse_absent
from generation.domain.collection import GENERATIONS_MAX
from generation.domain.errors import (
    CollectionNotFound,
    GenerationNotFound,
    InvalidInput,
    ShareEnded,
    UploadNotFound,
    Violation,
)
from generation.domain.identifiers import (
    AccountId,
    ApiKeyId,
    CollectionId,
    GenerationId,
    ModelId,
    ShareId,
    UploadId,
)
from generation.domain.key_use import KeyUse

PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 20, 100
PROVIDERS_MAX = 20
BOUNDS_MIN, BOUNDS_MAX = 2, 400
MODEL_ID_LENGTH_MAX = 120
KEY_LENGTH_MAX = 255
KEY_NAME_LENGTH_MAX = 100
KEY_CREDITS_MAX = 1_000_000_000
# Doubles carry whole numbers exactly up to here.
WHOLE_MAX = 2**53
SHARE_ID_LENGTH_MAX = 64
# Of what is no id, so much is said again.
ID_SHOWN_MAX = 40
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_COLLECTION = re.compile(r"col_[0-9a-f]{32}")
_UPLOAD = re.compile(r"upl_[0-9a-f]{32}")
_GENERATION = re.compile(r"gen_[0-9a-f]{32}")


def account_id(text: str) -> AccountId:
    """Return a well-formed account id. Raises InvalidInput: accounts come from the caller, not from users."""
    if not is_subject_token(text):
        raise InvalidInput([Violation("account_id", "must be 1 to 64 letters, digits, _ or -")])
    return AccountId(text)


def optional_account_id(text: str) -> AccountId | None:
    """Return a well-formed account id, None for an empty text. Raises InvalidInput."""
    return account_id(text) if text else None


def key_use(message: pb.ApiKeyUse) -> KeyUse:
    """Return the key that a caller came with. Raises InvalidInput: keys come from the gateway."""
    if not is_subject_token(message.key_id):
        raise InvalidInput([Violation("api_key.key_id", "must be 1 to 64 letters, digits, _ or -")])
    credits_max = message.monthly_credits_max if message.HasField("monthly_credits_max") else None
    if credits_max is not None and not 1 <= credits_max <= KEY_CREDITS_MAX:
        raise InvalidInput([Violation("api_key.monthly_credits_max", f"must be 1 to {KEY_CREDITS_MAX}")])
    return KeyUse(ApiKeyId(message.key_id), message.name[:KEY_NAME_LENGTH_MAX], credits_max)


def generation_id(text: str) -> GenerationId:
    """Return a well-formed generation id; nothing else can exist. Raises GenerationNotFound."""
    if not _GENERATION.fullmatch(text):
        raise GenerationNotFound("no such generation")
    return GenerationId(text)


def generation_ids(texts: Sequence[str]) -> Sequence[GenerationId]:
    """Return 1 to 100 ids, each once. Raises InvalidInput, and GenerationNotFound for what can't exist."""
    if not 1 <= len(texts) <= GENERATIONS_MAX:
        raise InvalidInput([Violation("generation_ids", f"must be 1 to {GENERATIONS_MAX}")])
    refuse_absent([text[:ID_SHOWN_MAX] for text in texts if not _GENERATION.fullmatch(text)])
    return [GenerationId(text) for text in dict.fromkeys(texts)]


def collection_id(text: str) -> CollectionId:
    """Return a well-formed collection id; nothing else can exist. Raises CollectionNotFound."""
    if not _COLLECTION.fullmatch(text):
        raise CollectionNotFound("no such collection")
    return CollectionId(text)


def upload_id(text: str) -> UploadId:
    """Return a well-formed upload id; nothing else can exist. Raises UploadNotFound."""
    if not _UPLOAD.fullmatch(text):
        raise UploadNotFound("no such upload")
    return UploadId(text)


def page_token(place: str) -> str:
    """Return a place in a list as text that callers don't read."""
    return base64.urlsafe_b64encode(place.encode()).decode()


def page_place(token: str) -> str:
    """Return what `page_token` was made of. Raises InvalidInput for what it can't have made."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise not_from_a_page() from error


def not_from_a_page() -> InvalidInput:
    """Return the refusal of a token that no list of ours gave."""
    return InvalidInput([Violation("page_token", "is not from an earlier page")])


def share_id(text: str) -> ShareId:
    """Return a link's id of bounded length; whether it exists is for the store to say."""
    # PostgreSQL knows no NUL; nor does any id.
    return ShareId(text[:SHARE_ID_LENGTH_MAX].replace("\0", ""))


def share_token(text: str) -> str:
    """Return what may be a link's token. Raises ShareEnded for anything else, as for one that ended."""
    if not _TOKEN.fullmatch(text):
        raise ShareEnded("this link has ended")
    return text


def model_id(text: str) -> ModelId:
    """Return a model id of bounded length; whether it exists is for the catalogue to say."""
    return ModelId(text[:MODEL_ID_LENGTH_MAX])


def idempotency_key(text: str) -> str | None:
    """Return up to 255 printable characters; None for no text."""
    if len(text) > KEY_LENGTH_MAX or not text.isprintable():
        raise InvalidInput([Violation("idempotency_key", f"must be 1 to {KEY_LENGTH_MAX} characters")])
    return text or None


def provider_order(names: Sequence[str]) -> tuple[str, ...]:
    """Return a bounded list of names."""
    if len(names) > PROVIDERS_MAX:
        raise InvalidInput([Violation("provider_order", f"names more than {PROVIDERS_MAX} providers")])
    return tuple(names)


def document(message: Struct, *, field: str) -> dict[str, Any]:
    """Return a JSON object whose whole numbers are integers. Raises InvalidInput for NaN and infinities."""
    try:
        converted: dict[str, Any] = _whole(MessageToDict(message))
    except (ValueError, RecursionError) as error:
        raise InvalidInput([Violation(field, "holds a value that JSON does not have")]) from error
    return converted


def page_size(size: int) -> int:
    """1 to 100; 20 when absent."""
    if not 0 <= size <= PAGE_SIZE_MAX:
        raise InvalidInput([Violation("page_size", f"must be 1 to {PAGE_SIZE_MAX}")])
    return size or PAGE_SIZE_DEFAULT


def bounds(stamps: Sequence[Timestamp]) -> Sequence[datetime]:
    """Return 2 to 400 moments that grow. Raises InvalidInput."""
    if not BOUNDS_MIN <= len(stamps) <= BOUNDS_MAX:
        raise InvalidInput([Violation("bounds", f"must be {BOUNDS_MIN} to {BOUNDS_MAX}")])
    try:
        moments = [to_datetime(stamp) for stamp in stamps]
    except (ValueError, OverflowError) as error:
        raise InvalidInput([Violation("bounds", "holds what is no time")]) from error
    if any(later <= earlier for earlier, later in pairwise(moments)):
        raise InvalidInput([Violation("bounds", "must each be later than the one before")])
    return moments


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE_MAX:
        return int(value)
    return value
