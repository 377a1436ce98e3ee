"""Let an identity open an account no longer."""

from collections.abc import Mapping
from dataclasses import dataclass

from identity.application.tell_person import tell_person, words_of
from identity.domain.identifiers import LinkId, UserId
from identity.domain.mail import Notice
from identity.domain.sign_in_errors import LastWayToSignIn, LinkNotFound
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class UnlinkIdentityHandler:
    """Leaves every account a way in: a password, another identity or a passkey. The person is mailed."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock
    titles: Mapping[str, str]
    """What providers are called, by their issuers."""

    async def __call__(self, *, user_id: UserId, link_id: LinkId) -> None:
        """Forget the link; raises LinkNotFound or LastWayToSignIn."""
        async with self.units.of(user_id) as work:
            # Locked, so that of two that go at the same time the second sees what the first left.
            user = await work.users.lock(user_id)
            links = {linked.link_id: linked for linked in await work.linked.of_user(user_id)}
            if link_id not in links:
                raise LinkNotFound
            others = len(links) - 1 + len(await work.passkeys.of_user(user_id))
            if user.password_hash is None and not others:
                raise LastWayToSignIn
            await work.linked.remove(user_id, link_id)
            told = {"way": words_of(links[link_id], self.titles)}
            await tell_person(work, user, Notice.SIGN_IN_UNLINKED, told, ids=self.ids, now=self.clock.now())
