"""Stand-ins of all but the providers of media, and what each is told."""

import json
from collections.abc import Mapping
from pathlib import Path

from tintype_local.ports import Ports
from tintype_local.settings import StackSettings


def own_stand_ins(
    settings: StackSettings, *, ports: Ports, secrets: Mapping[str, str], data: Path
) -> dict[str, dict[str, str]]:
    """Return the settings of each by its name."""
    # The gateway takes every back end's webhooks at one address.
    webhooks = f"{ports.url('gateway')}/webhooks/stripe"
    return {
        "stripe": {
            "LISTEN": ports.address("stripe"),
            "PUBLIC_URL": ports.url("stripe"),
            "API_KEY": secrets["stripe_key"],
            "DATA_FOLDER": str(data / "stripe"),
            "WEBHOOK_URL": webhooks,
            "WEBHOOK_SECRET": secrets["stripe_webhook"],
            "ASYNC_PAYMENT_DELAY_S": str(settings.async_payment_delay_s),
        },
        "polar": {
            "LISTEN": ports.address("polar"),
            "PUBLIC_URL": ports.url("polar"),
            "ACCESS_TOKEN": secrets["polar_token"],
            "DATA_FOLDER": str(data / "polar"),
            "WEBHOOK_URL": webhooks,
            "WEBHOOK_SECRET": secrets["polar_webhook"],
            "ASYNC_PAYMENT_DELAY_S": str(settings.async_payment_delay_s),
        },
        "mailbox": {
            "LISTEN": ports.address("mailbox"),
            "SMTP_LISTEN": ports.address("smtp"),
            "DATA_FOLDER": str(data / "mailbox"),
        },
        "openai": {"LISTEN": ports.address("openai"), "API_KEY": secrets["openai_key"]},
        "oidc": {"LISTEN": ports.address("oidc")},
    }


def sign_in_stand_in(url: str, secret: str) -> str:
    """Return identity's setting that names the stand-in in Google's place; its button says what it is."""
    google = {"issuer": url, "title": "Google (stand-in)", "client_id": "tintype", "client_secret": secret}
    return json.dumps({"google": google})
