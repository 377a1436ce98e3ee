"""Mail by SMTP, and the stand-in for installations without a mail server."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import aiosmtplib
import structlog
from email_validator import validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from identity.domain.mail import Mail, MailState, Notice, Purpose
from identity.ports.mailer import MailDelayed, MailRefused

_log = structlog.get_logger(__name__)
_SUBJECTS: Mapping[Purpose | Notice, str] = {
    Purpose.VERIFY_EMAIL: "Confirm your email address",
    Purpose.RESET_PASSWORD: "Choose a new password",
    Purpose.CHANGE_EMAIL: "Confirm your new address",
    Purpose.KEEP_EMAIL: "Your address is to be changed",
    Purpose.INVITATION: "You are invited",
    Notice.BALANCE_LOW: "Your credits are running low",
    Notice.CREDITS_EXPIRING: "Credits of yours expire soon",
    Notice.AUTO_TOP_UP_STOPPED: "Auto top-up has stopped",
    Notice.ERASURE_REQUESTED: "Your account will be deleted",
    Notice.ERASURE_TAKEN_BACK: "Your account stays",
    Notice.NEW_SIGN_IN: "New sign-in to your account",
    Notice.SECOND_FACTOR_ON: "Signing in asks for a code now",
    Notice.SECOND_FACTOR_OFF: "Signing in asks for no code any more",
    Notice.SIGN_IN_LINKED: "Another way to sign in to your account",
    Notice.SIGN_IN_UNLINKED: "A way to sign in to your account was removed",
    Notice.PASSKEY_ADDED: "A passkey opens your account",
    Notice.PASSKEY_REMOVED: "A passkey was removed",
    Notice.PASSKEY_COPIED: "A passkey of yours seems to be copied",
    Notice.PASSWORD_CHANGED: "Your password was changed",
    Notice.WEBHOOK_DISABLED: "A webhook of yours has stopped",
}
_PAGES: Mapping[Purpose | Notice, str] = {
    Purpose.VERIFY_EMAIL: "verify-email",
    Purpose.RESET_PASSWORD: "reset-password",
    Purpose.CHANGE_EMAIL: "change-email",
    Purpose.KEEP_EMAIL: "keep-email",
    Purpose.INVITATION: "signup",
    Notice.BALANCE_LOW: "billing",
    Notice.CREDITS_EXPIRING: "generate",
    Notice.AUTO_TOP_UP_STOPPED: "billing",
    Notice.ERASURE_REQUESTED: "account/data",
    Notice.ERASURE_TAKEN_BACK: "account",
    Notice.NEW_SIGN_IN: "account/sessions",
    Notice.SECOND_FACTOR_ON: "account/second-factor",
    Notice.SECOND_FACTOR_OFF: "account/second-factor",
    Notice.SIGN_IN_LINKED: "account/sign-in",
    Notice.SIGN_IN_UNLINKED: "account/sign-in",
    Notice.PASSKEY_ADDED: "account/passkeys",
    Notice.PASSKEY_REMOVED: "account/passkeys",
    Notice.PASSKEY_COPIED: "account/passkeys",
    Notice.PASSWORD_CHANGED: "account/sign-in",
    Notice.WEBHOOK_DISABLED: "account/webhooks",
}
_PERMANENT_FROM = 500


class MailComposer:
    """Renders mails as text and HTML, with links to the console."""

    def __init__(self, *, public_url: str, sender: str) -> None:
        self._public_url, self._sender = public_url.rstrip("/"), sender
        self._templates = Environment(
            loader=PackageLoader("identity", "adapters/outbound/mail_templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
        )

    def compose(self, mail: Mail) -> EmailMessage:
        """Return the whole message; the mail's id makes its Message-ID, so that a second copy can be told."""
        message = EmailMessage()
        message["Subject"] = _SUBJECTS[mail.purpose]
        message["From"] = self._sender
        # Mail servers without SMTPUTF8 take international domains in their ASCII form only.
        message["To"] = validate_email(
            mail.recipient, check_deliverability=False, test_environment=True
        ).ascii_email
        message["Date"] = format_datetime(mail.created_at)
        message["Message-ID"] = make_msgid(mail.mail_id, domain=self._sender.rpartition("@")[2].rstrip("> "))
        message["Auto-Submitted"] = "auto-generated"
        link = f"{self._public_url}/{_PAGES[mail.purpose]}"
        if isinstance(mail.purpose, Purpose):
            link += f"?token={mail.token}"
        message.set_content(self._render(mail, "txt", link))
        message.add_alternative(self._render(mail, "html", link), subtype="html")
        return message

    def _render(self, mail: Mail, kind: str, link: str) -> str:
        template = self._templates.get_template(f"{mail.purpose}.{kind}")
        return template.render(mail=mail, link=link, subject=_SUBJECTS[mail.purpose])


@dataclass(frozen=True, kw_only=True)
class SmtpMailer:
    """Sends by SMTP, one connection a mail; implements Mailer."""

    composer: MailComposer
    host: str
    port: int
    username: str | None
    password: str | None
    starttls: bool
    timeout_s: float

    async def send(self, mail: Mail) -> MailState:
        """See Mailer."""
        message = self.composer.compose(mail)
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                start_tls=self.starttls,
                timeout=self.timeout_s,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            await _log.awarning("mail_failed", mail_id=mail.mail_id, attempt=mail.attempts, error=repr(error))
            raise (MailRefused if _is_permanent(error) else MailDelayed) from error
        await _log.ainfo("mail_sent", mail_id=mail.mail_id, purpose=mail.purpose.value)
        return MailState.SENT


def _is_permanent(error: Exception) -> bool:
    """Whether the server refused this recipient or this message for good (RFC 5321 section 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= _PERMANENT_FROM for refused in error.recipients)
    # Refused log-ins and senders are the operator's to mend, so those mails wait.
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code >= _PERMANENT_FROM


class LogMailer:
    """Says in the log that a mail was not sent, without its token; implements Mailer."""

    async def send(self, mail: Mail) -> MailState:
        """See Mailer."""
        await _log.awarning(
            "mail_not_sent",
            reason="IDENTITY_SMTP_HOST is not set",
            mail_id=mail.mail_id,
            purpose=mail.purpose.value,
        )
        return MailState.SKIPPED
