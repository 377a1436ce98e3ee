"""What a person sees while the stack starts, runs and stops."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console


class Report:
    """Prints steps with their durations; quiet enough to be piped."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it runs, and how long it took."""
        start = time.monotonic()
        with self.console.status(f"{title} ..."):
            yield
        self.console.print(f"[green]ok[/]  {title} [dim]{time.monotonic() - start:.1f} s[/]", highlight=False)

    def note(self, text: str) -> None:
        """Show one line."""
        self.console.print(f"[yellow]--[/]  {text}", highlight=False)

    def crashed(self, name: str, code: int) -> None:
        """Show that a process ended by itself and is started again."""
        how = f"by signal {-code}" if code < 0 else f"with {code}"
        self.console.print(f"[yellow]--[/]  {name} ended {how}: starting it again", highlight=False)
