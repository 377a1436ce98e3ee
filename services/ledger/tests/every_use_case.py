"""Every use case of the ledger, found by looking: a new one is missed by no table that names them all."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import ledger.application
from ledger.application.command import Command


def _modules() -> list[ModuleType]:
    found = pkgutil.iter_modules(ledger.application.__path__, "ledger.application.")
    return [importlib.import_module(one.name) for one in found]


def _classes() -> list[type]:
    return [
        one
        for module in _modules()
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__
    ]


COMMANDS: list[type[Command]] = [
    one for one in _classes() if issubclass(one, Command) and "decide" in vars(one) and one is not Command
]
# Those that are kept under a request id.
REQUESTS = [one for one in COMMANDS if hasattr(one, "kind")]
HANDLERS: list[type] = [one for one in _classes() if one.__name__.endswith("Handler")]
