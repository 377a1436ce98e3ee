"""Erasure in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from identity.adapters.outbound.memory.store import MemoryStore
from identity.domain.erasure import NOBODY, OURS
from identity.domain.identifiers import UserId

Key = TypeVar("Key")
Row = TypeVar("Row", bound=Any)


@dataclass(frozen=True)
class MemoryErasures:
    """Implements Erasures on a copy of the store."""

    store: MemoryStore
    owner: UserId

    async def erase(self, user_id: UserId, now: datetime) -> None:
        """See Erasures."""
        store = self.store
        store.sessions = _others(store.sessions, user_id)
        store.refresh_tokens = _others(store.refresh_tokens, user_id)
        store.api_keys = _others(store.api_keys, user_id)
        store.linked = _others(store.linked, user_id)
        store.waiting_links = _others(store.waiting_links, user_id)
        store.passkeys = _others(store.passkeys, user_id)
        store.avatars = _others(store.avatars, user_id)
        store.second_factors = _others(store.second_factors, user_id)
        store.recovery_codes = {key: used for key, used in store.recovery_codes.items() if key[0] != user_id}
        store.challenges = _others(store.challenges, user_id)
        store.mail_tokens = _others(store.mail_tokens, user_id)
        store.mails = {key: row for key, row in store.mails.items() if row.mail.user_id != user_id}
        for mailbox, claimed_by in list(store.welcomed_mailboxes.items()):
            if claimed_by == user_id:
                store.welcomed_mailboxes[mailbox] = NOBODY
        store.users.pop(user_id, None)
        await self.note(user_id, OURS, now)

    async def note(self, user_id: UserId, part: str, now: datetime) -> None:
        """See Erasures."""
        self.store.erasures.setdefault((user_id, part), now)

    async def erased(self, user_id: UserId) -> Mapping[str, datetime]:
        """See Erasures."""
        return {part: at for (erased, part), at in self.store.erasures.items() if erased == user_id}


def _others(rows: Mapping[Key, Row], user_id: UserId) -> dict[Key, Row]:
    return {key: row for key, row in rows.items() if row.user_id != user_id}
