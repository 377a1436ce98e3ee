"""Payment back ends: each is a folder beside this file, and its name is in the list below.

Only the one in use is imported, with its library, and only its settings are read.
"""

from importlib import import_module
from typing import Literal, Protocol, cast, get_args

from pydantic_settings import BaseSettings

from billing.ports.payment_processor import PaymentProcessor
from billing.ports.webhooks import WebhookVerifier

# Another one is another folder, and its name here.
BackEnd = Literal["stripe", "polar"]
BACK_ENDS: tuple[BackEnd, ...] = get_args(BackEnd)


class ProcessorSettings(Protocol):
    """What everything that speaks to the processor reads from the environment."""

    def processor(self) -> PaymentProcessor:
        """Return the payment processor."""


class WebhookSettings(ProcessorSettings, Protocol):
    """What whoever takes webhooks reads, too."""

    def verifier(self) -> WebhookVerifier:
        """Return who knows the processor's signatures."""


class BackEndModule(Protocol):
    """What `settings.py` of a folder holds. Made, they read the environment: `BILLING_...`."""

    ProcessorSettings: type[ProcessorSettings]
    WebhookSettings: type[WebhookSettings]


def settings_of(back_end: BackEnd) -> BackEndModule:
    """Import a back end's settings."""
    return cast(BackEndModule, import_module(f"{__package__}.{back_end}.settings"))


def setting_names(back_end: BackEnd) -> frozenset[str]:
    """Return the settings that a back end has, its keys among them, as the environment spells them."""
    read = cast(type[BaseSettings], settings_of(back_end).WebhookSettings)
    prefix = read.model_config.get("env_prefix", "")
    return frozenset(prefix + field.upper() for field in read.model_fields)
