"""Password hashing by argon2id."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from identity.domain.errors import TooBusy
from identity.domain.user import PasswordHash
from identity.ports.password_hasher import Verdict

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class Argon2Hasher:
    """Hashes on threads of its own, whose number bounds the memory in use; implements PasswordHasher.

    Past `waiting_max` passwords at a time it raises TooBusy: whoever waited longer would be gone by then.
    """

    def __init__(
        self, *, time_cost: int, memory_kib: int, parallelism: int, threads: int, waiting_max: int
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=argon2.Type.ID
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting, self._waiting_max = 0, waiting_max
        self._nobody = self._argon2.hash("the password of nobody")

    async def hash(self, password: str) -> PasswordHash:
        """See PasswordHasher."""
        return PasswordHash(await self._on_thread(self._argon2.hash, password))

    async def verify(self, password: str, password_hash: PasswordHash | None) -> Verdict:
        """See PasswordHasher."""
        matches = await self._on_thread(self._matches, password_hash or self._nobody, password)
        if password_hash is None or not matches:
            return Verdict(matches=False)
        return Verdict(matches=True, outdated=self._argon2.check_needs_rehash(password_hash))

    async def _on_thread(self, work: Callable[[Unpack[_Arguments]], _Result], *args: *_Arguments) -> _Result:
        if self._waiting >= self._waiting_max:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._waiting -= 1

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
