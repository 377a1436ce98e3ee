"""Trouble that a test can order: slow answers, failures before the work, answers lost after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from standins.stripe.errors import StripeError


@dataclass
class Faults:
    """What the next API requests suffer; forgotten at a restart."""

    delay_s: float = 0.0
    fail_next: int = 0
    lose_next: int = 0

    async def before(self) -> None:
        """Wait, then fail if a failure before the work was ordered."""
        await asyncio.sleep(self.delay_s)
        if self.fail_next:
            self.fail_next -= 1
            raise _broken()

    def after(self) -> None:
        """Fail if the answer to finished work was ordered to be lost."""
        if self.lose_next:
            self.lose_next -= 1
            raise _broken()


def _broken() -> StripeError:
    message = "An unknown error occurred (a fault ordered from the stand-in)."
    return StripeError(message, status=500, kind="api_error", executed=False)
