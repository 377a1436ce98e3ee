"""Second factors, of one account."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres.tables import recovery_codes, second_factors, sign_in_challenges
from identity.domain.identifiers import UserId
from identity.domain.second_factor import Challenge, SecondFactor
from identity.domain.secret import SecretDigest


@dataclass(frozen=True)
class PostgresSecondFactors:
    """Implements SecondFactors in one transaction."""

    connection: AsyncConnection

    async def get(self, user_id: UserId) -> SecondFactor | None:
        """See SecondFactors."""
        query = select(second_factors).where(second_factors.c.user_id == user_id)
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return SecondFactor(
            user_id=UserId(row["user_id"]),
            sealed_secret=bytes(row["sealed_secret"]),
            created_at=row["created_at"],
            confirmed_at=row["confirmed_at"],
            last_step=row["last_step"],
        )

    async def save(self, factor: SecondFactor) -> None:
        """See SecondFactors."""
        values = asdict(factor)
        added = postgresql.insert(second_factors).values(values)
        await self.connection.execute(
            added.on_conflict_do_update(index_elements=[second_factors.c.user_id], set_=values)
        )

    async def remove(self, user_id: UserId) -> None:
        """See SecondFactors."""
        await self.connection.execute(delete(second_factors).where(second_factors.c.user_id == user_id))
        await self.replace_codes(user_id, [])

    async def replace_codes(self, user_id: UserId, digests: Sequence[SecretDigest]) -> None:
        """See SecondFactors."""
        await self.connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        if digests:
            rows = [{"user_id": user_id, "code_digest": code} for code in digests]
            await self.connection.execute(insert(recovery_codes), rows)

    async def use_code(self, user_id: UserId, code: SecretDigest, now: datetime) -> bool:
        """See SecondFactors."""
        used = await self.connection.execute(
            update(recovery_codes)
            .where(
                recovery_codes.c.user_id == user_id,
                recovery_codes.c.code_digest == code,
                recovery_codes.c.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return used.rowcount == 1

    async def codes_left(self, user_id: UserId) -> int:
        """See SecondFactors."""
        query = (
            select(func.count())
            .select_from(recovery_codes)
            .where(recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
        )
        return await self.connection.scalar(query) or 0

    async def add_challenge(self, challenge: Challenge) -> None:
        """See SecondFactors."""
        await self.connection.execute(
            delete(sign_in_challenges).where(
                sign_in_challenges.c.user_id == challenge.user_id,
                sign_in_challenges.c.expires_at < func.now(),
            )
        )
        await self.connection.execute(insert(sign_in_challenges).values(asdict(challenge)))

    async def lock_challenge(self, token_digest: SecretDigest) -> Challenge | None:
        """See SecondFactors."""
        query = (
            select(sign_in_challenges)
            .where(sign_in_challenges.c.token_digest == token_digest)
            .with_for_update()
        )
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Challenge(
            token_digest=SecretDigest(bytes(row["token_digest"])),
            user_id=UserId(row["user_id"]),
            is_known_device=row["is_known_device"],
            expires_at=row["expires_at"],
            tries=row["tries"],
            used_at=row["used_at"],
        )

    async def end_challenges(self, user_id: UserId, now: datetime) -> None:
        """See SecondFactors."""
        await self.connection.execute(
            update(sign_in_challenges)
            .where(sign_in_challenges.c.user_id == user_id, sign_in_challenges.c.used_at.is_(None))
            .values(used_at=now)
        )

    async def save_challenge(self, challenge: Challenge) -> None:
        """See SecondFactors."""
        await self.connection.execute(
            update(sign_in_challenges)
            .where(sign_in_challenges.c.token_digest == challenge.token_digest)
            .values(tries=challenge.tries, used_at=challenge.used_at)
        )
