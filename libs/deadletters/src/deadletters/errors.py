"""Why a call is refused."""

from collections.abc import Mapping

import grpc


class DeadLetterError(Exception):
    """What every refusal here is."""

    reason = "DEAD_LETTER_ERROR"


class NotStaff(DeadLetterError):
    """Somebody without a role looks."""

    reason = "NOT_STAFF"

    def __init__(self) -> None:
        super().__init__("Only people with a role may do that.")


class NotAnAdmin(DeadLetterError):
    """Somebody who is no administrator replays."""

    reason = "NOT_AN_ADMIN"

    def __init__(self) -> None:
        super().__init__("Only an administrator may do that.")


class DeadLetterNotFound(DeadLetterError):
    """Nothing was given up under this id."""

    reason = "DEAD_LETTER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such dead letter.")


class InvalidField(DeadLetterError):
    """A value that is out of its bounds; `field` is the contract's name for it."""

    reason = "INVALID_FIELD"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


ERRORS: Mapping[type[Exception], grpc.StatusCode] = {
    InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    NotStaff: grpc.StatusCode.PERMISSION_DENIED,
    NotAnAdmin: grpc.StatusCode.PERMISSION_DENIED,
    DeadLetterNotFound: grpc.StatusCode.NOT_FOUND,
}
