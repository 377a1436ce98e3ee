"""Every way the greeter can say no, each with a stable reason."""

from typing import ClassVar


class GreeterError(Exception):
    """A refusal; `details` travel to the caller with the reason."""

    reason: ClassVar[str] = "GREETER_ERROR"

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.details = details


class InvalidField(GreeterError):
    """One field of the request breaks its rule; `field` is the contract's name of it."""

    reason = "INVALID_FIELD"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, field=field)
        self.field = field


class GreetingNotFound(GreeterError):
    """Nobody has registered under this id."""

    reason = "GREETING_NOT_FOUND"
