"""Starts a job in the process that has the call which asked for it."""

from dataclasses import dataclass
from datetime import timedelta

from generation.application.provider_gate import ProviderGate
from generation.application.reserve_credits import CreditReserver, locked
from generation.application.shared_step import after_it_was_kept, shared_unless_refused
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt
from generation.domain.events import released
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AttemptId, GenerationId
from generation.domain.model import Model
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.ledger import KeyLimitReached, Refusal, Reservation
from generation.ports.needs import Needs
from generation.ports.provider_guard import Call
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

# Between its being stored and its being started there is one call of the ledger.
START_WITHIN_S = 60


@dataclass(frozen=True)
class InCallStarter:
    """Asks the ledger, and leases the job to this process."""

    units: UnitsOfWork
    credits: CreditReserver
    ids: IdSource
    clock: Clock
    gate: ProviderGate
    worker: str
    lease_s: float

    async def start(self, generation: Generation, model: Model) -> Job | Generation:
        """Return the job to run; as it is where it ended, was refused, or runs in another call.

        Raises LedgerUnavailable, after which nothing changed, and StorageUnavailable.
        """
        answer = await self.credits.asked(generation)

        async def begin(work: UnitOfWork) -> Job | Generation:
            return await self._begun(work, generation.generation_id, answer, model)

        needs = Needs(account_id=generation.account_id, generation_id=generation.generation_id)
        with after_it_was_kept():
            return await shared_unless_refused(self.units, begin, needs)

    async def _begun(
        self,
        work: UnitOfWork,
        generation_id: GenerationId,
        answer: Reservation | Refusal | KeyLimitReached,
        model: Model,
    ) -> Job | Generation:
        """Write down what the ledger said and lease the job to this process."""
        if isinstance(answer, Refusal | KeyLimitReached):
            return await self.credits.reject(work, generation_id, answer)
        current, now = await locked(work, generation_id), self.clock.now()
        if current.status is Status.PROCESSING:
            return current
        held = current.funded(answer.reservation_id, now=now)
        if held.is_terminal:
            # Its user cancelled it, or a sweeper was quicker: what was reserved goes back.
            if held != current:
                await work.generations.save(held)
                await work.publish(released(held, now=now))
            return held
        started = held.started(now=now, deadline_at=now + timedelta(seconds=model.deadline_s))
        attempt = Attempt(
            attempt_id=AttemptId(self.ids.new("att")),
            generation_id=generation_id,
            account_id=started.account_id,
            number=1,
            provider=self._first_open(started),
            worker=self.worker,
            lease_until=now + timedelta(seconds=self.lease_s),
            started_at=now,
        )
        await work.generations.save(started)
        await work.attempts.add(attempt)
        return Job(started, attempt)

    def _first_open(self, generation: Generation) -> str:
        calls = (
            Call(name, generation.model_id, generation.generation_id) for name in generation.provider_order
        )
        is_open = (call.provider for call in calls if self.gate.closed_until(call) is None)
        return next(is_open, generation.provider_order[0])
