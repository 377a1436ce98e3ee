"""What the ledger refuses, each with a stable reason."""

from collections.abc import Mapping
from datetime import date

from ledger.domain.identifiers import AccountId, RequestId


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


class NotAnAdmin(LedgerError):
    """Only an administrator decides that."""

    reason = "NOT_AN_ADMIN"


class AccountNotFound(LedgerError):
    """No such account. It is opened by its user's registration, or by what is granted to it."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: AccountId) -> None:
        super().__init__(f"no account {account_id}", details={"account_id": account_id})


class ReservationNotFound(LedgerError):
    """No such reservation, or it is another account's."""

    reason = "RESERVATION_NOT_FOUND"


class ChargeTooLarge(LedgerError):
    """A charge may take at most what was reserved."""

    reason = "CHARGE_TOO_LARGE"


class IdempotencyKeyReused(LedgerError):
    """The request id was used before, for another command."""

    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, request_id: RequestId) -> None:
        super().__init__(
            f"request {request_id} was used before for another command", details={"request_id": request_id}
        )


class PaymentOfAnotherAccount(LedgerError):
    """The payment's credits were granted to another account."""

    reason = "PAYMENT_OF_ANOTHER_ACCOUNT"


class PaymentAlreadyGranted(LedgerError):
    """The payment's credits were granted under another request id: one payment is one grant."""

    reason = "PAYMENT_ALREADY_GRANTED"


class CommandNotAllowed(LedgerError):
    """A caller may send in a batch only what it may send alone. Nothing of the batch was done."""

    reason = "COMMAND_NOT_ALLOWED"


class AbortedWithBatch(LedgerError):
    """Another command of the same atomic batch was refused, so this one was not done either."""

    reason = "ABORTED_WITH_BATCH"


class Overloaded(LedgerError):
    """Too many commands wait already. Nothing was done; try again after `retry_after_s`."""

    reason = "LEDGER_OVERLOADED"

    def __init__(self, *, waiting: int, retry_after_s: float) -> None:
        super().__init__(f"{waiting} commands are waiting; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class LedgerUnavailable(LedgerError):
    """The store does not answer. Whether the command was done is not known: ask again, same request id."""

    reason = "LEDGER_UNAVAILABLE"


class KeptRefusal(LedgerError):
    """A refusal that is kept with its request: the same request is refused again, whatever changed."""


class InsufficientCredits(KeptRefusal):
    """The account can't cover it. Nothing was held or taken."""

    reason = "INSUFFICIENT_CREDITS"

    @classmethod
    def of(cls, *, available_credits: int, required_credits: int) -> "InsufficientCredits":
        """Say how many are needed and how many there are."""
        return cls(
            f"{required_credits} credits are needed and {available_credits} are available",
            details={"available": str(available_credits), "required": str(required_credits)},
        )


class AccountInDebt(KeptRefusal):
    """Money that went back was spent already: nothing can be reserved until that is paid."""

    reason = "ACCOUNT_IN_DEBT"

    @classmethod
    def of(cls, debt_credits: int) -> "AccountInDebt":
        """Say how much is owed."""
        return cls(
            f"the account owes {debt_credits} credits for a payment that went back; "
            "the next purchase pays them first",
            details={"debt": str(debt_credits)},
        )


class BudgetExceeded(KeptRefusal):
    """The account has the credits, but a budget does not allow it."""

    reason = "BUDGET_EXCEEDED"

    @classmethod
    def of(
        cls, *, scope: str, period: str, limit: int, used: int, required: int, resets_on: date | None
    ) -> "BudgetExceeded":
        """Say which budget, how much of it is used, and when it starts anew (empty: never)."""
        resets_at = f"{resets_on.isoformat()}T00:00:00Z" if resets_on else ""
        when = f"; it starts anew at {resets_at}" if resets_at else ""
        return cls(
            f"{required} credits are needed and {used} of the {limit} that {scope} may spend "
            f"({period}) are used{when}",
            details={
                "scope": scope,
                "period": period,
                "limit": str(limit),
                "used": str(used),
                "resets_at": resets_at,
            },
        )


KEPT_REFUSALS = {error.reason: error for error in (InsufficientCredits, AccountInDebt, BudgetExceeded)}
