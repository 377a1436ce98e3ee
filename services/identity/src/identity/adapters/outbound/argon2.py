"""Password hashing by argon2id."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from identity.domain.user import PasswordHash
from identity.ports.password_hasher import Verdict


class Argon2Hasher:
    """Hashes on threads of its own, whose number bounds the memory in use; implements PasswordHasher."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, threads: int) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=argon2.Type.ID
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._nobody = self._argon2.hash("the password of nobody")

    async def hash(self, password: str) -> PasswordHash:
        """See PasswordHasher."""
        loop = asyncio.get_running_loop()
        return PasswordHash(await loop.run_in_executor(self._threads, self._argon2.hash, password))

    async def verify(self, password: str, password_hash: PasswordHash | None) -> Verdict:
        """See PasswordHasher."""
        loop = asyncio.get_running_loop()
        matches = await loop.run_in_executor(
            self._threads, self._matches, password_hash or self._nobody, password
        )
        if password_hash is None or not matches:
            return Verdict(matches=False)
        return Verdict(matches=True, outdated=self._argon2.check_needs_rehash(password_hash))

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
