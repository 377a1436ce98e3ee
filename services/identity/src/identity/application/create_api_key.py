"""Make an API key, which is shown once."""

from dataclasses import dataclass

from identity.domain.api_key import (
    STANDING_MAX,
    ApiKey,
    ApiKeyTerms,
    hint_of,
    key_text,
    require_sound,
)
from identity.domain.errors import IdempotencyKeyReused, TooManyApiKeys
from identity.domain.identifiers import ApiKeyId, IdempotencyKey, UserId
from identity.domain.secret import digest
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CreateApiKey:
    """Whose key, and what it may do; the same `idempotency_key` makes one key."""

    user_id: UserId
    idempotency_key: IdempotencyKey
    terms: ApiKeyTerms


@dataclass(frozen=True)
class CreatedApiKey:
    """A key, and its text; None when the request made it before, since nobody knows it any more."""

    key: ApiKey
    text: str | None


@dataclass(frozen=True)
class CreateApiKeyHandler:
    """Keeps a digest; the text is in the answer alone."""

    units: UnitsOfWork
    ids: IdSource
    secrets: SecretSource
    clock: Clock

    async def __call__(self, command: CreateApiKey) -> CreatedApiKey:
        """Make a key.

        Raises UserNotFound, UserDisabled, UserLeaving, InvalidField, TooManyApiKeys and IdempotencyKeyReused.
        """
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            user.require_staying()
            if before := await work.api_keys.requested(command.user_id, command.idempotency_key):
                if before.terms != command.terms:
                    raise IdempotencyKeyReused
                return CreatedApiKey(before, text=None)
            require_sound(command.terms, now)
            kept = await work.api_keys.unrevoked(command.user_id)
            if sum(key.stands(now) for key in kept) >= STANDING_MAX:
                raise TooManyApiKeys(STANDING_MAX)
            text = key_text(self.secrets.new())
            key = ApiKey(
                key_id=ApiKeyId(self.ids.new("key")),
                user_id=command.user_id,
                idempotency_key=command.idempotency_key,
                key_digest=digest(text),
                hint=hint_of(text),
                terms=command.terms,
                created_at=now,
            )
            await work.api_keys.add(key)
            return CreatedApiKey(key, text)
