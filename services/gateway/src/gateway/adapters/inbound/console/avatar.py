"""The picture that a person chose: ours, or from its own address, which the page's policy then allows."""

import re
from urllib.parse import quote, urlsplit

from gateway.domain.user import User

# What may stand in a policy: a name or an IPv4 address, and a port.
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


def avatar_of(user: User) -> str | None:
    """Return the address of a user's picture, here or elsewhere; None without one that can be shown."""
    if user.avatar_version:
        return f"/account/avatar.webp?v={quote(user.avatar_version)}"
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
