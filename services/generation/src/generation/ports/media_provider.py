"""Who makes the media."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId, MediaId, RunId
from generation.domain.output import Incomplete
from generation.domain.token_usage import PictureTokens


class RunState(StrEnum):
    """What a provider says of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class MediaUnreadable(Exception):
    """The bytes can't be had right now; the provider knows nothing of the run yet."""


class InputMedia(Protocol):
    """A file that a run is made from: a provider takes its bytes, or its address."""

    @property
    def media_type(self) -> str:
        """IANA media type, as its bytes have it."""
        ...

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        ...

    @property
    def url(self) -> str:
        """A signed address that works beyond the job's deadline, and is the same whenever it is asked for."""
        ...

    async def read(self) -> bytes:
        """Return its bytes. Raises MediaUnreadable."""
        ...


class RunOutput(Protocol):
    """One file that a run made."""

    def stream(self) -> AsyncIterator[bytes]:
        """Its bytes, in pieces. Raises OutputUnusable when they can't be had, OutputUnreachable when
        they may be had later."""
        ...


@dataclass(frozen=True)
class Preview:
    """What a picture looks like before it is whole; a RunOutput that nobody keeps."""

    content: bytes = field(repr=False)

    async def stream(self) -> AsyncIterator[bytes]:
        """See RunOutput."""
        yield self.content


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
    # The provider turned the run away and said when it may be asked again; nothing was bought. While a run
    # is running: it asks not to be looked at before then.
    retry_after_s: float | None = None
    # Millionths of a dollar that the run cost us, where the provider says so.
    cost_usd_micros: int | None = None
    # OUR account at the provider is refused or used up: a matter for operators, never for the user.
    account_trouble: bool = False
    # There was no answer, or none that makes sense: it counts against the provider, even where it may have
    # been bought, and so is not tried again.
    unanswered: bool = False
    # While it waits for others at the provider's, where that says so: 1 is the next one.
    queue_position: int | None = None
    # What the provider counted for a picture, where it says so; for whoever waits in the call, and not kept.
    picture_tokens: PictureTokens | None = None


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a provider can do besides making media: the application asks this, never what it talks to.

    What is declared is kept, and one suite holds every provider to it. What it does not declare is not
    asked of it.
    """

    # It tells us when a run changed. Polls are how we know, whatever it tells or forgets to.
    webhook: bool = False
    # A run can be stopped.
    cancel: bool = False
    # A second submit under the same key is the first one, and costs nothing.
    idempotency_key: bool = False
    # It finds a run by our key.
    look_up: bool = False
    # A run says how far it is.
    progress: bool = False
    # A run that succeeded says what it cost us.
    cost: bool = False
    # A run is a call of this process: until it has ended, nobody else can know of it.
    in_call: bool = False
    # What it makes comes from a program alone, and from no trained model: its outputs say so.
    untrained: bool = False
    # It holds chats in the call itself, and passes them on as they come (ChatProvider).
    interactive: bool = False
    # It shows a picture before it is whole, to whoever asks for that with the run.
    previews: bool = False


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """When to look at a run: soon at first, then after gaps that grow up to the longest."""

    first_s: float
    longest_s: float
    growth: float = 1.5

    def gaps_s(self) -> Iterator[float]:
        """Return the pauses between looks, without an end."""
        gap_s = self.first_s
        while True:
            yield gap_s
            gap_s = min(self.longest_s, gap_s * self.growth)


@dataclass(frozen=True)
class Run:
    """What to make. `key` is ours: the provider's idempotency key where it knows such a thing.

    `input` is the provider's own request: the catalogue's template has been filled in already.
    """

    key: AttemptId
    model: str
    input: Mapping[str, Any]
    # What the input names, by id. Where the provider has a template, its request holds their addresses.
    media: Mapping[MediaId, InputMedia] = field(default_factory=dict)
    # Called once the run has ended, where the provider knows it by itself: whoever waits looks at once.
    # It may be called by nobody, so the run is looked at all the same.
    on_end: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    # How many `previews` are wanted, at most, and who is told of each: that fewer come is no failure.
    previews_max: int = 0
    on_preview: Callable[[Preview], None] = field(default=lambda _: None, repr=False, compare=False)


class ProviderUnavailable(Exception):
    """No answer, so nothing is known: it is asked again, not before `retry_after_s`, up to the deadline."""

    def __init__(self, detail: str = "no answer", *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ProviderUnreachable(ProviderUnavailable):
    """No connection was made: whatever was asked for has not begun."""


class ProviderRefused(Exception):
    """The run was not accepted. `retryable` says whether a later try, or another provider, may be."""

    def __init__(
        self,
        failure: Failure,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        account_trouble: bool = False,
        unanswered: bool = False,
    ) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.account_trouble = account_trouble
        self.unanswered = unanswered


class MediaProvider(Protocol):
    """Makes media from an input. No method retries by itself: a second submit may be a second bill.

    Methods that belong to a capability are called only where it is declared; the others always.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do besides."""
        ...

    @property
    def polling(self) -> PollSchedule:
        """How often a run is looked at."""
        ...

    async def submit(self, run: Run) -> RunId:
        """Start a run. Raises ProviderRefused, ProviderUnreachable when nobody was asked, and
        ProviderUnavailable when it may have started.

        Whatever reading its media raises comes before anything is sent, and is raised as it is.
        """
        ...

    async def find(self, key: AttemptId) -> RunId | None:
        """Return the run submitted under `key`, or None when the provider knows of none (`look_up`)."""
        ...

    async def check(self, run_id: RunId) -> RunReport:
        """How the run stands; UNKNOWN when the provider never saw it. Raises ProviderUnavailable."""
        ...

    async def cancel(self, run_id: RunId) -> None:
        """Asks the run to stop (`cancel`). Idempotent; an unknown or finished run is no error."""
        ...

    async def forget(self, run_id: RunId) -> None:
        """Drop what it keeps of a run whose attempt has ended: files of theirs, memory of ours.

        Best effort: it is called once and may be never, so what must go goes by itself in the end, too.
        Idempotent. Raises ProviderUnavailable.
        """
        ...

    def is_paying(self, run_id: RunId) -> bool:
        """Whether the run is a call that has not ended (`in_call`): it should end before the process."""
        ...
