"""Trouble that a test can order: failures before the work, answers lost after it."""

from __future__ import annotations

from dataclasses import dataclass

from standins.polar.errors import PolarError


@dataclass
class Faults:
    """What the next requests suffer, of a method and a path that begins so; forgotten at a restart."""

    fail_next: int = 0
    lose_next: int = 0
    method: str = ""
    path: str = ""
    status: int = 500

    def before(self, method: str, path: str) -> None:
        """Fail if a failure before the work was ordered."""
        if self.fail_next and self._concern(method, path):
            self.fail_next -= 1
            raise self._failure()

    def after(self, method: str, path: str) -> None:
        """Fail if the answer to finished work was ordered to be lost."""
        if self.lose_next and self._concern(method, path):
            self.lose_next -= 1
            raise self._failure()

    def _concern(self, method: str, path: str) -> bool:
        return self.method in ("", method) and path.startswith(self.path)

    def _failure(self) -> PolarError:
        return PolarError(self.status, "InternalServerError", "A fault ordered from the stand-in")
