"""Who makes the media."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId, RunId
from generation.domain.output import Incomplete


class RunState(StrEnum):
    """What a provider says of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class RunOutput(Protocol):
    """One file that a run made."""

    def stream(self) -> AsyncIterator[bytes]:
        """Its bytes, in pieces. Raises OutputUnusable when they can't be had, OutputUnreachable when
        they may be had later."""
        ...


@dataclass(frozen=True)
class RunReport:
    """A run at one moment."""

    state: RunState
    progress: float = 0.0
    outputs: tuple[RunOutput, ...] = ()
    failure: Failure | None = None
    retryable: bool = False
    # Set where the provider meters, as with tokens.
    usage_units: int | None = None
    # What was delivered is not the whole answer, and why.
    incomplete: Incomplete | None = None
    # The provider turned the run away and said when it may be asked again; nothing was bought.
    retry_after_s: float | None = None
    # OUR account at the provider is refused or used up: a matter for operators, never for the user.
    account_trouble: bool = False


@dataclass(frozen=True)
class Run:
    """What to make. `key` is ours: the provider's idempotency key where it knows such a thing."""

    key: AttemptId
    model: str
    input: Mapping[str, Any]


class ProviderUnavailable(Exception):
    """No answer, so nothing is known: it is asked again, up to the job's deadline."""


class ProviderRefused(Exception):
    """The run was not accepted. `retryable` says whether a later try, or another provider, may be."""

    def __init__(
        self,
        failure: Failure,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        account_trouble: bool = False,
    ) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.account_trouble = account_trouble


class MediaProvider(Protocol):
    """Makes media from an input. No method retries by itself: a second submit may be a second bill."""

    async def submit(self, run: Run) -> RunId:
        """Starts a run. Raises ProviderRefused, or ProviderUnavailable when it may have started."""
        ...

    async def find(self, key: AttemptId) -> RunId | None:
        """The run that was submitted under `key`, or None when the provider knows of none."""
        ...

    async def check(self, run_id: RunId) -> RunReport:
        """How the run stands; UNKNOWN when the provider never saw it. Raises ProviderUnavailable."""
        ...

    async def cancel(self, run_id: RunId) -> None:
        """Asks the run to stop. Idempotent; an unknown or finished run is no error."""
        ...

    def is_paying(self, run_id: RunId) -> bool:
        """Whether the run lives in this process alone and costs money: it should end before the process."""
        ...
