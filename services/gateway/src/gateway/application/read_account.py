"""Everything that is kept of an account, a part at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.domain.administration import OwnRecord
from gateway.domain.api_key import ApiKey
from gateway.domain.avatar import Avatar
from gateway.domain.collection import Collection
from gateway.domain.errors import InternalFailure
from gateway.domain.generation import Generation
from gateway.domain.identifiers import UserId
from gateway.domain.invoice import Invoice
from gateway.domain.own_session import OwnSession
from gateway.domain.page import Page
from gateway.domain.passkey import Passkey
from gateway.domain.purchase import Purchase
from gateway.domain.upload import Upload
from gateway.domain.user import User
from gateway.ports.billing import Billing
from gateway.ports.collections import Collections
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.passkeys import Passkeys
from gateway.ports.uploads import Uploads

Item = TypeVar("Item")
# So few that the addresses of their files are still good when the last one's turn comes.
FILES_PAGE_SIZE = 20
LIST_PAGE_SIZE = 100


@dataclass(frozen=True)
class AccountReader:
    """Reads each list to its end, page by page; what is new meanwhile comes before the first page."""

    identity: Identity
    passkeys: Passkeys
    billing: Billing
    generations: Generations
    uploads: Uploads
    collections: Collections

    async def profile(self, user_id: UserId) -> User:
        """Return the profile."""
        return await self.identity.user(user_id)

    async def avatar(self, user_id: UserId) -> Avatar:
        """Return the picture that was sent in. Raises NotFound."""
        return await self.identity.avatar(user_id)

    async def sessions(self, user_id: UserId) -> Sequence[OwnSession]:
        """Return where the person is signed in."""
        return await self.identity.sessions_of(user_id)

    async def keys(self, user_id: UserId) -> Sequence[ApiKey]:
        """Return the API keys, of which nobody knows the secrets."""
        return await self.identity.api_keys(user_id)

    async def passkeys_of(self, user_id: UserId) -> Sequence[Passkey]:
        """Return the passkeys, of which the keys are not told."""
        return (await self.passkeys.of_user(user_id)).passkeys

    async def collections_of(self, user_id: UserId) -> Sequence[Collection]:
        """Return the collections."""
        return await self.collections.collections(user_id)

    def records(self, user_id: UserId) -> AsyncIterator[OwnRecord]:
        """Read what people with a role and operators did about the person."""
        return _every(lambda cursor: self.identity.own_records(user_id, cursor=cursor, limit=LIST_PAGE_SIZE))

    def purchases(self, user_id: UserId) -> AsyncIterator[Purchase]:
        """Read what was bought."""
        return _every(
            lambda cursor: self.billing.purchases(user_id, cursor=cursor, limit=LIST_PAGE_SIZE),
        )

    def invoices(self, user_id: UserId) -> AsyncIterator[Invoice]:
        """Read the invoices of plans."""
        return _every(lambda cursor: self.billing.invoices(user_id, cursor=cursor, limit=LIST_PAGE_SIZE))

    def made(self, user_id: UserId) -> AsyncIterator[Generation]:
        """Read what was made."""
        return _every(lambda cursor: self.generations.page(user_id, cursor=cursor, limit=FILES_PAGE_SIZE))

    def sent_in(self, user_id: UserId) -> AsyncIterator[Upload]:
        """Read what was uploaded."""
        return _every(lambda cursor: self.uploads.uploads(user_id, cursor=cursor, limit=FILES_PAGE_SIZE))


async def _every(read: Callable[[str | None], Awaitable[Page[Item]]]) -> AsyncIterator[Item]:
    cursor: str | None = None
    while True:
        page = await read(cursor)
        for item in page.items:
            yield item
        if page.next_cursor is None:
            return
        if page.next_cursor == cursor or not page.items:
            raise InternalFailure
        cursor = page.next_cursor
