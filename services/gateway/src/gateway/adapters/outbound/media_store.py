"""Where the object store is found from here."""

from dataclasses import dataclass

from gateway.domain.generation import Output


@dataclass(frozen=True)
class MediaStore:
    """Reads are from the store's origin and from nowhere else.

    `inside` is where the store is found from here, when that is not where browsers find it: a signature
    covers the host that is asked for, not the address that is connected to.
    """

    origin: str | None
    inside: str | None

    def request_for(self, output: Output) -> tuple[str, dict[str, str]] | None:
        """Return address and headers of an output; None for one that is elsewhere."""
        if self.origin is None or not output.url.startswith(f"{self.origin}/"):
            return None
        url = output.url.replace(self.origin, self.inside, 1) if self.inside else output.url
        return url, {"Host": self.origin.partition("://")[2]}
