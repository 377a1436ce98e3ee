"""Passkeys, without their keys."""

from typing import Annotated, Any, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import passkey as domain

_CHALLENGE = "rtrv1Y1Q0x3ZpDx7y5q8uQ8V2m0b7c1Wn4kJ6tYhLzA"


class PasskeyRequest(Answer):
    """What to ask a browser for: a use of a passkey."""

    public_key: Annotated[
        dict[str, Any],
        shown(
            {
                "challenge": _CHALLENGE,
                "rpId": "tintype.example.com",
                "timeout": 300000,
                "allowCredentials": [],
                "userVerification": "required",
            }
        ),
    ]
    """For `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`; answered once,
    within five minutes."""


class PasskeyCreation(Answer):
    """What to ask a browser for: a new passkey."""

    public_key: Annotated[
        dict[str, Any],
        shown(
            {
                "rp": {"name": "Tintype", "id": "tintype.example.com"},
                "user": {"id": "dXNyXzAxOTMyNGEx", "name": "ada@example.com", "displayName": "Ada Lovelace"},
                "challenge": _CHALLENGE,
                "pubKeyCredParams": [{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}],
                "timeout": 300000,
                "excludeCredentials": [],
                "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
                "attestation": "none",
            }
        ),
    ]
    """For `PublicKeyCredential.parseCreationOptionsFromJSON` and `navigator.credentials.create`; answered
    once, within five minutes."""


class Passkey(Answer):
    """What opens the account by itself."""

    id: Annotated[str, shown("psk_019324a1b2c37def8a9b0c1d2e3f4a67")]
    """By which it is renamed and removed."""
    name: Annotated[str, shown("Ada's phone")]
    """What the caller calls it."""
    backed_up: Annotated[bool, shown(True)]
    """Whether it is kept in a key ring that outlives the device."""
    created_at: Moment
    """When it was added."""
    last_used_at: Moment | None
    """When it was used last; null where it was not."""
    copy_seen_at: Moment | None
    """When a copy of it seemed to be used last, and was refused; null where none was."""

    @classmethod
    def of(cls, passkey: domain.Passkey) -> Self:
        """Show one."""
        return cls(
            id=passkey.passkey_id,
            name=passkey.name,
            backed_up=passkey.backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            copy_seen_at=passkey.copy_seen_at,
        )


class Passkeys(Answer):
    """All of the caller's."""

    passkeys: list[Passkey]
    """At most 20, the oldest first."""
    available: Annotated[bool, shown(True)]
    """Whether browsers make passkeys for this installation's address: they do for a name by https."""

    @classmethod
    def of(cls, own: domain.OwnPasskeys) -> Self:
        """Show them."""
        return cls(passkeys=list(map(Passkey.of, own.passkeys)), available=own.available)
