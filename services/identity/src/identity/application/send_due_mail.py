"""Send the mails that are due."""

from dataclasses import dataclass
from datetime import timedelta

from identity.domain.mail import Mail, MailState, retry_at
from identity.ports.clock import Clock
from identity.ports.mail_queue import MailQueue
from identity.ports.mailer import MailDelayed, Mailer, MailRefused

BATCH_MAIL_MAX = 10


@dataclass(frozen=True)
class SendDueMailHandler:
    """Sends a batch; each mail at least once, twice only if a sender dies between sending and noting it.

    `lease` must be longer than a whole batch takes at the mailer's time limit.
    """

    queue: MailQueue
    mailer: Mailer
    clock: Clock
    lease: timedelta

    async def __call__(self) -> int:
        """How many mails were taken up; 0 when none was due."""
        now = self.clock.now()
        mails = await self.queue.claim(now=now, until=now + self.lease, limit=BATCH_MAIL_MAX)
        for mail in mails:
            await self._send(mail)
        return len(mails)

    async def _send(self, mail: Mail) -> None:
        if mail.expires_at <= self.clock.now():
            await self.queue.finish(mail, MailState.ABANDONED, self.clock.now())
            return
        try:
            state = await self.mailer.send(mail)
        except MailDelayed:
            await self._try_later(mail)
            return
        except MailRefused:
            state = MailState.ABANDONED
        await self.queue.finish(mail, state, self.clock.now())

    async def _try_later(self, mail: Mail) -> None:
        now = self.clock.now()
        due_at = retry_at(mail, now)
        if due_at is None:
            await self.queue.finish(mail, MailState.ABANDONED, now)
        else:
            await self.queue.postpone(mail, due_at)
