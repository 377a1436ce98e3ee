"""The part of generation in memory that a worker does, when a test says so."""

import secrets
from datetime import timedelta

from gateway.adapters.outbound.memory.generation_state import MemoryGenerationState
from gateway.domain.generation import Generation, GenerationStatus, Output
from gateway.domain.identifiers import GenerationId, OutputId


class MemoryWorker(MemoryGenerationState):
    """Jobs that begin and end."""

    def start(self, generation_id: GenerationId) -> Generation:
        """Give a job to a worker."""
        return self._change(generation_id, status=GenerationStatus.PROCESSING, started_at=self.clock.now())

    def finish(self, generation_id: GenerationId, status: GenerationStatus) -> Generation:
        """End a job as the worker does: with an output and a charge, or with a refund."""
        job = self.jobs[generation_id]
        succeeded = status is GenerationStatus.SUCCEEDED
        charged = job.credits_reserved if succeeded else 0
        self.ledger.settle(generation_id, charged_credits=charged)
        ended = self._change(
            generation_id,
            status=status,
            progress=1.0 if succeeded else job.progress,
            outputs=(self._output(),) if succeeded else (),
            credits_charged=charged,
            credits_refunded=job.credits_reserved - charged,
            finished_at=self.clock.now(),
        )
        if charged:
            self.charged.append(ended)
        return ended

    def _output(self) -> Output:
        output_id = f"out_{secrets.token_hex(16)}"
        return Output(
            output_id=OutputId(output_id),
            media_type="image/png",
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
