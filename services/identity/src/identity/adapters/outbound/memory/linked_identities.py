"""Links and flows in memory: for unit tests, with the same guarantees as the real adapters."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from identity.domain.identifiers import LinkId, UserId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.secret import SecretDigest
from identity.domain.sign_in_errors import (
    IdentityLinkedElsewhere,
    LinkExpired,
    LinkNotFound,
    ProviderLinkedAlready,
)
from identity.domain.sign_in_flow import SignInFlow


@dataclass(frozen=True)
class MemoryLinkedIdentities:
    """Implements LinkedIdentities over a store's rows."""

    links: dict[LinkId, LinkedIdentity]
    waiting: dict[SecretDigest, WaitingLink]
    owner: UserId

    async def add(self, linked: LinkedIdentity) -> None:
        """See LinkedIdentities."""
        others = self.links.values()
        if any((other.issuer, other.subject) == (linked.issuer, linked.subject) for other in others):
            raise IdentityLinkedElsewhere
        if any((other.user_id, other.issuer) == (linked.user_id, linked.issuer) for other in others):
            raise ProviderLinkedAlready
        self.links[linked.link_id] = linked

    async def of_user(self, user_id: UserId) -> list[LinkedIdentity]:
        """See LinkedIdentities."""
        own = [linked for linked in self.links.values() if linked.user_id == user_id == self.owner]
        return sorted(own, key=lambda linked: (linked.linked_at, linked.link_id))

    async def remove(self, user_id: UserId, link_id: LinkId) -> None:
        """See LinkedIdentities."""
        if link_id not in {linked.link_id for linked in await self.of_user(user_id)}:
            raise LinkNotFound
        del self.links[link_id]

    async def wait(self, waiting: WaitingLink) -> None:
        """See LinkedIdentities."""
        self.waiting[waiting.token_digest] = waiting

    async def lock_waiting(self, token_digest: SecretDigest) -> WaitingLink:
        """See LinkedIdentities."""
        waiting = self.waiting.get(token_digest)
        if waiting is None or waiting.user_id != self.owner:
            raise LinkExpired
        return waiting

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """See LinkedIdentities."""
        self.waiting[token_digest] = replace(self.waiting[token_digest], used_at=now)


@dataclass
class MemorySignInFlows:
    """Implements SignInFlows."""

    flows: dict[SecretDigest, SignInFlow] = field(default_factory=dict)

    async def begin(self, flow: SignInFlow) -> None:
        """See SignInFlows."""
        self.flows[flow.state_digest] = flow

    async def take(self, state_digest: SecretDigest, now: datetime) -> SignInFlow | None:
        """See SignInFlows."""
        flow = self.flows.get(state_digest)
        if flow is None or flow.expires_at <= now:
            return None
        return self.flows.pop(state_digest)
