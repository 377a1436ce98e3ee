"""Outputs, and objects that are due for removal, in memory, for tests."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from generation.adapters.outbound.memory_constraints import check_outputs
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.identifiers import GenerationId, OutputId
from generation.domain.output import Output, Part


class MemoryOutputs:
    """Outputs in a list."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, outputs: Sequence[Output]) -> None:
        check_outputs(outputs, self._tables)
        self._tables.outputs.extend(replace(output, content=None, answer=None) for output in outputs)
        self._tables.texts.update({output.output_id: output.texts for output in outputs if output.texts})

    async def of(self, generations: Collection[GenerationId]) -> Sequence[Output]:
        rows = [row for row in self._there() if row.generation_id in generations]
        return sorted(rows, key=lambda row: row.position)

    async def with_ids(self, output_ids: Collection[OutputId]) -> Sequence[Output]:
        return [row for row in self._there() if row.output_id in output_ids]

    async def text(self, output_id: OutputId, part: Part) -> bytes | None:
        return self._tables.texts.get(output_id, {}).get(part)

    async def remove(self, generation_id: GenerationId) -> Sequence[Output]:
        removed = [row for row in self._tables.outputs if row.generation_id == generation_id]
        self._tables.outputs = [row for row in self._tables.outputs if row not in removed]
        self._forget_texts(removed)
        return sorted(removed, key=lambda row: row.position)

    async def expire(self, generation_id: GenerationId, *, now: datetime) -> Sequence[Output]:
        expired = [replace(row, expired_at=now) for row in await self.of([generation_id])]
        gone = {row.output_id for row in expired}
        kept = [row for row in self._tables.outputs if row.output_id not in gone]
        self._tables.outputs = [*kept, *expired]
        self._forget_texts(expired)
        return expired

    def _forget_texts(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            self._tables.texts.pop(output.output_id, None)

    def _there(self) -> list[Output]:
        return [row for row in self._tables.outputs if row.expired_at is None]


class MemoryDeletions:
    """Due keys in a dictionary."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = tables.deletions

    async def schedule(self, keys: Collection[str], *, due_at: datetime) -> None:
        self._rows.update(dict.fromkeys(keys, due_at))

    async def forget(self, keys: Collection[str]) -> None:
        for key in keys:
            self._rows.pop(key, None)

    async def claim_due(self, *, now: datetime, again_at: datetime, limit: int) -> Sequence[str]:
        needed = {
            use.object_key
            for use in self._tables.used_media
            if not self._tables.generations[use.generation_id].is_terminal
        }
        due = [k for k, due_at in sorted(self._rows.items()) if due_at <= now and k not in needed][:limit]
        self._rows.update(dict.fromkeys(due, again_at))
        return due
