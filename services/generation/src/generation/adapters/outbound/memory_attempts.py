"""Attempts, and what their calls came to, in memory, for tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from generation.adapters.outbound.memory_constraints import check_attempt, check_new
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Generation
from generation.domain.identifiers import AttemptId, GenerationId, RunId
from generation.ports.answers import StoredAnswer

PIECE_BYTES = 4


class MemoryAttempts:
    """Attempts in a dictionary."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = tables.attempts
        self._living = tables.living
        self._generations = tables.generations

    async def add(self, attempt: Attempt) -> None:
        check_new(attempt.attempt_id, self._rows)
        self._keep(attempt)

    async def save(self, attempt: Attempt) -> None:
        self._keep(
            replace(
                self._rows[attempt.attempt_id],
                run_id=attempt.run_id,
                outcome=attempt.outcome,
                detail=attempt.detail,
                reason=attempt.reason,
                finished_at=attempt.finished_at,
                not_before=attempt.not_before,
                cost=attempt.cost,
                output_count=attempt.output_count,
                tokens=attempt.tokens,
            )
        )

    async def leased(self, attempt_id: AttemptId, *, worker: str) -> Attempt | None:
        row = self._rows.get(attempt_id)
        held = row and row.outcome is Outcome.RUNNING and row.worker == worker and row.not_before is None
        return row if held else None

    async def running(self, generation_id: GenerationId) -> Attempt | None:
        rows = await self.of(generation_id)
        return next((row for row in rows if row.outcome is Outcome.RUNNING), None)

    async def of(self, generation_id: GenerationId) -> Sequence[Attempt]:
        rows = [row for row in self._rows.values() if row.generation_id == generation_id]
        return sorted(rows, key=lambda row: row.number)

    async def of_run(self, provider: str, run_id: RunId) -> Attempt | None:
        rows = [row for row in self._rows.values() if (row.provider, row.run_id) == (provider, run_id)]
        return max(rows, key=lambda row: row.started_at, default=None)

    async def renew(
        self, attempts: Collection[AttemptId], *, worker: str, lease_until: datetime
    ) -> Mapping[AttemptId, bool]:
        kept = {}
        for attempt_id in attempts:
            if row := await self.leased(attempt_id, worker=worker):
                self._rows[attempt_id] = replace(row, lease_until=lease_until)
                kept[attempt_id] = self._generations[row.generation_id].cancel_requested
        return kept

    async def lock_due(
        self, *, now: datetime, excluding: Collection[AttemptId], limit: int
    ) -> Sequence[Attempt]:
        due = [
            row
            for row in self._rows.values()
            if row.outcome is Outcome.RUNNING and row.lease_until <= now and row.attempt_id not in excluding
        ]
        return sorted(due, key=lambda row: row.lease_until)[:limit]

    async def living(self, workers: Collection[str]) -> Collection[str]:
        return self._living & set(workers)

    async def lease(self, attempt: Attempt) -> None:
        self._keep(
            replace(
                self._rows[attempt.attempt_id],
                provider=attempt.provider,
                worker=attempt.worker,
                lease_until=attempt.lease_until,
                not_before=attempt.not_before,
                submitted=attempt.submitted,
                tries=attempt.tries,
                started_at=attempt.started_at,
            )
        )

    async def release(self, *, worker: str, now: datetime) -> None:
        for row in list(self._rows.values()):
            if await self.leased(row.attempt_id, worker=worker):
                self._rows[row.attempt_id] = replace(row, lease_until=now, not_before=now)

    def _keep(self, attempt: Attempt) -> None:
        check_attempt(attempt, self._tables)
        self._rows[attempt.attempt_id] = attempt


class MemoryAnswers:
    """Answers in a dictionary, their bytes cut into very small pieces."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def keep(self, key: AttemptId, answer: StoredAnswer) -> None:
        attempt = self._tables.attempts.get(key)
        if attempt and not self._tables.generations[attempt.generation_id].is_terminal:
            self._tables.answers.setdefault(key, answer)

    async def document(self, key: AttemptId) -> str | None:
        answer = self._tables.answers.get(key)
        return answer.document if answer else None

    async def piece(self, key: AttemptId, *, output: int, number: int) -> bytes | None:
        answer = self._tables.answers.get(key)
        content = (answer.contents[output] if answer else None) or b""
        return content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES] or None

    async def forget(self, generation_id: GenerationId) -> None:
        for key in [key for key in self._tables.answers if self._job(key).generation_id == generation_id]:
            del self._tables.answers[key]

    async def forget_ended(self, *, limit: int) -> int:
        late = [key for key in self._tables.answers if self._job(key).is_terminal][:limit]
        for key in late:
            del self._tables.answers[key]
        return len(late)

    def _job(self, key: AttemptId) -> Generation:
        return self._tables.generations[self._tables.attempts[key].generation_id]
