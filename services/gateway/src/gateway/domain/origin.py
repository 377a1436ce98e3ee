"""Where a web address leads: its scheme, host and port."""

from urllib.parse import urlsplit


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port of a plain http(s) address; None for anything else."""
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]
