"""The API key that a job was asked for with."""

from dataclasses import dataclass

from generation.domain.identifiers import ApiKeyId


@dataclass(frozen=True)
class KeyUse:
    """What the key was called and allowed then; without a limit it reserves what the account has."""

    key_id: ApiKeyId
    name: str
    monthly_credits_max: int | None = None
