"""Stand-ins of providers of media, and how generation is led to them in place of the providers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What each of them is told besides where it listens and its secrets; a provider's folder has the same name.
Settings = Mapping[str, str]


@dataclass(frozen=True)
class MediaStandIn:
    """Settings of one: the worker's, the API's, and its own. `{url}`, `{key}`, `{secret}` and `{webhooks}`
    stand for where it is, its key, what signs its webhooks, and where those are taken."""

    worker: Settings = field(default_factory=lambda: {"BASE_URL": "{url}", "API_KEY": "{key}"})
    api: Settings = field(default_factory=dict)
    own: Settings = field(default_factory=dict)


SIGNED = {"WEBHOOK_SECRET": "{secret}"}
MEDIA_STAND_INS: Mapping[str, MediaStandIn] = {
    "babysea": MediaStandIn(api=SIGNED, own={**SIGNED, "WEBHOOK_URL": "{webhooks}"}),
    "comfydeploy": MediaStandIn(
        worker={"BASE_URL": "{url}", "API_KEY": "{key}", "TOKEN_SECRET": "{secret}"}, api=SIGNED
    ),
    "comfyui": MediaStandIn(),
    "fal": MediaStandIn(api={"WEBHOOK_JWKS_URL": "{url}/.well-known/jwks.json"}, own=SIGNED),
    "replicate": MediaStandIn(api=SIGNED, own=SIGNED),
}


def filled(settings: Settings, **values: str) -> dict[str, str]:
    """Return settings with the addresses and secrets in their places."""
    return {name: value.format(**values) for name, value in settings.items()}
