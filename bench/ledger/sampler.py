"""A profile by sampling, with the standard library only: which lines the main thread is at."""

import gc
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
        self._idle = 0
        self._collecting_s = 0.0
        self._began = _clocks()
        self._lines: Counter[str] = Counter()
        self._functions: Counter[str] = Counter()

    def run(self) -> None:
        gc.callbacks.append(self._on_collection)
        while not self.stopping.is_set():
            time.sleep(PERIOD_S)
            frame = sys._current_frames().get(self._thread)
            if frame is not None:
                self._take(frame)

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        self._collecting_s += time.perf_counter() * (1 if phase == "stop" else -1)

    def _take(self, frame: FrameType) -> None:
        if frame.f_code.co_filename.endswith("asyncio/runners.py"):
            # In the event loop itself: it waits, or runs what is written in C.
            self._idle += 1
            return
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
        wall_s, busy_s = (now - then for now, then in zip(_clocks(), self._began, strict=True))
        text = [
            f"{wall_s:.1f} s, {busy_s:.1f} s of them busy, {self._collecting_s:.2f} s collecting garbage",
            f"{self._samples} samples in Python code, {self._idle} in the event loop",
        ]
        text += ["", "lines (time in the line itself)", *self._table(self._lines)]
        text += ["", "functions (with everything that they call)", *self._table(self._functions)]
        return "\n".join(text) + "\n"

    def _table(self, counts: Counter[str]) -> list[str]:
        return [
            f"{count / max(1, self._samples):7.1%}  {what}" for what, count in counts.most_common(LINES_MAX)
        ]


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _name(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    shown = path.relative_to(_HERE) if path.is_relative_to(_HERE) else path
    parts = shown.parts
    if "site-packages" in parts:
        shown = Path(*parts[parts.index("site-packages") + 1 :])
    return f"{shown}:{frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name}"
