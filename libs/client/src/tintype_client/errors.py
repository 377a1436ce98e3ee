"""What can go wrong: refusals of the API by their reason, and what happens on the way to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tintype_client.answers import Generation


class TintypeError(Exception):
    """Whatever this library raises."""


class ConnectionFailed(TintypeError):
    """The API, or its store of files, could not be reached, or broke off; it was tried again before."""


class UnexpectedAnswer(TintypeError):
    """The answer is none of this API's: a wrong address, or a proxy between."""


class DownloadBroken(TintypeError):
    """The bytes that came are not those that the generation made."""


class StoreRefused(TintypeError):
    """The store of files refused: an address that expired, or a file that is larger than was said."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the store of files answered {status}")
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes."""
        return type(self), (self.status,)


class InvalidCall(TintypeError, ValueError):
    """What was asked for can't be sent."""


class InvalidSignature(TintypeError):
    """A webhook is not from who it says, is too old, or was changed on its way."""


class StillRunning(TintypeError, TimeoutError):
    """The time to wait is over and the generation runs on: ask for its `result` again, or `cancel` it."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(f"{generation.id} is {generation.status}")
        self.generation = generation

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes."""
        return type(self), (self.generation,)


class GenerationEnded(TintypeError):
    """A generation ended without files; its credits were returned."""

    def __init__(self, generation: Generation) -> None:
        error = generation.error
        super().__init__(
            f"{generation.id} {generation.status}" + (f": {error.reason}: {error.detail}" if error else "")
        )
        self.generation = generation
        self.reason = error.reason if error else None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes."""
        return type(self), (self.generation,)


class GenerationFailed(GenerationEnded):
    """Nothing came out; `reason` says why."""


class GenerationCancelled(GenerationEnded):
    """Somebody stopped it."""


class GenerationRejected(GenerationEnded):
    """It was not begun."""


@dataclass(frozen=True)
class InvalidField:
    """A field of the request and what is wrong with it."""

    field: str
    detail: str


class ApiError(TintypeError):
    """A refusal (RFC 9457): `status`, a stable `reason`, `detail` for people, `trace_id` for support."""

    def __init__(
        self, status: int, problem: Mapping[str, Any], *, retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.reason = str(problem.get("reason", f"HTTP_{status}"))
        self.detail = str(problem.get("detail", ""))
        self.trace_id = str(problem.get("trace_id", ""))
        self.errors = tuple(_invalid_fields(problem.get("errors")))
        self.retry_after_s = retry_after_s
        self.problem = problem
        """The whole document."""
        super().__init__(f"{self.reason}: {self.detail}" if self.detail else self.reason)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes."""
        return _again, (type(self), self.status, dict(self.problem), self.retry_after_s)


class BadRequest(ApiError):
    """400: what was sent can't be read."""


class Unauthenticated(ApiError):
    """401: no key, or one that is not good (any more)."""


class PaymentRequired(ApiError):
    """402."""


class Forbidden(ApiError):
    """403: not with this key, or not on this plan."""


class NotFound(ApiError):
    """404: there is no such thing, or it is another account's."""


class Conflict(ApiError):
    """409: not in its state."""


class TooLarge(ApiError):
    """413."""


class UnsupportedMedia(ApiError):
    """415."""


class RangeNotSatisfiable(ApiError):
    """416: the file has no such part."""


class InvalidRequest(ApiError):
    """422: `errors` names the fields that are wrong."""


class RateLimited(ApiError):
    """429: too much at once, or too much of it today; `retry_after_s` says when it may succeed."""


class ServerError(ApiError):
    """5xx: not the caller's fault."""


class Unavailable(ServerError):
    """503 and 504: something is down or slow; it was tried again before."""


class InsufficientCredits(PaymentRequired):
    """The account can't cover it: nothing was held and nothing ran."""

    @property
    def balance(self) -> int:
        """Credits that were available."""
        return int(self.problem["balance"])

    @property
    def required(self) -> int:
        """Credits that it takes."""
        return int(self.problem["required"])

    @property
    def generation_id(self) -> str | None:
        """The rejected generation."""
        return self.problem.get("generation_id")


class EntitlementRequired(Forbidden):
    """The model is for other plans."""


class ModelNotAllowed(Forbidden):
    """The key may not run the model."""


class KeyLimitReached(Forbidden):
    """The key has reserved what it may in a month."""


class ScopeRequired(Forbidden):
    """The key lacks a scope."""


class UnknownModel(NotFound):
    """There is no such model."""


class UploadNotFound(NotFound):
    """There is no such upload."""


class QuoteExpired(Conflict):
    """The price does not hold any more: ask for another one."""


class GenerationFinished(Conflict):
    """It had ended already."""


class GenerationRunning(Conflict):
    """It has to end first."""


class UploadQuotaReached(Conflict):
    """The account keeps as many uploads as it may."""


class UploadTooLarge(TooLarge):
    """The file is larger than is taken."""


class InvalidInput(InvalidRequest):
    """The input breaks the model's schema: `errors` names the fields."""


class InvalidQuote(InvalidRequest):
    """The quote is of another input."""


class UnusableMedia(InvalidRequest):
    """The file is none that can be generated from."""


class IdempotencyKeyReused(InvalidRequest):
    """The key came before with another body."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthenticated,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    415: UnsupportedMedia,
    416: RangeNotSatisfiable,
    422: InvalidRequest,
    429: RateLimited,
    503: Unavailable,
    504: Unavailable,
}
_BY_REASON: Mapping[str, type[ApiError]] = {
    "INSUFFICIENT_CREDITS": InsufficientCredits,
    "ENTITLEMENT_REQUIRED": EntitlementRequired,
    "MODEL_NOT_ALLOWED": ModelNotAllowed,
    "KEY_LIMIT_REACHED": KeyLimitReached,
    "SCOPE_REQUIRED": ScopeRequired,
    "UNKNOWN_MODEL": UnknownModel,
    "UPLOAD_NOT_FOUND": UploadNotFound,
    "QUOTE_EXPIRED": QuoteExpired,
    "GENERATION_FINISHED": GenerationFinished,
    "GENERATION_RUNNING": GenerationRunning,
    "UPLOAD_QUOTA_REACHED": UploadQuotaReached,
    "UPLOAD_TOO_LARGE": UploadTooLarge,
    "INVALID_INPUT": InvalidInput,
    "INVALID_QUOTE": InvalidQuote,
    "UNUSABLE_MEDIA": UnusableMedia,
    "IDEMPOTENCY_KEY_REUSED": IdempotencyKeyReused,
}


def refusal(status: int, problem: Mapping[str, Any], *, retry_after_s: float | None = None) -> ApiError:
    """Return the error of a refusal: by its reason, else by its status."""
    fallback = ServerError if status >= 500 else ApiError
    kind = _BY_REASON.get(str(problem.get("reason")), _BY_STATUS.get(status, fallback))
    return kind(status, problem, retry_after_s=retry_after_s)


def _invalid_fields(told: object) -> list[InvalidField]:
    each = [wrong for wrong in told if isinstance(wrong, dict)] if isinstance(told, list) else []
    return [InvalidField(str(wrong.get("field", "")), str(wrong.get("detail", ""))) for wrong in each]


def _again(
    kind: type[ApiError], status: int, problem: Mapping[str, Any], retry_after_s: float | None
) -> ApiError:
    return kind(status, problem, retry_after_s=retry_after_s)
