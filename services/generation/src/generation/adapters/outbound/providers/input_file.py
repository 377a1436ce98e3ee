"""A file that a run is made from, as a part of a form."""

from generation.adapters.outbound.providers.http_api import File
from generation.domain.identifiers import MediaId
from generation.ports.media_provider import InputMedia

# What servers tell a file's kind by, besides what it is said to be.
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


async def input_file(media_id: MediaId, media: InputMedia) -> File:
    """Return name, bytes and type, under a name that is the same each time. Raises MediaUnreadable."""
    extension = EXTENSIONS.get(media.media_type, "bin")
    return f"{media_id}.{extension}", await media.read(), media.media_type
