"""The SMTP side: everything is accepted, any login works, nothing is sent on."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from standins.mailbox.letter import subject_of
from standins.mailbox.settings import MailboxSettings
from standins.mailbox.store import LetterStore
from standins.serving import split_listen

RECIPIENTS_MAX = 100


class Sink:
    """Puts accepted mails into the store."""

    def __init__(self, store: LetterStore) -> None:
        self.store = store

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, up to the bound."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail, then accept it."""
        raw = envelope.original_content or b""
        self.store.add(
            sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, subject=subject_of(raw), raw=raw
        )
        return "250 OK"


async def listen(settings: MailboxSettings, store: LetterStore) -> asyncio.Server:
    """Start accepting mail."""
    host, port = split_listen(settings.smtp_listen)
    loop = asyncio.get_running_loop()

    def protocol() -> Any:
        return SMTP(
            Sink(store),
            hostname="mailbox.standin",
            data_size_limit=settings.message_bytes_max,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            loop=loop,
        )

    return await loop.create_server(protocol, host, port)
