"""What the gateway refuses, each class one meaning; `reason` is the stable word that clients rely on."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from gateway.domain.identifiers import GenerationId
from gateway.domain.price import Price


class FieldProblem(NamedTuple):
    """One field of a request and what is wrong with it."""

    field: str
    detail: str


class GatewayError(Exception):
    """A refusal; the message is for people, `reason` for machines."""

    default_reason: ClassVar[str] = "GATEWAY_ERROR"

    def __init__(
        self, detail: str, *, reason: str | None = None, fields: Sequence[FieldProblem] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason or self.default_reason
        self.fields = tuple(fields)
        # Whoever asks again may pay twice: what was asked for runs all the same, or has been paid for.
        self.may_have_begun = False


class MalformedRequest(GatewayError):
    """The request can't be read at all: no JSON, a signature that does not fit."""

    default_reason = "MALFORMED_REQUEST"


class InvalidRequest(GatewayError):
    """The request was read, and a field breaks its rule."""

    default_reason = "INVALID_REQUEST"


class TooLarge(GatewayError):
    """The body has more bytes than one may."""

    default_reason = "BODY_TOO_LARGE"


class RangeNotSatisfiable(GatewayError):
    """What is asked for begins after the end, or has no byte; `size_bytes` is how many there are."""

    default_reason = "RANGE_NOT_SATISFIABLE"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"There are {size_bytes} bytes, and none of them was asked for.")
        self.size_bytes = size_bytes


class UnsupportedMediaType(GatewayError):
    """The body is in no form that is read here."""

    default_reason = "UNSUPPORTED_MEDIA_TYPE"


class Unauthenticated(GatewayError):
    """Nobody, or not who they say."""

    default_reason = "UNAUTHENTICATED"


class SecondFactorRequired(Unauthenticated):
    """The password was right, and a code is needed as well; `challenge` ends the sign-in with one.

    `has_passkeys` says whether the person may use a passkey in the code's place.
    """

    default_reason = "SECOND_FACTOR_REQUIRED"

    def __init__(self, detail: str, *, challenge: str, has_passkeys: bool) -> None:
        super().__init__(detail)
        self.challenge = challenge
        self.has_passkeys = has_passkeys


class Forbidden(GatewayError):
    """Known, and not allowed."""

    default_reason = "FORBIDDEN"


class NotFound(GatewayError):
    """Absent, or another user's."""

    default_reason = "NOT_FOUND"


class InsufficientCredits(GatewayError):
    """The account could not cover the generation at `decided_at`: nothing was held and nothing ran.

    `replayed` when that was decided for an earlier request with the same key.
    """

    default_reason = "INSUFFICIENT_CREDITS"

    def __init__(
        self,
        detail: str,
        *,
        balance_credits: int,
        required_credits: int,
        generation_id: GenerationId,
        decided_at: str | None = None,
        replayed: bool = False,
    ) -> None:
        super().__init__(detail)
        self.balance_credits = balance_credits
        self.required_credits = required_credits
        self.generation_id = generation_id
        self.decided_at = decided_at
        self.replayed = replayed


class Conflict(GatewayError):
    """Not in the state that it is in now."""

    default_reason = "CONFLICT"


class PriceChanged(Conflict):
    """It costs something else than whoever buys was shown; `price` says what, where that is known."""

    default_reason = "PRICE_CHANGED"

    def __init__(self, detail: str, *, price: Price | None) -> None:
        super().__init__(detail)
        self.price = price


class IdempotencyKeyReused(GatewayError):
    """The key came before with another body."""

    default_reason = "IDEMPOTENCY_KEY_REUSED"


class RateLimited(GatewayError):
    """Too much for now; the same request may succeed after `retry_after_s`."""

    default_reason = "RATE_LIMITED"

    def __init__(self, detail: str, *, retry_after_s: int, reason: str | None = None) -> None:
        super().__init__(detail, reason=reason)
        self.retry_after_s = retry_after_s


class Unavailable(GatewayError):
    """Something this request needs is down; trying again soon may help."""

    default_reason = "UNAVAILABLE"


class OutOfOrder(GatewayError):
    """Something this request needs is set up wrongly: trying again helps once an operator mended it."""

    default_reason = "OUT_OF_ORDER"


class GenerationFailed(GatewayError):
    """The generation that was waited for came to nothing, and costs nothing."""

    default_reason = "GENERATION_FAILED"


class WaitOver(GatewayError):
    """The generation that was waited for takes longer than a request may."""

    default_reason = "WAIT_OVER"


class TimedOut(GatewayError):
    """Something needed is too slow; whether it was done is not known: repeat with the same key."""

    default_reason = "TIMED_OUT"


class InternalFailure(GatewayError):
    """Our own bug, here or in a service behind; says nothing more."""

    default_reason = "INTERNAL"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side. It was recorded.")
