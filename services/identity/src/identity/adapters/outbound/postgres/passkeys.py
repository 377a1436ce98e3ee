"""Passkeys of one account, and the challenges that wait for an answer."""

from dataclasses import asdict, dataclass
from datetime import datetime

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from identity.adapters.outbound.postgres.tables import passkey_ceremonies, passkeys
from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey
from identity.domain.passkey_errors import PasskeyExists, PasskeyNotFound
from identity.domain.secret import SecretDigest

_CREDENTIAL_KEY = "passkeys_credential_key"


@dataclass(frozen=True)
class PostgresPasskeys:
    """Rows of one account; implements Passkeys."""

    connection: AsyncConnection

    async def add(self, passkey: Passkey) -> None:
        """See Passkeys."""
        try:
            await self.connection.execute(insert(passkeys).values(_values(passkey)))
        except IntegrityError as error:
            # The key sees every account, though row level security hides them from queries.
            if _CREDENTIAL_KEY in str(error.orig):
                raise PasskeyExists from None
            raise

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        """See Passkeys."""
        query = (
            select(passkeys)
            .where(passkeys.c.user_id == user_id)
            .order_by(passkeys.c.created_at, passkeys.c.passkey_id)
        )
        return [_passkey(row) for row in (await self.connection.execute(query)).mappings()]

    async def save(self, passkey: Passkey) -> None:
        """See Passkeys."""
        await self.connection.execute(
            update(passkeys)
            .where(passkeys.c.user_id == passkey.user_id, passkeys.c.passkey_id == passkey.passkey_id)
            .values(
                name=passkey.name,
                sign_count=passkey.sign_count,
                backed_up=passkey.backed_up,
                last_used_at=passkey.last_used_at,
                copy_seen_at=passkey.copy_seen_at,
            )
        )

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """See Passkeys."""
        removed = await self.connection.execute(
            delete(passkeys).where(passkeys.c.user_id == user_id, passkeys.c.passkey_id == passkey_id)
        )
        if not removed.rowcount:
            raise PasskeyNotFound


@dataclass(frozen=True)
class PostgresPasskeyCeremonies:
    """One statement each, in the system scope; implements PasskeyCeremonies."""

    engine: AsyncEngine

    async def begin(self, ceremony: Ceremony) -> None:
        """See PasskeyCeremonies."""
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(insert(passkey_ceremonies).values(asdict(ceremony)))

    async def take(self, challenge_digest: SecretDigest, now: datetime) -> Ceremony | None:
        """See PasskeyCeremonies."""
        taken = (
            delete(passkey_ceremonies)
            .where(passkey_ceremonies.c.challenge_digest == challenge_digest)
            .returning(passkey_ceremonies)
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(taken)).mappings().one_or_none()
        if row is None or row["expires_at"] <= now:
            return None
        return Ceremony(
            challenge_digest=SecretDigest(bytes(row["challenge_digest"])),
            kind=CeremonyKind(row["kind"]),
            user_id=UserId(row["user_id"]) if row["user_id"] is not None else None,
            expires_at=row["expires_at"],
        )


def _values(passkey: Passkey) -> dict[str, object]:
    return asdict(passkey) | {"transports": list(passkey.transports)}


def _passkey(row: RowMapping) -> Passkey:
    return Passkey(
        passkey_id=PasskeyId(row["passkey_id"]),
        user_id=UserId(row["user_id"]),
        credential_id=bytes(row["credential_id"]),
        public_key=bytes(row["public_key"]),
        sign_count=row["sign_count"],
        transports=tuple(row["transports"]),
        name=row["name"],
        backed_up=row["backed_up"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        copy_seen_at=row["copy_seen_at"],
    )
