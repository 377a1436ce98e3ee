"""Lets files say where they come from."""

from typing import Protocol

from generation.domain.provenance import Provenance
from generation.ports.media_intake import ReceivedMedia


class SigningFailed(Exception):
    """The file is as it was."""


class ContentSigner(Protocol):
    """Signs with a key of the operator's, without a network."""

    async def signed(self, media: ReceivedMedia, provenance: Provenance) -> ReceivedMedia:
        """Return the file with its provenance in it, hashed anew, beside where it was.

        One that says already where it comes from, and one of a kind that can't say it, is returned as it
        is. Raises SigningFailed.
        """
        ...
