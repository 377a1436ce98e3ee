"""Parsing of what callers send beside bodies: ids, cursors, keys, times."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Header, Path, Query
from fastapi.responses import Response
from pydantic import BeforeValidator, WithJsonSchema

from gateway.adapters.inbound.problems import REPLAYED
from gateway.domain.errors import FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import (
    CheckoutId,
    CollectionId,
    DeliveryId,
    GenerationId,
    ModelId,
    PurchaseId,
    UploadId,
    UserId,
    WebhookEndpointId,
)
from gateway.domain.page import LIMIT_DEFAULT, LIMIT_MAX

_GENERATION_ID = re.compile(r"gen_[0-9a-f]{32}")
_COLLECTION_ID = re.compile(r"col_[0-9a-f]{32}")
_USER_ID = re.compile(r"usr_[0-9a-f]{32}")
_UPLOAD_ID = re.compile(r"upl_[0-9a-f]{32}")
_WEBHOOK_ENDPOINT_ID = re.compile(r"whe_[0-9a-f]{32}")
_DELIVERY_ID = re.compile(r"dlv_[0-9a-f]{32}")
_CHECKOUT_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_PURCHASE_ID = re.compile(r"pay_[0-9a-zA-Z_]{1,64}")
_MODEL_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CURSOR = re.compile(r"[\x21-\x7e]{1,512}")

GenerationPath = Annotated[
    str, Path(description="A generation's id.", examples=["gen_019324a1b2c37def8a9b0c1d2e3f4a5b"])
]
CollectionPath = Annotated[
    str, Path(description="A collection's id.", examples=["col_019324a1b2c37def8a9b0c1d2e3f4a62"])
]
UploadPath = Annotated[
    str, Path(description="An upload's id.", examples=["upl_019324a1b2c37def8a9b0c1d2e3f4a64"])
]
WebhookEndpointPath = Annotated[
    str, Path(description="A webhook endpoint's id.", examples=["whe_019324a1b2c37def8a9b0c1d2e3f4a66"])
]
DeliveryPath = Annotated[
    str, Path(description="A delivery's id.", examples=["dlv_019324a1b2c37def8a9b0c1d2e3f4a67"])
]
CheckoutPath = Annotated[
    str, Path(description="A checkout's id.", examples=["chk_019324a1b2c37def8a9b0c1d2e3f4a63"])
]
PurchasePath = Annotated[
    str, Path(description="A purchase's id.", examples=["pay_019324a1b2c37def8a9b0c1d2e3f4a5d"])
]
UserPath = Annotated[str, Path(description="A user's id.", examples=["usr_019324a1b2c37def8a9b0c1d2e3f4a5e"])]
ProviderPath = Annotated[str, Path(description="A model's id up to the slash.", examples=["local"])]
NamePath = Annotated[str, Path(description="A model's id after the slash.", examples=["sketch"])]


def generation_id(text: str) -> GenerationId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _GENERATION_ID.fullmatch(text):
        raise NotFound("There is no such generation.")
    return GenerationId(text)


def generation_ids(texts: Sequence[str]) -> Sequence[GenerationId]:
    """Read ids, each once; what is not well-formed can't exist, and raises NotFound, which names it."""
    absent = [text for text in dict.fromkeys(texts) if not _GENERATION_ID.fullmatch(text)]
    if absent:
        raise NotFound(f"There is no such generation: {', '.join(absent)}.")
    return [GenerationId(text) for text in dict.fromkeys(texts)]


def collection_id(text: str) -> CollectionId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _COLLECTION_ID.fullmatch(text):
        raise NotFound("There is no such collection.", reason="COLLECTION_NOT_FOUND")
    return CollectionId(text)


def upload_id(text: str) -> UploadId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _UPLOAD_ID.fullmatch(text):
        raise NotFound("There is no such upload.", reason="UPLOAD_NOT_FOUND")
    return UploadId(text)


def webhook_endpoint_id(text: str) -> WebhookEndpointId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _WEBHOOK_ENDPOINT_ID.fullmatch(text):
        raise NotFound("There is no such webhook endpoint.", reason="WEBHOOK_ENDPOINT_NOT_FOUND")
    return WebhookEndpointId(text)


def delivery_id(text: str) -> DeliveryId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _DELIVERY_ID.fullmatch(text):
        raise NotFound("There is no such delivery.", reason="WEBHOOK_DELIVERY_NOT_FOUND")
    return DeliveryId(text)


def checkout_id(text: str) -> CheckoutId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _CHECKOUT_ID.fullmatch(text):
        raise NotFound("There is no such checkout.")
    return CheckoutId(text)


def purchase_id(text: str) -> PurchaseId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _PURCHASE_ID.fullmatch(text):
        raise NotFound("There is no such purchase.", reason="PURCHASE_NOT_FOUND")
    return PurchaseId(text)


def user_id(text: str) -> UserId:
    """Read an id; what is not well-formed can't exist, and raises NotFound."""
    if not _USER_ID.fullmatch(text):
        raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
    return UserId(text)


def model_id(provider: str, name: str) -> ModelId:
    """`<provider>/<name>`; raises NotFound for what no model can be called."""
    if not _MODEL_PART.fullmatch(provider) or not _MODEL_PART.fullmatch(name):
        raise NotFound("There is no such model.", reason="UNKNOWN_MODEL")
    return ModelId(f"{provider}/{name}")


@dataclass(frozen=True)
class Paging:
    """Which part of a list."""

    cursor: str | None
    limit: int


async def paging(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")] = LIMIT_DEFAULT,
) -> Paging:
    """Read cursor and limit. Raises InvalidRequest."""
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
    return Paging(cursor=cursor, limit=limit)


async def own_idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(description="1 to 255 visible ASCII characters: the same key and body replays the answer."),
    ] = None,
) -> str | None:
    """Return the caller's key, None for callers that do without. Raises InvalidRequest."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise InvalidRequest(
            "The idempotency key needs 1 to 255 visible ASCII characters.",
            reason="INVALID_IDEMPOTENCY_KEY",
            fields=[FieldProblem("Idempotency-Key", "1 to 255 visible ASCII characters")],
        )
    return idempotency_key


async def idempotency_key(own: Annotated[str | None, Depends(own_idempotency_key)]) -> str:
    """Return the caller's key, or a fresh one for callers that do without."""
    return own if own is not None else f"gateway-{secrets.token_hex(16)}"


def mark_replayed(response: Response, replayed: bool) -> None:
    """Say in a header that the answer is the first one again."""
    if replayed:
        response.headers[REPLAYED] = "true"


def moment(text: str) -> datetime:
    """Read a time in RFC 3339, without a zone in UTC. Raises ValueError, with nothing of the text."""
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time such as 2026-01-31T12:00:00Z") from None


Moment = Annotated[
    datetime, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Since = Annotated[Moment | None, Query(alias="from", description="Not before this moment.")]
Until = Annotated[Moment | None, Query(alias="to", description="Before this moment.")]
Format = Annotated[
    Literal["json", "csv"] | None,
    Query(alias="format", description="What to answer in, whatever `Accept` says."),
]
