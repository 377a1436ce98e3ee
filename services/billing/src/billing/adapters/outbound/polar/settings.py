"""What Polar needs from the environment, and the adapters that are made of it."""

from pydantic import AnyHttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.polar.webhooks import PolarWebhookVerifier
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.webhooks import WebhookVerifier


class ProcessorSettings(BaseSettings):
    """Settings of everything that speaks to Polar."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    polar_access_token: SecretStr
    # Unset means Polar itself; its sandbox is an address like any other.
    polar_api_url: AnyHttpUrl | None = None
    # Whether a page takes discount codes, and how many of a pack it sells at once.
    promotion_codes: bool = False
    quantity_max: int = 1

    @field_validator("quantity_max")
    @classmethod
    def _one_at_a_time(cls, quantity_max: int) -> int:
        if quantity_max != 1:
            raise ValueError("Polar sells one of a pack on a page: it can only be 1")
        return quantity_max

    def processor(self) -> PaymentProcessor:
        """Return the payment processor."""
        return PolarProcessor(
            access_token=self.polar_access_token.get_secret_value(),
            api_url=str(self.polar_api_url).rstrip("/") if self.polar_api_url else None,
            promotion_codes=self.promotion_codes,
        )


class WebhookSettings(ProcessorSettings):
    """Settings of whoever takes webhooks, too."""

    polar_webhook_secret: SecretStr
    # The endpoint's secret before this one, while it is being replaced.
    polar_webhook_secret_previous: SecretStr | None = None

    def verifier(self) -> WebhookVerifier:
        """Return who knows the processor's signatures."""
        secrets = (self.polar_webhook_secret, self.polar_webhook_secret_previous)
        return PolarWebhookVerifier(*(secret.get_secret_value() for secret in secrets if secret))
