"""Domain objects to rows and back. Names and types follow from the domain; here are the exceptions alone."""

from typing import Any

from sqlalchemy import BigInteger, Row, Text

from generation.adapters.outbound.postgres.columns import Columns, Spread
from generation.domain.attempt import Attempt
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.collection import Collection
from generation.domain.cost import Cost, CostSource
from generation.domain.entitlements import Entitlements
from generation.domain.generation import Failure, Generation
from generation.domain.identifiers import ApiKeyId
from generation.domain.input_media import UsedMedia
from generation.domain.key_use import KeyUse
from generation.domain.library_filter import search_text
from generation.domain.output import Output
from generation.domain.previews import Previews
from generation.domain.pricing import Price
from generation.domain.share import Share
from generation.domain.upload import Upload

GENERATIONS = Columns(
    Generation,
    key="generation_id",
    spread={
        "price": Spread(
            {"price_credits": BigInteger(), "price_units": BigInteger(), "price_breakdown": Text()},
            write=lambda price: {
                "price_credits": price.credits,
                "price_units": price.units,
                "price_breakdown": price.breakdown,
            },
            read=lambda row: Price(
                credits=row.price_credits, units=row.price_units, breakdown=row.price_breakdown
            ),
        ),
        "previews": Spread(
            {"previews_max": BigInteger(), "preview_credits": BigInteger()},
            write=lambda previews: {
                "previews_max": previews.most if previews else None,
                "preview_credits": previews.credits_each if previews else None,
            },
            read=lambda row: (
                Previews(row.previews_max, row.preview_credits or 0) if row.previews_max else None
            ),
        ),
        "failure": Spread(
            {"failure_reason": Text(), "failure_detail": Text()},
            write=lambda failure: {
                "failure_reason": failure.reason if failure else None,
                "failure_detail": failure.detail if failure else None,
            },
            read=lambda row: (
                Failure(row.failure_reason, row.failure_detail or "") if row.failure_reason else None
            ),
        ),
        "key": Spread(
            {"api_key_id": Text(), "api_key_name": Text(), "api_key_credits_max": BigInteger()},
            write=lambda key: {
                "api_key_id": key.key_id if key else None,
                "api_key_name": key.name if key else None,
                "api_key_credits_max": key.monthly_credits_max if key else None,
            },
            read=lambda row: (
                KeyUse(ApiKeyId(row.api_key_id), row.api_key_name or "", row.api_key_credits_max)
                if row.api_key_id
                else None
            ),
        ),
    },
)
ATTEMPTS = Columns(
    Attempt,
    key="attempt_id",
    spread={
        # The column was made before an attempt could be without one.
        "detail": Spread(
            {"detail": Text()},
            write=lambda detail: {"detail": detail or ""},
            read=lambda row: row.detail or None,
        ),
        "cost": Spread(
            {"cost_usd_micros": BigInteger(), "cost_source": Text()},
            write=lambda cost: {
                "cost_usd_micros": cost.usd_micros if cost else None,
                "cost_source": cost.source if cost else None,
            },
            read=lambda row: (
                Cost(row.cost_usd_micros, CostSource(row.cost_source)) if row.cost_source else None
            ),
        ),
    },
)
_KEPT_APART = Spread({}, write=lambda _: {}, read=lambda _: None)
# Bytes are in output_texts.
OUTPUTS = Columns(Output, key="output_id", spread={"content": _KEPT_APART, "answer": _KEPT_APART})
SHARES = Columns(Share, key="share_id")
ENTITLEMENTS = Columns(Entitlements, key="account_id")
COLLECTIONS = Columns(Collection, key="collection_id")
UPLOADS = Columns(Upload, key="upload_id")
AWAITED_UPLOADS = Columns(AwaitedUpload, key="upload_id")
USED_MEDIA = Columns(UsedMedia, key="media_id")

# What a job is created with and keeps; the service's role may change every other column.
FIXED = frozenset(
    {
        "generation_id",
        "account_id",
        "model_id",
        "modality",
        "input",
        "provider_order",
        "metadata",
        "price_credits",
        "price_units",
        "price_breakdown",
        "idempotency_key",
        "fingerprint",
        "created_at",
        "api_key_id",
        "api_key_name",
        "api_key_credits_max",
        "is_interactive",
        "previews_max",
        "preview_credits",
    }
)
if gone := FIXED - GENERATIONS.types.keys():
    raise TypeError(f"a generation has no {', '.join(sorted(gone))}")


# What a job's life changes.
CHANGING = tuple(name for name in GENERATIONS.types if name not in FIXED)
_KEPT = FIXED - {"generation_id"}


def generation_values(generation: Generation) -> dict[str, Any]:
    """Return every column of a job, as psycopg takes it."""
    return GENERATIONS.values(generation) | {"search_text": search_text(generation.input)}


def changing_values(generation: Generation) -> dict[str, Any]:
    """Return what a job's life changes, and which job it is, as psycopg takes it."""
    return GENERATIONS.values(generation, leaving_out=_KEPT)


def to_generation(row: Row[Any]) -> Generation:
    """Return a job from its row."""
    return GENERATIONS.read(row)


def to_attempt(row: Row[Any]) -> Attempt:
    """Return an attempt from its row."""
    return ATTEMPTS.read(row)


def to_output(row: Row[Any]) -> Output:
    """Return an output from its row."""
    return OUTPUTS.read(row)
