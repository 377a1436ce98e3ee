"""What every implementation of storage guarantees of addresses that change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.errors import EmailTaken
from identity.domain.mail import MailToken, Purpose
from identity.domain.secret import digest
from identity.domain.user import EmailAddress
from identity_world import ADA, EVE, OWNER, Storage, with_two_people

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
NEW = EmailAddress("ada@new.example")


def token(name: str, address: EmailAddress = NEW, *, created_at: datetime = NOW) -> MailToken:
    """A token of hers that makes an address hers."""
    return MailToken(
        token_digest=digest(name),
        user_id=OWNER.user_id,
        purpose=Purpose.KEEP_EMAIL,
        created_at=created_at,
        expires_at=NOW + timedelta(days=1),
        address=address,
    )


@pytest.fixture
async def kept(storage: Storage) -> Storage:
    """Storage with two people."""
    return await with_two_people(storage)


async def test_an_address_changes_by_its_token(kept: Storage) -> None:
    """The token comes back whole; the address is found, and the old one is not."""
    async with kept.units.of(OWNER.user_id) as work:
        await work.mails.add_token(token("1"))
        assert await work.mails.lock_token(digest("1")) == token("1")
        await work.mails.mark_used(digest("1"), NOW)
        changed = replace(OWNER, email=NEW, email_verified_at=NOW)
        await work.users.save_email(changed)
        assert await work.users.get(OWNER.user_id) == changed
    assert await kept.directory.user_by_email(NEW) == changed
    assert await kept.directory.user_by_email(ADA) is None


async def test_an_address_that_is_taken_stays_its_owners(kept: Storage) -> None:
    """However it is written, and nothing else of the transaction is kept."""
    taken = EmailAddress(EVE.upper())

    async def change() -> None:
        async with kept.units.of(OWNER.user_id) as work:
            await work.mails.add_token(token("1", taken))
            await work.mails.mark_used(digest("1"), NOW)
            await work.users.save_email(replace(OWNER, email=taken))

    with pytest.raises(EmailTaken):
        await change()
    assert await kept.directory.user_by_email(ADA) == OWNER
    assert await kept.directory.user_by_mail_token(digest("1")) is None


async def test_later_tokens_are_used_up_apart(kept: Storage) -> None:
    """From a moment on, that moment's too."""
    moments = {"before": -1, "then": 0, "after": 1}
    async with kept.units.of(OWNER.user_id) as work:
        for name, offset_s in moments.items():
            await work.mails.add_token(token(name, created_at=NOW + timedelta(seconds=offset_s)))
        await work.mails.use_all(OWNER.user_id, Purpose.KEEP_EMAIL, NOW, issued_from=NOW)
        used = [name for name in moments if (await work.mails.lock_token(digest(name))).used_at]
    assert used == ["then", "after"]
