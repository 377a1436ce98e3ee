"""A token from a mail: whose it is, and using it up."""

from datetime import datetime

from identity.domain.errors import InvalidToken
from identity.domain.identifiers import UserId
from identity.domain.mail import MailToken, Purpose
from identity.domain.secret import SecretDigest
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitOfWork


async def owner_of_token(directory: Directory, token_digest: SecretDigest) -> UserId:
    """Return to whom it was mailed. Raises InvalidToken."""
    user_id = await directory.user_by_mail_token(token_digest)
    if user_id is None:
        raise InvalidToken
    return user_id


async def use_token(
    work: UnitOfWork, token_digest: SecretDigest, purpose: Purpose, now: datetime
) -> MailToken:
    """Use it up, for what it was mailed for. Raises InvalidToken."""
    token = (await work.mails.lock_token(token_digest)).redeemed(now, purpose)
    await work.mails.mark_used(token_digest, now)
    return token
