"""The part of generation in memory that a worker does, when a test says so."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from gateway.adapters.outbound.memory.generation_state import MemoryGenerationState
from gateway.domain.errors import MalformedRequest, NotFound
from gateway.domain.generation import Failure, Generation, GenerationStatus, Modality, Output
from gateway.domain.identifiers import AttemptId, GenerationId, OutputId
from gateway.domain.usage import AttemptOutcome, AttemptUsage


class MemoryWorker(MemoryGenerationState):
    """Jobs that begin and end."""

    async def receive_webhook(
        self, provider: str, *, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> None:
        """See Generations: `local` calls, signs by its name, and its bodies are its runs' names."""
        if provider != "local":
            raise NotFound("No such run is waited for.", reason="RUN_NOT_FOUND")
        if headers.get("signature") != provider:
            raise MalformedRequest("The signature does not fit.", reason="INVALID_SIGNATURE")
        run = (provider, body.decode())
        if run not in self.runs:
            raise NotFound("No such run is waited for.", reason="RUN_NOT_FOUND")
        self.told_of.append(run)

    def start(self, generation_id: GenerationId) -> Generation:
        """Give a job to a worker."""
        now, job = self.clock.now(), self.jobs[generation_id]
        key = next((new.key for new, made in self.keys.values() if made == generation_id), None)
        tried = AttemptUsage(
            attempt_id=AttemptId(f"att_{len(self.tries) + 1:032x}"),
            generation_id=generation_id,
            model_id=job.model_id,
            provider="local",
            outcome=AttemptOutcome.RUNNING,
            reason=None,
            started_at=now,
            finished_at=None,
            output_count=0,
            tokens=None,
            credits=0,
            api_key_id=key.key_id if key else None,
            api_key_name=key.terms.name if key else None,
        )
        self.tries[tried.attempt_id] = (job.account_id, tried)
        return self._change(generation_id, status=GenerationStatus.PROCESSING, started_at=now)

    def finish(
        self, generation_id: GenerationId, status: GenerationStatus, *, failure: Failure | None = None
    ) -> Generation:
        """End a job as the worker does: with an output and a charge, or with a refund."""
        job = self.jobs[generation_id]
        succeeded = status is GenerationStatus.SUCCEEDED
        charged = job.credits_reserved if succeeded else 0
        self.ledger.settle(generation_id, charged_credits=charged)
        ended = self._change(
            generation_id,
            status=status,
            progress=1.0 if succeeded else job.progress,
            outputs=(self._output(job.modality),) if succeeded else (),
            credits_charged=charged,
            credits_refunded=job.credits_reserved - charged,
            finished_at=self.clock.now(),
            failure=failure,
        )
        self._end_try(ended)
        if charged:
            self.charged.append(ended)
        return ended

    def _end_try(self, ended: Generation) -> None:
        for attempt_id, (account_id, tried) in self.tries.items():
            if tried.generation_id == ended.generation_id and ended.finished_at:
                over = replace(
                    tried,
                    outcome=AttemptOutcome(ended.status),
                    finished_at=ended.finished_at,
                    output_count=len(ended.outputs),
                    credits=ended.credits_charged,
                )
                self.tries[attempt_id] = (account_id, over)

    def _output(self, modality: Modality) -> Output:
        output_id = f"out_{secrets.token_hex(16)}"
        return Output(
            output_id=OutputId(output_id),
            media_type="audio/mpeg" if modality is Modality.AUDIO else "image/png",
            size_bytes=1024,
            width=512,
            height=512,
            duration_s=0.0,
            sha256="0" * 64,
            url=f"https://media.example/{output_id}?signature=x",
            download_url=f"https://media.example/{output_id}?signature=x&download=1",
            expires_at=self.clock.now() + timedelta(minutes=15),
            blurhash="LxH14G2ZwxW=mtWWjtf7g0fjfQfj",
            thumbnail_url=f"https://media.example/{output_id}.thumbnail?signature=x",
        )
