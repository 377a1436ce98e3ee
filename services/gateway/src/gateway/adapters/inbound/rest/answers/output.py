"""A file that a generation made."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import generation as domain

_FILE = "https://media.example/outputs/out_019324a1.png?signature=abc"


class Output(Answer):
    """A file that a generation made; its addresses are signed and expire."""

    id: Annotated[str, shown("out_019324a1b2c37def8a9b0c1d2e3f4a60")]
    """The output's id."""
    media_type: Annotated[str, shown("image/png")]
    """As sniffed from the bytes."""
    size_bytes: Annotated[int, shown(48213, minimum=0)]
    """The size of the file."""
    width: Annotated[int, shown(1024, minimum=0)]
    """Pixels; 0 for what has no picture."""
    height: Annotated[int, shown(1024, minimum=0)]
    """Pixels; 0 for what has no picture."""
    duration_s: Annotated[float | None, shown(None, 3.0, minimum=0)]
    """Seconds, of what plays; otherwise null."""
    sha256: Annotated[str, shown("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    """Of the bytes, in hexadecimal digits."""
    url: Annotated[str, shown(_FILE)]
    """To show the file."""
    download_url: Annotated[str, shown(f"{_FILE}&download=1")]
    """To save the file."""
    thumbnail_url: Annotated[str | None, shown(f"{_FILE}&thumbnail=1")]
    """A small picture of it, where there is one."""
    blurhash: Annotated[str | None, shown(None, "LxH14G2ZwxW=mtWWjtf7g0fjfQfj")]
    """What to show while the picture loads, as BlurHash writes it; where there is one."""
    incomplete: Annotated[str | None, shown(None, "length", "broken_off")]
    """Why it is only the beginning of what was asked for; null when it is whole."""
    expires_at: Moment
    """Until when the addresses work: read the generation again for new ones."""

    @classmethod
    def of(cls, output: domain.Output) -> Self:
        """Show an output."""
        return cls(
            id=output.output_id,
            media_type=output.media_type,
            size_bytes=output.size_bytes,
            width=output.width,
            height=output.height,
            duration_s=output.duration_s or None,
            sha256=output.sha256,
            url=output.url,
            download_url=output.download_url,
            thumbnail_url=output.thumbnail_url,
            blurhash=output.blurhash,
            incomplete=output.incomplete,
            expires_at=output.expires_at,
        )
