"""Outputs as files, whole."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.domain.generation import Output


class OutputUnreadable(Exception):
    """The store does not give it now, or broke off."""


class OutputFiles(Protocol):
    """Reads stored files."""

    def open(self, output: Output) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open an output for reading, a part at a time.

        Raises OutputUnreadable, on entering where it can't be had at all, later where it breaks off.
        """
        ...
