"""What the ledger refuses, each with a stable reason."""

from collections.abc import Mapping


class LedgerError(Exception):
    """A refusal. `reason` never changes; `details` are for machines, the message is for people."""

    reason = "LEDGER_ERROR"

    def __init__(self, message: str, *, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.details: Mapping[str, str] = details or {}


class InvalidField(LedgerError):
    """A value is out of its bounds."""

    reason = "INVALID_FIELD"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", details={"field": field})
        self.field = field


class InsufficientCredits(LedgerError):
    """The account can't cover the reservation. Nothing was held."""

    reason = "INSUFFICIENT_CREDITS"

    def __init__(self, *, available_credits: int, required_credits: int) -> None:
        super().__init__(
            f"{required_credits} credits are needed and {available_credits} are available",
            details={"available": str(available_credits), "required": str(required_credits)},
        )
        self.available_credits = available_credits
        self.required_credits = required_credits


class ReservationNotFound(LedgerError):
    """No such reservation, or it is another account's."""

    reason = "RESERVATION_NOT_FOUND"


class ChargeTooLarge(LedgerError):
    """A charge may take at most what was reserved."""

    reason = "CHARGE_TOO_LARGE"


class IdempotencyKeyReused(LedgerError):
    """The request id was used before, for another command."""

    reason = "IDEMPOTENCY_KEY_REUSED"
