"""Let an identity open an account, on the word of whoever is signed in to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from identity.application.tell_person import tell_person, words_of
from identity.domain.identifiers import LinkId, UserId
from identity.domain.linked_identity import LinkedIdentity
from identity.domain.mail import Notice
from identity.domain.secret import digest
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class LinkIdentity:
    """A person who is signed in wants what waits to be linked."""

    user_id: UserId
    token: str = field(repr=False)


@dataclass(frozen=True)
class LinkIdentityHandler:
    """Uses the token up, stores the link and tells its person by mail, together."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock
    titles: Mapping[str, str]
    """What providers are called, by their issuers."""

    async def __call__(self, command: LinkIdentity) -> LinkedIdentity:
        """Return the link; the same identity again is no error.

        Raises LinkExpired, IdentityLinkedElsewhere, ProviderLinkedAlready, EmailNotConfirmed or UserDisabled.
        """
        now, token_digest = self.clock.now(), digest(command.token)
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            user.require_confirmed()
            waiting = (await work.linked.lock_waiting(token_digest)).redeemed(now)
            await work.linked.mark_used(token_digest, now)
            identity = (waiting.issuer, waiting.subject)
            for linked in await work.linked.of_user(command.user_id):
                if (linked.issuer, linked.subject) == identity:
                    return linked
            linked = LinkedIdentity(
                link_id=LinkId(self.ids.new("lnk")),
                user_id=command.user_id,
                issuer=waiting.issuer,
                subject=waiting.subject,
                email=waiting.email,
                linked_at=now,
            )
            await work.linked.add(linked)
            told = {"way": words_of(linked, self.titles)}
            await tell_person(work, user, Notice.SIGN_IN_LINKED, told, ids=self.ids, now=now)
        return linked
