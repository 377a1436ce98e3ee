"""Finds providers: each is a folder beside this file, and nothing else lists them.

What a folder holds is imported only by the worker, which runs it: the API knows names, loads nothing that
draws or speaks to strangers, and reads nobody's key. Of a provider that calls us it imports `webhook`, and
reads what its calls are verified by.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Self, cast

from chassis.settings import load_settings
from pydantic_settings import BaseSettings, SettingsConfigDict

from generation.adapters.outbound.provider_limits import LimitSettings

PREFIX = "GENERATION_"
PROVIDERS_MAX = 20
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class ChosenProvider:
    """A provider in use: the `name` that models and people know it by, and the `folder` that speaks to it.

    Several of one folder may be used side by side, each under a name and with settings of its own.
    """

    name: str
    folder: str

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read `name`, which is a folder's, or `name:folder`. Raises ValueError that says what there is."""
        name, _, folder = text.partition(":")
        folder = folder or name
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a provider: letters, digits, _ and -, up to 32")
        if folder not in folders():
            raise ValueError(f"there is no provider {folder!r}; there are {', '.join(folders())}")
        return cls(name, folder)

    @property
    def prefix(self) -> str:
        """What its settings begin with."""
        return f"{PREFIX}{self.name.upper().replace('-', '_')}_"

    @property
    def setting_names(self) -> frozenset[str]:
        """The settings that it has, its keys among them, as the environment spells them."""
        return frozenset(self.prefix + field.upper() for field in self.settings_class().model_fields)

    @property
    def has_webhook(self) -> bool:
        """Whether its folder can tell a webhook of the provider's from a forged one. Imports nothing."""
        package = import_module(str(__package__))
        return any((Path(path) / self.folder / "webhook.py").is_file() for path in package.__path__)

    @property
    def webhook_setting_names(self) -> frozenset[str]:
        """The settings that the API reads of it, as the environment spells them."""
        if not self.has_webhook:
            return frozenset()
        return frozenset(self.prefix + field.upper() for field in self.webhook_settings_class().model_fields)

    def settings_class(self) -> type[BaseSettings]:
        """Return the class that reads the worker's settings of it, with its limits, under its own name."""
        return self._named(self.module("settings").Settings, LimitSettings)

    def webhook_settings_class(self) -> type[BaseSettings]:
        """Return the class that reads the API's settings of it, under its own name."""
        return self._named(self.module("webhook").WebhookSettings)

    def _named(self, found: type[BaseSettings], *more: type[BaseSettings]) -> type[BaseSettings]:
        config = SettingsConfigDict(env_prefix=self.prefix, extra="ignore")
        return cast(type[BaseSettings], type(found.__name__, (found, *more), {"model_config": config}))

    def module(self, part: str) -> ModuleType:
        """Import a part of its folder."""
        return import_module(f"{__package__}.{self.folder}.{part}")


Chosen = tuple[ChosenProvider, ...]
ProviderSettings = Mapping[ChosenProvider, BaseSettings]


@cache
def folders() -> Sequence[str]:
    """Return the providers that there are."""
    package = import_module(str(__package__))
    return tuple(sorted(module.name for module in iter_modules(package.__path__) if module.ispkg))


def chosen(text: str) -> Chosen:
    """Read the providers in use, with commas between them. Raises ValueError that says what is wrong."""
    found = tuple(ChosenProvider.parsed(part.strip()) for part in text.split(",") if part.strip())
    if not 1 <= len(found) <= PROVIDERS_MAX:
        raise ValueError(f"names 1 to {PROVIDERS_MAX} providers; there are {', '.join(folders())}")
    for prefix in (provider.prefix for provider in found):
        if sum(provider.prefix == prefix for provider in found) > 1:
            raise ValueError(f"two providers would read the settings {prefix}...")
    return found


def refuse_taken(providers: Chosen, fields: Iterable[str]) -> Chosen:
    """Return them; raises ValueError for one whose settings would look like the service's own `fields`."""
    for provider in providers:
        if taken := [field for field in fields if f"{PREFIX}{field.upper()}".startswith(provider.prefix)]:
            raise ValueError(f"no provider can be called {provider.name!r}: {taken[0]} is another setting")
    return providers


def load(providers: Chosen) -> ProviderSettings:
    """Read the settings of each; ends the process with a line for each that is missing or wrong."""
    return {provider: load_settings(provider.settings_class()) for provider in providers}


def load_webhooks(providers: Chosen) -> ProviderSettings:
    """Read what the API needs of those that may call us; ends the process with a line for each wrong one."""
    calling = [provider for provider in providers if provider.has_webhook]
    return {provider: load_settings(provider.webhook_settings_class()) for provider in calling}
