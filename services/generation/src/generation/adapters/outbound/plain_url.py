"""Addresses in settings."""

from pydantic import AnyHttpUrl


def plain(url: AnyHttpUrl) -> AnyHttpUrl:
    """Refuse an address of which a part would be dropped in silence."""
    if url.query or url.fragment or url.username or url.password:
        raise ValueError("must have no name, password, query or fragment in it")
    return url
