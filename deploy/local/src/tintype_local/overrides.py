"""The caller's own settings of the services: `GENERATION_LEASE_S=30 make up` means what it says.

Each service gets those that begin with its own name and nobody else's, so no process sees another's secrets.
Where a process listens is the stack's to say: `TINTYPE_LEDGER_GRPC_PORT` chooses that.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module

from billing.adapters.outbound.payment_back_ends import BACK_ENDS, setting_names
from generation.adapters.outbound.providers import registry
from pydantic_settings import BaseSettings

from tintype_local.secrets_file import SERVICES

_LISTENS = ("GRPC_LISTEN", "HTTP_LISTEN", "METRICS_LISTEN")


class RefusedSettingError(ValueError):
    """A setting that the stack can't pass on."""


@dataclass(frozen=True)
class Overrides:
    """`by_name` holds what was set; `ignored` what begins like a setting of a service and is none."""

    by_name: Mapping[str, str]
    ignored: Mapping[str, str | None]

    def of(self, service: str) -> dict[str, str]:
        """Return the settings of one service."""
        prefix = f"{service.upper()}_"
        return {name: value for name, value in self.by_name.items() if name.startswith(prefix)}

    def notes(self) -> list[str]:
        """Return what a person should know of it: names only, because a value may be a secret."""
        taken = [f"from your environment: {', '.join(sorted(self.by_name))}"] if self.by_name else []
        return taken + [
            f"{name} is no setting of a service and was ignored" + (f": {meant}?" if meant else "")
            for name, meant in sorted(self.ignored.items())
        ]


NONE = Overrides({}, {})


def read_overrides(environment: Mapping[str, str] = os.environ) -> Overrides:
    """Take the services' settings out of an environment.

    Raises RefusedSettingError for an address to listen at, naming what to set instead, and for a provider
    that there is not.
    """
    begins = tuple(f"{service.upper()}_" for service in SERVICES)
    given = {name: value for name, value in environment.items() if name.startswith(begins)}
    known = _known(given.get("GENERATION_PROVIDERS")) if given else frozenset()
    for name in sorted(given.keys() & known):
        service, _, setting = name.partition("_")
        if setting in _LISTENS:
            raise RefusedSettingError(
                f"{name}: the stack chooses where {service.lower()} listens; "
                "set TINTYPE_BASE_PORT, or the port alone (TINTYPE_LEDGER_GRPC_PORT=...)"
            )
    return Overrides(
        {name: value for name, value in given.items() if name in known},
        {name: _nearest(name, known) for name in given if name not in known},
    )


def _known(providers: str | None) -> frozenset[str]:
    """Every setting of every service, from the classes that read them; those of payment back ends and of
    providers included."""
    try:
        in_use = registry.chosen(providers or ",".join(registry.folders()))
    except ValueError as unknown:
        raise RefusedSettingError(f"GENERATION_PROVIDERS: {unknown}") from unknown
    of_providers = (provider.setting_names | provider.webhook_setting_names for provider in in_use)
    names: set[str] = set().union(*of_providers)
    names = names.union(*(setting_names(back_end) for back_end in BACK_ENDS))
    for service in SERVICES:
        for cls in vars(import_module(f"{service}.settings")).values():
            if isinstance(cls, type) and issubclass(cls, BaseSettings):
                prefix = cls.model_config.get("env_prefix", "").upper()
                if prefix == f"{service.upper()}_":
                    names |= {prefix + field.upper() for field in cls.model_fields}
    return frozenset(names)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.85)), None)
