"""Where a request comes from, as far as anybody can tell."""

from dataclasses import dataclass

from identity.domain.client_network import UNKNOWN, neighbourhood_of


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client's address, and what its software calls itself: a hint for people, and no proof of anything."""

    address: str | None = None
    browser: str | None = None
    """Such as "Firefox"; None where it did not say."""
    system: str | None = None
    """Such as "Windows"; None where it did not say."""

    def is_like(self, other: "Client") -> bool:
        """Whether both are the same software in the same neighbourhood; what is not known is like nothing."""
        network = neighbourhood_of(self.address)
        return network != UNKNOWN and (network, self.browser, self.system) == (
            neighbourhood_of(other.address),
            other.browser,
            other.system,
        )

    @property
    def words(self) -> str:
        """What a person reads of the software, in English."""
        if self.browser and self.system:
            return f"{self.browser} on {self.system}"
        return self.browser or self.system or "an unknown device"


UNKNOWN_CLIENT = Client()
"""Nothing is known of where a request comes from."""
