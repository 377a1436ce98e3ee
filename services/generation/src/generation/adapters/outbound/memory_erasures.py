"""Accounts that are erased, in memory, for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from generation.adapters.outbound.memory_tables import Tables
from generation.domain.generation import Failure, Generation
from generation.domain.identifiers import AccountId, GenerationId

# For as long as the store may still take a file that is sent to it.
_AWAITED = timedelta(hours=2)


class MemoryErasures:
    """When each was begun and finished, in dictionaries."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def begin(self, account_id: AccountId, *, now: datetime) -> bool:
        if account_id in self._tables.erasures:
            return False
        self._tables.erasures[account_id] = None
        return True

    async def is_begun(self, account_id: AccountId) -> bool:
        return account_id in self._tables.erasures

    async def wait_for_stores(self, account_id: AccountId) -> None:
        """Nobody else's transaction is open."""

    async def unfinished(self, *, after: AccountId | None = None, limit: int) -> Sequence[AccountId]:
        left = (each for each, finished_at in self._tables.erasures.items() if finished_at is None)
        return sorted(each for each in left if after is None or each > after)[:limit]

    async def open_jobs(self, account_id: AccountId, *, limit: int) -> Sequence[GenerationId]:
        return sorted(row.generation_id for row in self._jobs(account_id) if not row.is_terminal)[:limit]

    async def erase(self, account_id: AccountId, *, now: datetime, limit: int) -> int:
        tables = self._tables
        jobs = {row.generation_id for row in self._jobs(account_id)}
        outputs = [row for row in tables.outputs if row.generation_id in jobs][:limit]
        tables.outputs = [row for row in tables.outputs if row not in outputs]
        for output in outputs:
            tables.texts.pop(output.output_id, None)
        uploads = [row for row in tables.uploads.values() if row.account_id == account_id][:limit]
        awaited = [row for row in tables.awaited_uploads.values() if row.account_id == account_id][:limit]
        for upload in uploads:
            del tables.uploads[upload.upload_id]
        for each in awaited:
            del tables.awaited_uploads[each.upload_id]
            tables.deletions[each.object_key] = now + _AWAITED
        keys = [key for output in outputs for key in output.object_keys]
        keys += [key for upload in uploads for key in upload.object_keys]
        tables.deletions.update(dict.fromkeys(keys, now))
        shares = [key for key, share in tables.shares.items() if share.generation_id in jobs][:limit]
        for share_id in shares:
            del tables.shares[share_id]
        collections = [key for key, row in tables.collections.items() if row.account_id == account_id]
        for collection_id in collections[:limit]:
            del tables.collections[collection_id]
        tables.collected = {pair for pair in tables.collected if pair[1] not in jobs}
        tables.used_media = [use for use in tables.used_media if use.generation_id not in jobs]
        copies = tables.entitlements.pop(account_id, None) is not None
        tries = [row for row in tables.attempts.values() if row.generation_id in jobs]
        for answered in [row.attempt_id for row in tries if row.attempt_id in tables.answers]:
            del tables.answers[answered]
        told = [row for row in tries if row.detail or row.run_id][:limit]
        for attempt in told:
            tables.attempts[attempt.attempt_id] = replace(attempt, detail=None, run_id=None)
        written = [row for row in self._jobs(account_id) if row.fingerprint][:limit]
        for job in written:
            tables.generations[job.generation_id] = _bare(job, now)
        kept = len(shares) + len(collections[:limit]) + copies
        return kept + len(outputs) + len(uploads) + len(awaited) + len(told) + len(written)

    async def finish(self, account_id: AccountId, *, now: datetime) -> bool:
        if self._tables.erasures[account_id] is not None:
            return False
        self._tables.erasures[account_id] = now
        return True

    def _jobs(self, account_id: AccountId) -> list[Generation]:
        return [row for row in self._tables.generations.values() if row.account_id == account_id]


def _bare(job: Generation, now: datetime) -> Generation:
    return replace(
        job,
        input={},
        metadata={},
        price=replace(job.price, breakdown=""),
        fingerprint="",
        idempotency_key=job.generation_id,
        key=replace(job.key, name="") if job.key else None,
        is_favourite=False,
        failure=Failure(job.failure.reason, "") if job.failure else None,
        deleted_at=job.deleted_at or now,
        purge_at=None,
    )
