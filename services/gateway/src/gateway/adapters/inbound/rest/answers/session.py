"""A session's tokens, and what mails promise."""

from typing import Annotated, Literal, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.user import User
from gateway.domain import user as domain


class Session(Answer):
    """A session's tokens and whose they are."""

    user: User
    access_token: Annotated[str, shown("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMDE5MyJ9.c2lnbmF0dXJl")]
    """Send it as `Authorization: Bearer ...`."""
    refresh_token: Annotated[str, shown("rt_q83vEjRWeJq83v8TVnearA")]
    """Good once, for the next pair of tokens; using it twice ends the session."""
    token_type: Literal["Bearer"]
    """How the access token is sent."""
    expires_in: Annotated[int, shown(900, minimum=1)]
    """Seconds until the access token expires."""
    refresh_expires_at: Moment
    """When the session ends unless it is refreshed before."""
    device_token: Annotated[str | None, shown("dev_m1Yx0kzL4nQ")]
    """By which the device is known at the next log-in; null where the one that was sent stays good."""

    @classmethod
    def of(cls, signed_in: domain.SignedIn) -> Self:
        """Show a session that was just opened or refreshed."""
        tokens = signed_in.tokens
        return cls(
            user=User.of(signed_in.user),
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_type="Bearer",  # noqa: S106 - its kind
            expires_in=tokens.expires_in_s,
            refresh_expires_at=tokens.refresh_expires_at,
            device_token=signed_in.device_token,
        )


class Accepted(Answer):
    """A mail is on its way, if there is anybody to send it to."""

    status: Literal["accepted"] = "accepted"
    """Always the same, whether the account exists or not."""
