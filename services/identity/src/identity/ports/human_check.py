"""Whether somebody who signs up is a person."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Widget:
    """What a page shows to ask for it: a script of another origin, and the key that it is shown with."""

    site_key: str
    script_url: str


class HumanCheck(Protocol):
    """Asks somebody else, within a deadline; while nobody can say, nobody is let in."""

    @property
    def widget(self) -> Widget | None:
        """What pages show; None where nothing is asked."""
        ...

    async def require(self, token: str | None, client_address: str | None) -> None:
        """Raise CaptchaFailed for a token that is missing, used or no good, and CaptchaUnavailable."""
        ...
