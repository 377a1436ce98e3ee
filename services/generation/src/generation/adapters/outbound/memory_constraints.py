"""What the database's CHECK, UNIQUE and REFERENCES hold, for memory: no test passes on rows that can't be."""

from collections.abc import Container, Iterable, Mapping

from generation.adapters.outbound.memory_tables import Tables
from generation.domain.attempt import Attempt, Outcome
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.collection import NAME_LENGTH_MAX, Collection
from generation.domain.entitlements import Entitlements
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import CollectionId, GenerationId
from generation.domain.input_media import UsedMedia
from generation.domain.output import Output
from generation.domain.share import Share
from generation.domain.upload import Upload

PROVIDERS_MAX = 20
KEY_LENGTH_MAX = 255
HASH_LENGTH = 64
BLURHASH_LENGTHS = range(6, 101)
_FUNDED = {Status.QUEUED, Status.PROCESSING, Status.SUCCEEDED}


class ConstraintBroken(Exception):
    """The database would have refused the row."""


def check_generation(row: Generation) -> None:
    """Raise ConstraintBroken for a job that `generations` does not hold."""
    _hold(
        {
            "provider_order": 1 <= len(row.provider_order) <= PROVIDERS_MAX,
            "price_credits": row.price.credits > 0,
            "price_units": row.price.units > 0,
            "idempotency_key": 1 <= len(row.idempotency_key) <= KEY_LENGTH_MAX,
            "progress": 0 <= row.progress <= 1,
            "provider_place": row.provider_place is None or row.provider_place > 0,
            "credits_charged": 0 <= row.credits_charged <= row.price.credits,
            "finished_at": (row.finished_at is not None) == row.is_terminal,
            "purge_at": row.purge_at is None or row.deleted_at is not None,
            "reservation_id": row.status not in _FUNDED or row.reservation_id is not None,
            "charged and not delivered": row.credits_charged == 0 or row.status is Status.SUCCEEDED,
        }
    )


def check_attempt(row: Attempt, tables: Tables) -> None:
    """Raise ConstraintBroken for an attempt that `attempts` does not hold beside the others."""
    others = [
        other
        for other in tables.attempts.values()
        if other.generation_id == row.generation_id and other.attempt_id != row.attempt_id
    ]
    is_running = row.outcome is Outcome.RUNNING
    _hold(
        {
            "generation_id": row.generation_id in tables.generations,
            "number": row.number > 0,
            "tries": row.tries > 0,
            "finished_at": (row.finished_at is None) == is_running,
            "not_before": row.not_before is None or is_running,
            "number of the job": all(other.number != row.number for other in others),
            "one at a time": not is_running or all(other.outcome is not Outcome.RUNNING for other in others),
        }
    )


def check_outputs(rows: Iterable[Output], tables: Tables) -> None:
    """Raise ConstraintBroken for outputs that `outputs` does not hold beside the others."""
    kept = list(tables.outputs)
    for row in rows:
        _hold(
            {
                "generation_id": row.generation_id in tables.generations,
                "position": row.position >= 0,
                "size_bytes": row.size_bytes > 0,
                "output_id": all(other.output_id != row.output_id for other in kept),
                "object_key": all(other.object_key != row.object_key for other in kept),
                "thumbnail_key": row.thumbnail_key is None
                or all(other.thumbnail_key != row.thumbnail_key for other in kept),
                "answer_key": row.answer_key is None
                or all(other.answer_key != row.answer_key for other in kept),
                "blurhash": row.blurhash is None or len(row.blurhash) in BLURHASH_LENGTHS,
                "position of the job": all(
                    (other.generation_id, other.position) != (row.generation_id, row.position)
                    for other in kept
                ),
            }
        )
        kept.append(row)


def check_share(row: Share, tables: Tables) -> None:
    """Raise ConstraintBroken for a link that `shares` does not hold beside the others."""
    _hold(
        {
            "generation_id": row.generation_id in tables.generations,
            "share_id": row.share_id not in tables.shares,
            "token_hash": len(row.token_hash) == HASH_LENGTH,
            "a token twice": all(other.token_hash != row.token_hash for other in tables.shares.values()),
            "expires_at": row.expires_at > row.created_at,
        }
    )


def check_entitlements(row: Entitlements) -> None:
    """Raise ConstraintBroken for a copy that `entitlements` does not hold."""
    _hold({"revision": row.revision > 0})


def check_collection(row: Collection, tables: Tables) -> None:
    """Raise ConstraintBroken for a collection that `collections` does not hold beside the others."""
    others = [other for other in tables.collections.values() if other.collection_id != row.collection_id]
    _hold(
        {
            "name": 1 <= len(row.name) <= NAME_LENGTH_MAX,
            "a name twice": all(
                (other.account_id, other.name_key) != (row.account_id, row.name_key) for other in others
            ),
        }
    )


def check_collected(collection_id: CollectionId, generation_id: GenerationId, tables: Tables) -> None:
    """Raise ConstraintBroken for what `collected` does not hold."""
    _hold(
        {
            "collection_id": collection_id in tables.collections,
            "generation_id": generation_id in tables.generations,
        }
    )


def check_upload(row: Upload, tables: Tables) -> None:
    """Raise ConstraintBroken for an upload that `uploads` does not hold beside the others."""
    taken = {key for other in tables.uploads.values() for key in other.object_keys}
    _hold(
        {
            "object_key": taken.isdisjoint(row.object_keys),
            "size_bytes": row.size_bytes > 0,
            "width": row.width > 0,
            "height": row.height > 0,
            "duration_s": row.duration_s >= 0,
            "sha256": len(row.sha256) == HASH_LENGTH,
            "source_sha256": len(row.source_sha256) == HASH_LENGTH,
            "blurhash": row.blurhash is None or len(row.blurhash) in BLURHASH_LENGTHS,
            "idempotency_key": 1 <= len(row.idempotency_key) <= KEY_LENGTH_MAX,
        }
    )


def check_awaited(row: AwaitedUpload, tables: Tables) -> None:
    """Raise ConstraintBroken for what `awaited_uploads` does not hold beside the others."""
    others = tables.awaited_uploads.values()
    key = (row.account_id, row.idempotency_key)
    _hold(
        {
            "object_key": all(other.object_key != row.object_key for other in others),
            "a key twice": all((other.account_id, other.idempotency_key) != key for other in others),
            "size_bytes_max": row.size_bytes_max > 0,
            "idempotency_key": 1 <= len(row.idempotency_key) <= KEY_LENGTH_MAX,
        }
    )


def check_use(row: UsedMedia, tables: Tables) -> None:
    """Raise ConstraintBroken for what `used_media` does not hold beside the rest."""
    key = (row.generation_id, row.media_id)
    _hold(
        {
            "generation_id": row.generation_id in tables.generations,
            "size_bytes": row.size_bytes > 0,
            "twice": all((other.generation_id, other.media_id) != key for other in tables.used_media),
        }
    )


def check_new(key: str, kept: Container[str]) -> None:
    """Raise ConstraintBroken for a primary key that is there."""
    _hold({key: key not in kept})


def _hold(constraints: Mapping[str, bool]) -> None:
    if broken := [name for name, holds in constraints.items() if not holds]:
        raise ConstraintBroken(", ".join(broken))
