"""Stops a job whose asker got no answer, and knows it by its key alone."""

from dataclasses import dataclass

from generation.application.cancel_generation import CancelGenerationHandler
from generation.domain.errors import GenerationFinished, GenerationNotFound
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class WithdrawGenerationHandler:
    """Cancels the job that was asked for with a key, also while its reservation is open.

    Whoever hears of the reservation afterwards ends the job, and its credits come back. What is being stored
    is waited for. Idempotent. Raises GenerationNotFound where no job has the key.
    """

    units: UnitsOfWork
    cancel: CancelGenerationHandler

    async def __call__(self, account_id: AccountId, idempotency_key: str) -> Generation:
        """Return it as it is afterwards; one that had ended is left alone."""
        if (job := await self._with(account_id, idempotency_key)) is None:
            raise GenerationNotFound("no generation was asked for with this key")
        if job.is_terminal:
            return job
        try:
            return await self.cancel(account_id, job.generation_id)
        except GenerationFinished:
            # It ended in between.
            return await self._with(account_id, idempotency_key) or job

    async def _with(self, account_id: AccountId, idempotency_key: str) -> Generation | None:
        async with self.units.of(account_id) as work:
            # A call that was given up may have a transaction on its way: nobody would stop its job later.
            await work.erasures.wait_for_stores(account_id)
            return await work.generations.with_key(account_id, idempotency_key)
