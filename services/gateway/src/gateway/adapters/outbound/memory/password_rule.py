"""The rule of passwords, in memory."""

from gateway.domain.errors import FieldProblem, InvalidRequest

PASSWORD_LENGTH_MIN = 10


def check_password(password: str, *, field_name: str) -> None:
    """Raise InvalidRequest (WEAK_PASSWORD) for one that is too short."""
    if len(password) < PASSWORD_LENGTH_MIN:
        raise InvalidRequest(
            "The password is too short.",
            reason="WEAK_PASSWORD",
            fields=[FieldProblem(field_name, f"at least {PASSWORD_LENGTH_MIN} characters")],
        )
