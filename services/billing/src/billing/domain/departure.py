"""Whether an account is about to be erased, as identity told it last. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.errors import AccountLeaving
from billing.domain.identifiers import ProcessorSubscriptionId, UserId


@dataclass(frozen=True, kw_only=True)
class Departure:
    """One an account of which that was ever told. Of what is told the highest `revision` counts."""

    user_id: UserId
    revision: int
    # None: the account stays.
    erased_from: datetime | None
    # The paid plan that was set to end because of it, and is set back if the account stays.
    set_to_end: ProcessorSubscriptionId | None = None
    # When the payment processor is asked about it next.
    due_at: datetime | None

    @property
    def is_leaving(self) -> bool:
        """Whether nothing may be begun that would be lost, nor renewed that costs money."""
        return self.erased_from is not None

    def require_staying(self) -> None:
        """Raise AccountLeaving while the account is about to be erased."""
        if self.erased_from is not None:
            raise AccountLeaving(self.erased_from)

    def looked_at(self, next_at: datetime) -> "Departure":
        """Return it with all of it done for now: it is looked at again while the account leaves."""
        return (
            replace(self, due_at=next_at) if self.is_leaving else replace(self, set_to_end=None, due_at=None)
        )
