"""Keeps a chat's answer: its texts as outputs, and the whole of it for whoever asks again."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from generation.application.deliver_outputs import ORPHAN_AFTER, OutputDeliverer
from generation.application.start_generation import Job
from generation.application.sweep_deadlines import PROCESSING_GRACE
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Generation
from generation.domain.output import Output, Part, answer_key
from generation.domain.token_usage import TokenUsage
from generation.ports.chat_provider import ChatAnswer
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable
from generation.ports.media_store import StoreUnavailable

# The chunks were passed on: a store that is away keeps nobody from being charged for longer than this.
KEEP_WITHIN_S = 20.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Record:
    """A document of ours, to be stored as what providers make is."""

    content: bytes

    async def stream(self) -> AsyncIterator[bytes]:
        """See RunOutput."""
        yield self.content


@dataclass(frozen=True)
class WholeAnswer:
    """What a repeated call is answered with: a chat.completion, and what was used."""

    completion: bytes
    usage: TokenUsage


@dataclass(frozen=True)
class AnswerKeeper:
    """What can't be kept in time is not kept: its client has read it.

    Of a chat without a key of its client's the texts are kept alone: nobody can ask for it again.
    """

    outputs: OutputDeliverer
    keep_within_s: float = KEEP_WITHIN_S

    async def kept(self, job: Job, answer: ChatAnswer) -> Sequence[Output]:
        """Return the outputs that were stored, in order of the choices."""
        # One of its own, which nobody cancels: what was paid for is kept.
        delivering = Job(job.generation, job.attempt)
        try:
            async with asyncio.timeout(self._left_s(job)):
                delivery = await self.outputs.deliver(delivering, answer.run)
                if not job.generation.has_own_key:
                    return delivery.outputs
                return await self._with_answer(job.generation, delivery.outputs, answer)
        except (TimeoutError, IntakeUnavailable) as away:
            log.error("answer is not kept", attempt_id=job.attempt.attempt_id, error=repr(away))
            return ()

    def _left_s(self, job: Job) -> float:
        """Return what there is of time before a sweeper would end the job unpaid: half is for settling it."""
        ends_at = job.generation.deadline_at + PROCESSING_GRACE / 2
        left_s = (ends_at - self.outputs.clock.now()).total_seconds()
        return max(0.0, min(self.keep_within_s, left_s))

    async def whole(self, outputs: Sequence[Output]) -> WholeAnswer | None:
        """Return what was kept beside these; None where nothing was.

        Raises StoreUnavailable and StorageUnavailable.
        """
        kept = await self._kept_with(outputs[0]) if outputs else None
        if kept is None:
            return None
        document = json.loads(kept)
        return WholeAnswer(_json(document["completion"]), TokenUsage(**document["usage"]))

    async def _kept_with(self, first: Output) -> bytes | None:
        if first.answer_key is not None:
            return await self.outputs.store.read(first.answer_key, size_bytes_max=ANSWER_BYTES_MAX)
        async with self.outputs.units.of(first.account_id) as work:
            return await work.outputs.text(first.output_id, Part.ANSWER)

    async def _with_answer(
        self, generation: Generation, outputs: Sequence[Output], answer: ChatAnswer
    ) -> Sequence[Output]:
        if not outputs:
            return outputs
        first, *others = outputs
        document = {"completion": answer.completion, "usage": asdict(answer.usage)}
        content = await asyncio.to_thread(_json, document)
        try:
            return [await self._put(first, content, generation), *others]
        except (StoreUnavailable, StorageUnavailable, OutputUnusable) as away:
            log.warning("answer is not kept whole", generation_id=generation.generation_id, error=str(away))
            return outputs
        except Exception:
            # Whatever our own client stumbled over: what was read is charged.
            log.exception("answer is not kept whole", generation_id=generation.generation_id)
            return outputs

    async def _put(self, first: Output, content: bytes, generation: Generation) -> Output:
        keeper = self.outputs
        key = answer_key(generation.account_id, generation.generation_id, first.output_id)
        async with keeper.intake.receive(Record(content), modality=generation.modality) as media:
            if media.content is not None:
                return replace(first, answer=media.content)
            async with keeper.units.of_system() as work:
                await work.deletions.schedule([key], due_at=keeper.clock.now() + ORPHAN_AFTER)
            await keeper.store.put(key, media)
        return replace(first, answer_key=key)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
