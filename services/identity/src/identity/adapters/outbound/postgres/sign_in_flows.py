"""Who is on the way to a provider: nobody's rows, in the system scope."""

from dataclasses import asdict, dataclass
from datetime import datetime

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres.tables import sign_in_flows
from identity.domain.identifiers import ProviderId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.sign_in_flow import SignInFlow


@dataclass(frozen=True)
class PostgresSignInFlows:
    """One statement each; implements SignInFlows."""

    engine: AsyncEngine

    async def begin(self, flow: SignInFlow) -> None:
        """See SignInFlows."""
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(insert(sign_in_flows).values(asdict(flow)))

    async def take(self, state_digest: SecretDigest, now: datetime) -> SignInFlow | None:
        """See SignInFlows."""
        taken = (
            update(sign_in_flows)
            .where(
                sign_in_flows.c.state_digest == state_digest,
                sign_in_flows.c.used_at.is_(None),
                sign_in_flows.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(sign_in_flows)
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(taken)).mappings().one_or_none()
        if row is None:
            return None
        return SignInFlow(
            state_digest=SecretDigest(bytes(row["state_digest"])),
            browser_digest=SecretDigest(bytes(row["browser_digest"])),
            provider_id=ProviderId(row["provider_id"]),
            user_id=UserId(row["user_id"]) if row["user_id"] is not None else None,
            expires_at=row["expires_at"],
        )
