"""Chats, whole and streamed: through the product, straight to the provider, through another proxy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.path import meters
from bench.path.cases import Figures, reached_by, require_right
from bench.path.chat_books import Books, require_charged
from bench.path.chat_client import ChatSpec
from bench.path.litellm_proxy import Proxy
from bench.path.people import keys_of
from bench.path.stack import BenchStack

CALLERS = (1, 16, 64)
KINDS = ("whole", "streamed")
PROVIDERS_MODEL = "gpt-4.1-mini"
MODEL = "openai/chat"
PATH = "/openai/v1/chat/completions"
THEIR_PATH = "/v1/chat/completions"

Case = tuple[str, int]


@dataclass(kw_only=True)
class ChatBench:
    """How long each case runs, and against whom."""

    stack: BenchStack
    seconds: float
    warm_up_s: float
    proxy: Proxy | None = None
    # Of programs: they are good for as long as it takes.
    keys: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        self.keys = self.keys or keys_of(self.stack)

    def round(self) -> dict[Case, Figures]:
        """Return the figures of each kind of chat and number of callers, with the provider right after it."""
        return {(kind, callers): self._case(kind, callers) for callers in CALLERS for kind in KINDS}

    def _case(self, kind: str, callers: int) -> Figures:
        ours = ChatSpec(
            url=self.stack.running.url("gateway"),
            path=PATH,
            model=MODEL,
            keys=tuple(self.keys),
            callers=callers,
            is_streamed=kind == "streamed",
            warm_up_s=self.warm_up_s,
            seconds=self.seconds,
            is_charged=True,
        )
        books = Books.read(self.stack)
        figures, charged = measured(ours, lambda: meters.processor_s(self.stack))
        require_charged(self.stack, books, chats=int(figures["chats"]), told=charged)
        require_right(self.stack)
        straight = replace(
            ours,
            url=self.stack.plan.ports.url("openai"),
            path=THEIR_PATH,
            model=PROVIDERS_MODEL,
            keys=(self.stack.plan.secrets["openai_key"],),
            warm_up_s=self.warm_up_s / 2,
            seconds=self.seconds / 2,
            is_charged=False,
        )
        alone, _ = measured(straight)
        figures |= {f"straight_{name}": value for name, value in alone.items()}
        if self.proxy is not None:
            theirs = replace(straight, url=self.proxy.url, keys=(self.proxy.key,), seconds=self.seconds)
            found, _ = measured(theirs, self.proxy.processor_s)
            figures |= {f"litellm_{name}": value for name, value in found.items()}
        return figures


def measured(
    spec: ChatSpec, processor_s: Callable[[], Mapping[str, float]] | None = None
) -> tuple[Figures, int]:
    """Return what callers reached and what it cost, and the credits that they were charged."""
    before = processor_s() if processor_s else {}
    reached = reached_by("bench.path.chat_client", spec.as_json())
    after = processor_s() if processor_s else {}
    chats: int = reached["jobs"]
    figures = {
        "chats": chats,
        "chats_s": reached["jobs_s"],
        "p50_ms": reached["p50_ms"][-1],
        "p99_ms": reached["p99_ms"][-1],
        "caller_ms": reached["caller_ms"],
        **{f"cpu_{name}": (after[name] - before[name]) * 1000 / chats for name in after},
    }
    if spec.is_streamed:
        figures |= {"first_p50_ms": reached["p50_ms"][0], "first_p99_ms": reached["p99_ms"][0]}
    return figures, reached["credits"]
