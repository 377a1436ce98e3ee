"""What Stripe needs from the environment, and the adapters that are made of it."""

from pydantic import AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier, is_live
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.webhooks import WebhookVerifier


class ProcessorSettings(BaseSettings):
    """Settings of everything that speaks to Stripe."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    stripe_secret_key: SecretStr
    # Unset means Stripe itself.
    stripe_api_url: AnyHttpUrl | None = None
    # Whether a page takes promotion codes, and how many of a pack it sells at once.
    promotion_codes: bool = False
    quantity_max: int = Field(default=1, ge=1, le=999)
    # Whether Stripe works out taxes, asks for tax ids and for an address, makes out an invoice for what is
    # paid once, and offers to keep the payment method.
    automatic_tax: bool = False
    tax_ids: bool = False
    billing_address: bool = False
    invoices: bool = False
    saved_payment_methods: bool = False
    # Whether the card that pays for a pack is kept, for buying packs by themselves later.
    keep_cards: bool = False

    def processor(self) -> PaymentProcessor:
        """Return the payment processor."""
        return StripeProcessor(
            secret_key=self.stripe_secret_key.get_secret_value(),
            # Without a trailing slash, as the SDK wants it.
            api_url=str(self.stripe_api_url).rstrip("/") if self.stripe_api_url else None,
            promotion_codes=self.promotion_codes,
            quantity_max=self.quantity_max,
            automatic_tax=self.automatic_tax,
            tax_ids=self.tax_ids,
            billing_address=self.billing_address,
            invoices=self.invoices,
            saved_payment_methods=self.saved_payment_methods,
            keep_cards=self.keep_cards,
        )


class WebhookSettings(ProcessorSettings):
    """Settings of whoever takes webhooks, too."""

    stripe_webhook_secret: SecretStr
    # The endpoint's secret before this one, while it is being replaced.
    stripe_webhook_secret_previous: SecretStr | None = None

    def verifier(self) -> WebhookVerifier:
        """Return who knows the processor's signatures."""
        secrets = (self.stripe_webhook_secret, self.stripe_webhook_secret_previous)
        return StripeWebhookVerifier(
            *(secret.get_secret_value() for secret in secrets if secret),
            live=is_live(self.stripe_secret_key.get_secret_value()),
        )
