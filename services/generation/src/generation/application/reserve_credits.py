"""Asks the ledger for a job's credits and writes down its answer."""

from dataclasses import dataclass

from generation.application.shared_step import after_it_was_kept
from generation.domain.events import queued, released
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId, ReservationId
from generation.ports.clock import Clock
from generation.ports.ledger import KeyLimitReached, Ledger, Refusal, Reservation
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

# A reservation outlives its job by this much, so that the ledger never gives back the credits of a
# job that may still deliver.
RESERVATION_MARGIN_S = 3600


@dataclass(frozen=True)
class CreditReserver:
    """Idempotent: the API, a replay and the sweeper may all do it for the same job."""

    units: UnitsOfWork
    ledger: Ledger
    clock: Clock
    deadline_s_max: int
    queue_timeout_s: int

    async def reserve(self, generation: Generation) -> Generation:
        """Return the job after the ledger's answer.

        Raises LedgerUnavailable, after which nothing changed, and StorageUnavailable.
        """
        answer = await self.asked(generation)

        async def write_down(work: UnitOfWork) -> Generation:
            if isinstance(answer, Refusal | KeyLimitReached):
                return await self.reject(work, generation.generation_id, answer)
            current = await locked(work, generation.generation_id)
            return await hold(work, current, answer.reservation_id, clock=self.clock)

        needs = Needs(account_id=generation.account_id, generation_id=generation.generation_id)
        with after_it_was_kept():
            return await self.units.shared(write_down, needs)

    async def asked(self, generation: Generation) -> Reservation | Refusal | KeyLimitReached:
        """Return the ledger's answer, which is still to be written down. Raises LedgerUnavailable."""
        return await self.ledger.reserve(
            generation.generation_id,
            generation.account_id,
            amount_credits=generation.price.credits,
            ttl_s=self.queue_timeout_s + self.deadline_s_max + RESERVATION_MARGIN_S,
            key=generation.key,
        )

    async def reject(
        self, work: UnitOfWork, generation_id: GenerationId, answer: Refusal | KeyLimitReached
    ) -> Generation:
        """Write down that the ledger refused; return the job as it is then."""
        current, now = await locked(work, generation_id), self.clock.now()
        if isinstance(answer, Refusal):
            rejected = current.rejected(available=answer.available, owed=answer.owed, now=now)
        else:
            rejected = current.over_its_keys_limit(
                limit=answer.limit, used=answer.used, resets_on=answer.resets_on, now=now
            )
        await work.generations.save(rejected)
        return rejected


async def hold(
    work: UnitOfWork, current: Generation, reservation_id: ReservationId, *, clock: Clock
) -> Generation:
    """Write the reservation of a locked job down, whoever hears of it first: the API or the worker.

    A job that had ended before its reservation was known ends again in public, so that the ledger
    gives the credits back.
    """
    held = current.funded(reservation_id, now=clock.now())
    if held == current:
        return current
    await work.generations.save(held)
    if held.status is Status.QUEUED:
        await work.publish(queued(held, now=clock.now()))
    elif held.is_terminal:
        await work.publish(released(held, now=clock.now()))
    return held


async def locked(work: UnitOfWork, generation_id: GenerationId) -> Generation:
    """Return a job that must be there, locked."""
    generation = await work.generations.lock(generation_id)
    if generation is None:
        raise LookupError(f"{generation_id} is gone: rows are never deleted")
    return generation
