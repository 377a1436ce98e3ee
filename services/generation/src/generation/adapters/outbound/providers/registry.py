"""Finds providers: each is a folder beside this file, and nothing else lists them.

What a folder holds is imported only by the worker, which runs it: the API knows names, loads nothing that
draws or speaks to strangers, and reads nobody's key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Self, cast

from chassis.settings import load_settings
from pydantic_settings import BaseSettings, SettingsConfigDict

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

    def settings_class(self) -> type[BaseSettings]:
        """Return the class that reads its settings, under its own name."""
        found = self.module("settings").Settings
        config = SettingsConfigDict(env_prefix=self.prefix, extra="ignore")
        return cast(type[BaseSettings], type(found.__name__, (found,), {"model_config": config}))

    def module(self, part: str) -> ModuleType:
        """Import a part of its folder."""
        return import_module(f"{__package__}.{self.folder}.{part}")


Chosen = tuple[ChosenProvider, ...]


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


def load(providers: Chosen) -> Mapping[ChosenProvider, BaseSettings]:
    """Read the settings of each; ends the process with a line for each that is missing or wrong."""
    return {provider: load_settings(provider.settings_class()) for provider in providers}
