"""A link to a generation."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import share as domain

_URL = "https://tintype.example/s/3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class Share(Answer):
    """A link to a generation, for whoever has it."""

    id: Annotated[str, shown("shr_019324a1b2c37def8a9b0c1d2e3f4a61")]
    """The link's id, by which it is withdrawn."""
    shows_prompt: Annotated[bool, shown(False)]
    """Whether whoever has the link reads the prompt too."""
    created_at: Moment
    expires_at: Moment
    """Until when it works, unless it is withdrawn before."""

    @classmethod
    def of(cls, share: domain.Share) -> Self:
        """Show a link."""
        return cls(
            id=share.share_id,
            shows_prompt=share.shows_prompt,
            created_at=share.created_at,
            expires_at=share.expires_at,
        )


class NewShare(Share):
    """A link that was made just now."""

    url: Annotated[str, shown(_URL)]
    """The link itself. It is told this once: only a hash of it is kept."""

    @classmethod
    def made(cls, share: domain.Share, url: str) -> Self:
        """Show a new link."""
        return cls(**Share.of(share).model_dump(), url=url)


class ShareList(Whole[Share]):
    """The links of a generation that work."""
