"""Trouble that a test can order: slow answers, failures before the work, answers lost after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from standins.stripe.errors import StripeError


@dataclass
class Faults:
    """What the next API requests suffer; forgotten at a restart.

    `path` narrows it to requests whose path begins so. Failures carry `status`, `type`, `code` and `param`.
    """

    delay_s: float = 0.0
    fail_next: int = 0
    lose_next: int = 0
    path: str = ""
    status: int = 500
    type: str = "api_error"
    code: str | None = None
    param: str | None = None

    async def before(self, path: str) -> None:
        """Wait, then fail if a failure before the work was ordered."""
        if not path.startswith(self.path):
            return
        await asyncio.sleep(self.delay_s)
        if self.fail_next:
            self.fail_next -= 1
            raise self._failure()

    def after(self, path: str) -> None:
        """Fail if the answer to finished work was ordered to be lost."""
        if self.lose_next and path.startswith(self.path):
            self.lose_next -= 1
            raise self._failure()

    def _failure(self) -> StripeError:
        return StripeError(
            "An unknown error occurred (a fault ordered from the stand-in).",
            status=self.status,
            kind=self.type,
            code=self.code,
            param=self.param,
            executed=False,
        )
