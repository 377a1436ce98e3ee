"""Every use case of the ledger, found by looking: a new one is missed by no table that names them all."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import ledger.application
from ledger.application.command import Command


def modules(package: ModuleType) -> list[ModuleType]:
    """Every module of a package."""
    found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(one.name) for one in found]


def _classes() -> list[type]:
    return [
        one
        for module in modules(ledger.application)
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__
    ]


COMMANDS: list[type[Command]] = [
    one for one in _classes() if issubclass(one, Command) and "decide" in vars(one) and one is not Command
]
# Those that are kept under a request id.
REQUESTS = [one for one in COMMANDS if hasattr(one, "kind")]
# Those that write: whoever only reads can't publish.
WRITERS: list[type] = [
    one
    for one in _classes()
    if one.__name__.endswith("Handler")
    and {"writer", "units"} & set(inspect.signature(one.__init__).parameters)  # type: ignore[misc]
]
