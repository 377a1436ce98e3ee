"""The mailbox behind an address: what people can write in many ways, as one."""

import hashlib
from typing import NewType

from identity.domain.user import EmailAddress

MailboxDigest = NewType("MailboxDigest", bytes)

_SAME_DOMAIN = {"googlemail.com": "gmail.com"}
_IGNORES_DOTS = frozenset({"gmail.com"})


def mailbox_of(email: EmailAddress) -> str:
    """Return the address in small letters without its `+tag`, and for Gmail without dots.

    A mailbox of its own that has a `+` in its name is taken for an alias: it costs its owner a welcome.
    """
    local, _, domain = email.lower().rpartition("@")
    domain = _SAME_DOMAIN.get(domain, domain)
    name = local.partition("+")[0] or local
    if domain in _IGNORES_DOTS:
        name = name.replace(".", "") or name
    return f"{name}@{domain}"


def mailbox_digest(email: EmailAddress) -> MailboxDigest:
    """SHA-256 of the mailbox: what is kept of it outlives the account, and names nobody by itself."""
    return MailboxDigest(hashlib.sha256(mailbox_of(email).encode()).digest())
