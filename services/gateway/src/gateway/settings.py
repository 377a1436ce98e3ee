"""Configuration from `GATEWAY_...` environment variables."""

from ipaddress import ip_network
from typing import Annotated

from chassis.rate_limits import RateLimit, StorageUri
from chassis.settings import OwnerSettings, ServiceSettings
from cryptography.fernet import Fernet
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from gateway.domain.origin import origin


def _origin(text: str) -> str:
    """Scheme, host and port, without a path: what a content policy and a comparison of origins need."""
    text = text.rstrip("/")
    if origin(text) is None or text.count("/") != 2:
        raise ValueError("must be an origin such as https://tintype.example")
    return text


def _proxies(listed: str) -> str:
    if listed.strip() != "*":
        for network in filter(None, (part.strip() for part in listed.split(","))):
            ip_network(network)
    return listed


def _fernet_keys(secret: SecretStr) -> SecretStr:
    try:
        for key in secret.get_secret_value().split(","):
            Fernet(key.strip())
    except ValueError:
        raise ValueError(
            "must be 32 random bytes in URL-safe base64, or several of them with commas"
        ) from None
    return secret


Origin = Annotated[str, AfterValidator(_origin)]
ModelAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$")]
Target = Annotated[str, Field(pattern=r"^[^\s/]+:\d+$")]


class WebhookSettings(ServiceSettings):
    """What whoever keeps or sends webhooks is told."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    # Seals the secrets of webhooks that are sent; without it nobody can have any sent.
    webhook_key: Annotated[SecretStr, AfterValidator(_fernet_keys)] | None = None
    # Whether webhooks may also go to this machine, over plain http.
    webhook_allow_loopback: bool = False
    webhook_timeout_s: float = Field(default=15, gt=0, le=30)

    @property
    def webhook_keys(self) -> list[str]:
        """The keys of webhooks' secrets: the first seals, all open."""
        keys = self.webhook_key
        return [key.strip() for key in keys.get_secret_value().split(",")] if keys else []


class DelivererSettings(WebhookSettings):
    """What the deliverer of webhooks can be told besides: it calls identity, and nobody else."""

    identity_target: Target
    caller_token: SecretStr

    webhook_concurrency: int = Field(default=32, ge=1, le=1_000)
    """Webhooks that a process sends at a time."""
    webhook_per_receiver_max: int = Field(default=4, ge=1, le=100)
    """How many of them, of all processes together, to one receiver."""
    webhook_every_s: float = Field(default=0.5, gt=0, le=60)
    """How often it looks for what is due."""
    webhook_failing_days: int = Field(default=3, ge=1, le=90)
    """After so many days without anything that arrived an endpoint is sent nothing more."""
    webhook_log_days: int = Field(default=30, ge=1, le=366)
    """How long the log keeps what ended."""


class GatewaySettings(WebhookSettings):
    """What the gateway can be told; README.md explains each."""

    # Where metrics are read: never the public address.
    metrics_listen: str = "127.0.0.1:0"
    public_url: Origin
    media_origin: Origin | None = None
    # Where the media store is found from here, when that is not where browsers find it.
    media_inside_origin: Origin | None = None
    checkout_origin: Origin | None = None
    portal_origin: Origin | None = None
    # The page of all components, for people who build pages; nobody else needs it.
    components_page: bool = False

    identity_target: Target
    billing_target: Target
    ledger_target: Target
    generation_target: Target
    # Who runs chats in the call itself; without it that is not offered.
    generation_interactive_target: Target | None = None
    caller_token: SecretStr

    token_issuer: str = "tintype-identity"  # noqa: S105 - a name
    token_audience: str = "tintype"  # noqa: S105 - a name

    session_key: Annotated[SecretStr, AfterValidator(_fernet_keys)]
    session_idle_s: int = Field(default=7 * 86_400, ge=60, le=90 * 86_400)
    session_lifetime_s: int = Field(default=30 * 86_400, ge=60, le=366 * 86_400)

    # How long an answer of identity counts that a session stands: no session outlives its end by more.
    session_state_s: float = Field(default=1, gt=0, le=60)

    rate_limit_uri: StorageUri = "memory://"
    generations_limit: RateLimit = "120/minute"
    quotes_limit: RateLimit = "300/minute"
    checkout_limit: RateLimit = "30/minute"
    auth_limit: RateLimit = "60/minute"
    reads_limit: RateLimit = "3000/minute"
    changes_limit: RateLimit = "300/minute"
    exports_limit: RateLimit = "10/day"
    """How often a person may download everything that is kept of them."""
    uploads_limit: RateLimit = "60/minute"
    # What an address may read by links, which anybody may guess at.
    shared_limit: RateLimit = "120/minute"
    # An address is a provider that tells of all our runs.
    webhooks_limit: RateLimit = "3000/minute"
    # Addresses or networks, with commas, whose X-Forwarded-For is believed; none by default.
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] = ""

    connections_max: int = Field(default=4_096, ge=16, le=1_000_000)
    connections_per_client_max: int = Field(default=256, ge=1, le=1_000_000)
    header_timeout_s: float = Field(default=10, gt=0, le=300)
    body_timeout_s: float = Field(default=30, gt=0, le=600)
    # Of a body that is a file.
    upload_timeout_s: float = Field(default=300, gt=0, le=3_600)
    reader_timeout_s: float = Field(default=30, gt=0, le=600)
    idle_timeout_s: int = Field(default=65, ge=1, le=600)

    # How long a request may wait for its generation where it prefers to; 0 for not at all.
    wait_max_s: int = Field(default=60, ge=0, le=60)
    # How many requests may do so at once in one process, and of one user.
    waits_max: int = Field(default=1_000, ge=1, le=100_000)
    waits_per_user_max: int = Field(default=16, ge=1, le=1_000)
    # Names that programs which speak OpenAI may use for our models: {"gpt-4o-mini": "openai/chat"}.
    openai_models: dict[ModelAlias, ModelName] = Field(default_factory=dict)
    # How long such a program's request may wait for its pictures or its sound.
    openai_wait_s: float = Field(default=300, gt=0, le=600)

    streams_per_user_max: int = Field(default=8, ge=1, le=1_000)
    heartbeat_s: float = Field(default=15, gt=0, le=300)


class MigrationSettings(OwnerSettings):
    """What `migrate` needs."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    service_role: str = Field(default="gateway_service", pattern=r"^[a-z_][a-z0-9_]*$")
