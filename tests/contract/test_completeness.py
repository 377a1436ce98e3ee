"""Every call that a provider allows has a suite, or stands here as one that nobody makes."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from embedded.topology import topology

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROVIDERS = {
    service.name: import_module(f"{service.name}.adapters.inbound.grpc")
    for service in topology().services.values()
    if service.grpc
}
# Allowed, but the consumer has no adapter for it: credits move by events instead.
NOT_CALLED = {
    ("ledger", "Grant", "billing"),
    ("ledger", "Charge", "generation"),
    ("ledger", "Refund", "generation"),
    ("ledger", "GetReservation", "generation"),
    ("ledger", "Extend", "generation"),
    ("ledger", "Clawback", "billing"),
    ("ledger", "ApplyBatch", "billing"),
    ("ledger", "ApplyBatch", "generation"),
    ("ledger", "ApplyStream", "billing"),
    # Called by the coalescing client, a library with its own suite; generation's suite runs through it.
    ("ledger", "ApplyStream", "generation"),
    # What the stream is made of: each command is admitted by its own method's callers.
    ("ledger", "Reserve", "generation"),
}
CALLS = sorted(
    (provider, path.rpartition("/")[2], caller)
    for provider, tables in PROVIDERS.items()
    for path, callers in tables.ALLOWED.items()
    for caller in callers
)


def service_of(consumer: str) -> str:
    """Whose code calls: a process that does so in its own name is its service's."""
    return next((each.service for each in topology().processes if each.name == consumer), consumer)


def adapters(provider: str, consumer: str) -> list[Path]:
    """Where the consumer's client of a provider is, in a file or several."""
    if consumer == "auditor":
        return [ROOT / "libs/auditor/src/auditor/grpc_sources.py"]
    service = service_of(consumer)
    folder = ROOT / f"services/{service}/src/{service}/adapters/outbound"
    return sorted(folder.glob(f"grpc_{provider}*.py"))


def names(tree: ast.AST) -> set[str]:
    """The attributes that a piece of code reaches for."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def port_methods(provider: str, method: str, consumer: str) -> set[str]:
    """The adapter's public methods that lead to an RPC, directly or through its own private ones."""
    functions = {
        node.name: names(node)
        for source in adapters(provider, consumer)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    reaching = {method}
    for _ in functions:
        reaching |= {name for name, used in functions.items() if used & reaching}
    return {name for name in reaching & set(functions) if not name.startswith("_")}


@pytest.mark.parametrize(("provider", "method", "consumer"), CALLS)
def test_every_allowed_call_has_a_suite(provider: str, method: str, consumer: str) -> None:
    """A suite of the consumer's reaches for the port method behind the call."""
    asked = port_methods(provider, method, consumer)
    assert bool(asked) is ((provider, method, consumer) not in NOT_CALLED)
    # The auditor reads three providers at once, in one suite.
    folder = HERE / ("ledger" if consumer == "auditor" else provider) / service_of(consumer)
    used = {name for suite in folder.glob("test_*.py") for name in names(ast.parse(suite.read_text()))}
    assert (provider, method, consumer) in NOT_CALLED or asked & used
