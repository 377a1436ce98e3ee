"""The ways to say no to an authenticator's answer; the others are in errors.py."""

from identity.domain.errors import IdentityError, InvalidField


class PasskeysUnavailable(IdentityError):
    """Browsers make no passkeys for the address of this installation."""

    reason = "PASSKEYS_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "Passkeys need an address with a name and https (or localhost); this one has none that browsers "
            "make passkeys for."
        )


class PasskeyMalformed(InvalidField):
    """No answer of an authenticator: not its JSON, not base64url, not CBOR."""

    reason = "PASSKEY_MALFORMED"

    def __init__(self) -> None:
        super().__init__("This is no answer of a passkey.", field="credential_json")


class CeremonyEnded(InvalidField):
    """An answer that nobody waits for: its challenge is unknown, used, too old or of another kind."""

    reason = "PASSKEY_CHALLENGE_ENDED"

    def __init__(self) -> None:
        super().__init__("This took too long, or was answered before. Begin again.", field="credential_json")


class PasskeyWrongOrigin(InvalidField):
    """The browser was at another address than ours."""

    reason = "PASSKEY_WRONG_ORIGIN"

    def __init__(self) -> None:
        super().__init__("This passkey was used at another address.", field="credential_json")


class PasskeyWrongSite(InvalidField):
    """The authenticator signed for another relying party."""

    reason = "PASSKEY_WRONG_SITE"

    def __init__(self) -> None:
        super().__init__("This passkey is for another site.", field="credential_json")


class PasskeyUserNotVerified(InvalidField):
    """The authenticator did not ask who uses it, by PIN, finger or face."""

    reason = "PASSKEY_USER_NOT_VERIFIED"

    def __init__(self) -> None:
        super().__init__(
            "The passkey was used without a PIN, a finger or a face, which is needed here.",
            field="credential_json",
        )


class PasskeyRefused(InvalidField):
    """What the authenticator signed does not hold: signature, key or kind."""

    reason = "PASSKEY_REFUSED"

    def __init__(self) -> None:
        super().__init__("It could not be confirmed that this is your passkey.", field="credential_json")


class PasskeyUnknown(InvalidField):
    """No account, or not this one, is opened by the passkey."""

    reason = "PASSKEY_UNKNOWN"

    def __init__(self) -> None:
        super().__init__(
            "This passkey opens nothing here. It may have been removed from the account.",
            field="credential_json",
        )


class PasskeyCopied(IdentityError):
    """The authenticator's count went back: somebody has a copy of the key."""

    reason = "PASSKEY_COPIED"

    def __init__(self) -> None:
        super().__init__(
            "This passkey seems to have been copied, so it was not accepted. "
            "Sign in another way, and remove it."
        )


class PasskeyExists(IdentityError):
    """The credential opens an account already."""

    reason = "PASSKEY_EXISTS"

    def __init__(self) -> None:
        super().__init__("This passkey is known already.")


class PasskeyNotFound(IdentityError):
    """The account has no such passkey."""

    reason = "PASSKEY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such passkey.")


class TooManyPasskeys(IdentityError):
    """The account has as many passkeys as one may have."""

    reason = "PASSKEY_QUOTA_REACHED"

    def __init__(self, passkeys_max: int) -> None:
        super().__init__(
            f"You have {passkeys_max} passkeys already. Remove one first.", limit=str(passkeys_max)
        )
