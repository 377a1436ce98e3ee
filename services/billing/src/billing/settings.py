"""What billing reads from its environment (`BILLING_...`)."""

from pathlib import Path
from typing import Self

from chassis.settings import DatabaseSettings, OwnerSettings, PublisherSettings
from pydantic import AnyHttpUrl, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing.adapters.outbound.payment_back_ends import (
    BackEnd,
    ProcessorSettings,
    WebhookSettings,
    settings_of,
)
from billing.domain.identifiers import PlanId
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.webhooks import WebhookVerifier


class SoldSettings(BaseSettings):
    """What is sold."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    catalogue_file: Path | None = None


class SellerSettings(BaseSettings):
    """By whom it is sold. The payment back end in use reads its own settings: nobody has to say another's."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    payment_processor: BackEnd = "stripe"
    _of_processor: ProcessorSettings = PrivateAttr()

    @model_validator(mode="after")
    def _read_of_processor(self) -> Self:
        self._of_processor = settings_of(self.payment_processor).ProcessorSettings()
        return self

    def processor(self) -> PaymentProcessor:
        """Return the payment processor."""
        return self._of_processor.processor()


class CatalogueSettings(SoldSettings, SellerSettings):
    """Settings of `publish-catalogue`: what is sold, and by whom."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")


class PlanSettings(SoldSettings):
    """Settings of what is done when somebody registers."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    # The plan that everybody begins with; unset: nobody begins with one.
    free_plan: PlanId | None = None


class BillingSettings(CatalogueSettings, PlanSettings, PublisherSettings):
    """Settings of `serve`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")

    # Where people reach the console; a checkout sends them nowhere else.
    public_url: AnyHttpUrl
    # How often it is looked for webhooks that wait; one that comes in here is worked out at once.
    process_every_s: float = Field(default=1, gt=0, le=60)
    # How many webhooks are worked out side by side: a slow one keeps nobody waiting.
    process_workers: int = Field(default=4, ge=1, le=32)
    # How long the bodies of webhooks that were done or ignored are kept.
    webhook_bodies_days: int = Field(default=90, ge=1, le=3_650)
    reconcile_every_s: float = Field(default=2, gt=0, le=3_600)
    # How often the processor is asked about one checkout that somebody waits for.
    ask_every_s: float = Field(default=2, gt=0, le=60)
    # The processor's lists of payments, subscriptions, refunds and disputes: how often the newest are read,
    # and how often those of the last days, which may have moved.
    reconcile_money_back_every_s: float = Field(default=60, gt=0, le=3_600)
    reconcile_deep_every_s: float = Field(default=21_600, ge=1, le=604_800)
    reconcile_deep_days: int = Field(default=180, ge=1, le=3_650)
    # How often the processor is asked what it sells at, whatever webhooks say.
    refresh_prices_every_s: float = Field(default=60, gt=0, le=86_400)
    # How often it is looked for refunds that were ordered and never answered about.
    carry_on_every_s: float = Field(default=15, gt=0, le=3_600)
    # What inviter and invited get once the invited has paid; both 0: nobody is rewarded. How long the first
    # payment has to stay first, and how often it is looked for those that did.
    referral_inviter_credits: int = Field(default=0, ge=0, le=1_000_000)
    referral_invited_credits: int = Field(default=0, ge=0, le=1_000_000)
    referral_hold_days: int = Field(default=7, ge=0, le=180)
    referral_every_s: float = Field(default=5, gt=0, le=3_600)
    # How often it is looked for plans whose month is over.
    renew_every_s: float = Field(default=1, gt=0, le=3_600)
    # How often it is looked for packs that are to be bought by themselves, and how long a card that was
    # refused is left alone before it is tried once more.
    top_up_every_s: float = Field(default=1, gt=0, le=3_600)
    top_up_retry_s: float = Field(default=3_600, ge=1, le=604_800)
    database_pool_size: int = Field(default=10, ge=2, le=100)
    _of_webhooks: WebhookSettings = PrivateAttr()

    @model_validator(mode="after")
    def _read_of_webhooks(self) -> Self:
        self._of_webhooks = settings_of(self.payment_processor).WebhookSettings()
        return self

    def verifier(self) -> WebhookVerifier:
        """Return who knows the processor's signatures."""
        return self._of_webhooks.verifier()


class CommandSettings(DatabaseSettings):
    """Settings of commands that look at the database and need nothing else."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")


class RefundSettings(CommandSettings, SellerSettings):
    """Settings of `refund`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")


class ReplaySettings(CommandSettings, PlanSettings):
    """Settings of `dead-letters`: what they do is done again as `serve` does it."""

    model_config = SettingsConfigDict(env_prefix="BILLING_", extra="ignore")


class MigrationSettings(OwnerSettings):
    """Settings of `migrate`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")

    service_role: str = "billing_service"
