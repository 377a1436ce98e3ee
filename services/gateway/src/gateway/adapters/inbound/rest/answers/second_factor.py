"""A second factor."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import second_factor as domain


class SecondFactor(Answer):
    """Whether signing in asks for a code."""

    enabled: Annotated[bool, shown(True)]
    """Whether it does."""
    enabled_at: Moment | None
    """Since when; null where it does not."""
    recovery_codes_left: Annotated[int, shown(10, minimum=0)]
    """How many recovery codes were not used."""

    @classmethod
    def of(cls, factor: domain.SecondFactor) -> Self:
        """Show how it stands."""
        return cls(
            enabled=factor.confirmed_at is not None,
            enabled_at=factor.confirmed_at,
            recovery_codes_left=factor.recovery_codes_left,
        )


class FactorSecret(Answer):
    """What an authenticator app is given; told this once."""

    secret: Annotated[str, shown("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    """In base32, to be typed into an app."""
    uri: Annotated[
        str, shown("otpauth://totp/Tintype:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Tintype")
    ]
    """For a picture that an app reads."""

    @classmethod
    def of(cls, made: domain.FactorSecret) -> Self:
        """Show a new one."""
        return cls(secret=made.secret, uri=made.uri)


class RecoveryCodes(Answer):
    """For when the app is lost; told this once."""

    recovery_codes: Annotated[list[str], shown(["k7q2-mx4d-a5b6-c7d2"])]
    """Each is good once in a code's place."""
