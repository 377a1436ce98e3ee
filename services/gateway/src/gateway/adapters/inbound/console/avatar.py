"""The picture that a person chose, from its own address: the page's content policy then allows that one."""

import re
from urllib.parse import urlsplit

from gateway.domain.user import User

# What may stand in a policy: a name or an IPv4 address, and a port.
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


def avatar_of(user: User) -> str | None:
    """Return the https address of a user's picture; None without one that can be shown."""
    return user.avatar_url if origin_of(user.avatar_url) else None


def origin_of(avatar_url: str) -> str | None:
    """Return the origin that a policy must name for this picture; None for what is no https address."""
    try:
        parts = urlsplit(avatar_url)
    except ValueError:
        return None
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):
        return None
    return f"https://{parts.netloc}"
