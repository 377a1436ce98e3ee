"""What is asked and what is answered, without any network."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from tintype_client.bodies import Body
from tintype_client.errors import ApiError, UnexpectedAnswer, refusal

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of the API, below `/v1`, or of the store of files, at an address of its own."""

    method: str
    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    json: Any = None
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # Beyond the time that any request may take.
    more_time_s: float = 0
    # What is deleted is gone: a repeated request finds nothing.
    deletes: bool = False

    # What is done twice is done wrongly, and there is no key that would tell.
    only_once: bool = False

    @property
    def is_to_the_store(self) -> bool:
        """Whether it goes to a signed address, where the key is nobody's business."""
        return "://" in self.path


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole; the names of headers are small."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return what it tells. Raises UnexpectedAnswer."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise UnexpectedAnswer(f"{self.status} without JSON: is this the address of the API?") from None

    def refusal(self) -> ApiError:
        """Return what it refuses for."""
        try:
            told = json.loads(self.content)
        except ValueError:
            told = None
        problem = told if isinstance(told, dict) else {}
        return refusal(self.status, problem, retry_after_s=self.retry_after_s())

    def retry_after_s(self) -> float | None:
        """Return when to come back: seconds, or a date (RFC 9110, 10.2.3)."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return float(said[:9])
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, IndexError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how its answer is read."""

    request: Request
    read: Callable[[Answer], T]
