"""Pictures that users sent in."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, UploadId, shown
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import upload as domain

_FILE = "https://media.example/uploads/upl_019324a1?signature=x"
_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


class Upload(Answer):
    """A picture or a film to generate from: made anew from the one that was sent, without its metadata."""

    id: UploadId
    """Stands in an input where its model's schema says `x-media`."""
    media_type: Annotated[str, shown("image/jpeg", "image/png", "image/webp", "video/mp4", "video/webm")]
    """Of what is kept, as its bytes have it."""
    size_bytes: Annotated[int, shown(1_204_224, minimum=1)]
    """Of what is kept."""
    width: Annotated[int, shown(1024, minimum=1)]
    """In pixels, upright."""
    height: Annotated[int, shown(768, minimum=1)]
    """In pixels, upright."""
    duration_s: Annotated[float, shown(0.0, 4.5, minimum=0)]
    """Of a film, in seconds; 0 of a picture."""
    sha256: Annotated[str, shown(_SHA256)]
    """Of what is kept."""
    source_sha256: Annotated[str, shown(_SHA256)]
    """Of the file as it was sent."""
    url: Annotated[str, shown(_FILE)]
    """A signed address of what is kept."""
    thumbnail_url: Annotated[str | None, shown(f"{_FILE}&thumbnail=1")]
    """A small picture of it, where there is one."""
    blurhash: Annotated[str | None, shown(None, "LxH14G2ZwxW=mtWWjtf7g0fjfQfj")]
    """What to show while the picture loads, as BlurHash writes it; where there is one."""
    url_expires_at: Moment
    """Until when the addresses work: read the upload again for new ones."""
    created_at: Moment
    expires_at: Moment | None
    """Until when it is kept unless a generation uses it; null once one does."""

    @classmethod
    def of(cls, upload: domain.Upload) -> Self:
        """Show an upload."""
        return cls(
            id=upload.upload_id,
            media_type=upload.media_type,
            size_bytes=upload.size_bytes,
            width=upload.width,
            height=upload.height,
            duration_s=upload.duration_s,
            sha256=upload.sha256,
            source_sha256=upload.source_sha256,
            url=upload.url,
            thumbnail_url=upload.thumbnail_url,
            blurhash=upload.blurhash,
            url_expires_at=upload.url_expires_at,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
        )


class AwaitedUpload(Answer):
    """How a file goes straight to the store: as a form of these fields and then the file."""

    id: UploadId
    """Of the upload that the file becomes; with it, it is completed."""
    method: Annotated[Literal["POST"], shown("POST")]
    """How it is sent."""
    url: Annotated[str, shown("https://media.example/tintype-media")]
    """Where multipart/form-data is sent, without an access token."""
    fields: Annotated[Mapping[str, str], shown({"key": "usr_01/incoming/upl_01", "policy": "eyJle..."})]
    """Parts of the form, as they are, before the file, whose part is called `file` and comes last."""
    size_bytes_max: Annotated[int, shown(52_428_800, minimum=1)]
    """The store takes no more."""
    send_by: Moment
    """Until when the store takes it."""
    complete_by: Moment
    """Until when it can be completed; what was sent is removed then."""

    @classmethod
    def of(cls, awaited: domain.AwaitedUpload) -> Self:
        """Show it."""
        return cls(
            id=awaited.upload_id,
            method="POST",
            url=awaited.url,
            fields=awaited.fields,
            size_bytes_max=awaited.size_bytes_max,
            send_by=awaited.send_by,
            complete_by=awaited.complete_by,
        )


class UploadPage(Page[Upload]):
    """A part of a user's uploads, newest first."""
