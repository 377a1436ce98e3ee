"""Who may sign up, in memory."""

from dataclasses import dataclass, field

from gateway.domain.errors import FieldProblem, Forbidden, InvalidRequest
from gateway.domain.sign_in import SignUpMode

HUMAN = "human"
"""The token of a person, where one is asked for."""


@dataclass
class MemorySignUpRules:
    """The part of MemoryIdentity that is about who may; `invited` holds tokens by address."""

    invited: dict[str, str] = field(default_factory=dict)
    sign_up_mode: SignUpMode = SignUpMode.OPEN
    email_domains: tuple[str, ...] = ()
    captcha_site_key: str | None = None

    def admit(self, email: str, *, invitation: str | None = None, is_proven: bool = False) -> bool:
        """Ask whether an address may sign up; returns whether it was invited."""
        invited = self.invited.get(email.lower())
        is_invited = invited is not None and (is_proven or invited == invitation)
        if self.sign_up_mode is SignUpMode.CLOSED:
            raise Forbidden("No new accounts can be opened here.", reason="SIGN_UP_CLOSED")
        if self.sign_up_mode is SignUpMode.INVITED and not is_invited:
            raise Forbidden("Accounts are by invitation.", reason="INVITATION_REQUIRED")
        if self.email_domains and not is_invited and email.rpartition("@")[2] not in self.email_domains:
            raise InvalidRequest(
                "Accounts are for addresses at some domains.",
                reason="EMAIL_DOMAIN_NOT_ALLOWED",
                fields=[FieldProblem("email", "is of another domain")],
            )
        return is_invited

    def require_person(self, captcha_token: str | None) -> None:
        """Raise InvalidRequest (CAPTCHA_FAILED) for whoever does not show to be one, where it is asked."""
        if self.captcha_site_key and captcha_token != HUMAN:
            raise InvalidRequest(
                "It could not be checked that you are a person. Try again.",
                reason="CAPTCHA_FAILED",
                fields=[FieldProblem("captcha_token", "is not valid")],
            )
