"""What a step of a shared transaction looks at."""

from dataclasses import dataclass

from generation.domain.identifiers import AccountId, AttemptId, EventId, GenerationId


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a step looks at first, if anything: many steps' are looked at together."""

    # Whose rows alone it sees, with those of others that it shares its transaction with; None: everybody's.
    account_id: AccountId | None = None
    # It is asked for by `with_key`, and its account by `is_begun`: a job that may be new.
    idempotency_key: str | None = None
    # It is looked at by `lock`.
    generation_id: GenerationId | None = None
    # It is recorded by `first_time`.
    event_id: EventId | None = None
    # It is looked at by `leased`.
    attempt_id: AttemptId | None = None
