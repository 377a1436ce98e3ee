"""A profile by sampling, with the standard library only: which lines the main thread is at."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PERIOD_S = 0.002
# How long a thread may keep the interpreter before the sampler gets its turn.
SWITCH_S = 0.0005
LINES_MAX = 45
_HERE = Path(__file__).resolve().parents[2]


@contextmanager
def sampling(report: Path | None) -> Iterator[None]:
    """Sample this thread's stack while the body runs, and write a report; nothing without a file."""
    if report is None:
        yield
        return
    sys.setswitchinterval(SWITCH_S)
    sampler = _Sampler(threading.get_ident())
    sampler.start()
    try:
        yield
    finally:
        sampler.stopping.set()
        sampler.join()
        report.write_text(sampler.report())


class _Sampler(threading.Thread):
    def __init__(self, thread: int) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self._thread = thread
        self._samples = 0
        self._lines: Counter[str] = Counter()
        self._functions: Counter[str] = Counter()

    def run(self) -> None:
        while not self.stopping.is_set():
            time.sleep(PERIOD_S)
            frame = sys._current_frames().get(self._thread)
            if frame is not None:
                self._take(frame)

    def _take(self, frame: FrameType) -> None:
        self._samples += 1
        self._lines[f"{_name(frame)}:{frame.f_lineno}"] += 1
        seen: set[str] = set()
        caller: FrameType | None = frame
        while caller is not None:
            seen.add(_name(caller))
            caller = caller.f_back
        self._functions.update(seen)

    def report(self) -> str:
        """Return the lines that were found most often, and the functions with all that they call."""
        text = [
            f"{self._samples} samples, every {PERIOD_S * 1000:g} ms",
            "",
            "lines (time in the line itself)",
        ]
        text += self._table(self._lines)
        text += ["", "functions (with everything that they call)", *self._table(self._functions)]
        return "\n".join(text) + "\n"

    def _table(self, counts: Counter[str]) -> list[str]:
        return [f"{count / self._samples:7.1%}  {what}" for what, count in counts.most_common(LINES_MAX)]


def _name(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    shown = path.relative_to(_HERE) if path.is_relative_to(_HERE) else path
    parts = shown.parts
    if "site-packages" in parts:
        shown = Path(*parts[parts.index("site-packages") + 1 :])
    return f"{shown}:{frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name}"
