"""The library says what the API says, and both of its clients say the same."""

import inspect
import re
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
import tintype_client
from gateway_world import description
from tintype_client import (
    ApiError,
    AsyncTintype,
    AsyncWebhooks,
    InvalidCall,
    ServerError,
    Tintype,
    TintypeError,
    Webhooks,
    answers,
    webhook_answers,
)
from tintype_client.decoding import decode
from tintype_client.errors import refusal

SCHEMAS: dict[str, Any] = description().document["components"]["schemas"]
MODULES = (answers, webhook_answers)
KINDS = [
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, is_dataclass)
    if kind.__module__ == module.__name__
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_is_in_the_description(kind: type[Any]) -> None:
    """By its name, always there, and null only where the library knows of it."""
    schema = SCHEMAS[kind.__name__]
    hints = get_type_hints(kind)
    for field in fields(kind):
        described = schema["properties"][field.name]
        assert field.name in schema["required"], field.name
        may_be_null = {"type": "null"} in described.get("anyOf", [])
        assert (type(None) in get_args(hints[field.name])) == may_be_null, field.name


def test_every_operation_is_in_the_description() -> None:
    """And what it is answered there is read without a complaint."""
    kinds = {kind.__name__: kind for kind in KINDS}
    read = set()
    for operation in description().operations:
        for answer in operation.described["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name in kinds:
                assert decode(kinds[name], content["example"])
                read.add(name)
    assert read >= {"Generation", "Balance", "Quote", "Upload", "AwaitedUpload", "Model"}


def test_every_refusal_has_a_class() -> None:
    """Of each status that the API answers with, and with what it tells."""
    examples = description().document["components"]["examples"].values()
    # Those at the addresses for OpenAI's clients have a shape of their own.
    problems = [example["value"] for example in examples if "status" in example["value"]]
    assert len(problems) > 100
    for problem in problems:
        raised = refusal(problem["status"], problem)
        # 400 to 499 that nobody thought of would be plain; our own fault is one class.
        assert type(raised) is not ApiError, problem
        assert (raised.reason, raised.detail) == (problem["reason"], problem["detail"])
    assert type(refusal(599, {})) is ServerError
    assert type(refusal(418, {})) is ApiError


def _public(kind: type[Any]) -> dict[str, Any]:
    return {name: method for name, method in vars(kind).items() if callable(method) and name[0] != "_"}


@pytest.mark.parametrize(("waits", "awaits"), [(Tintype, AsyncTintype), (Webhooks, AsyncWebhooks)])
def test_the_clients_are_twins(waits: type[Any], awaits: type[Any]) -> None:
    """The same methods with the same arguments and the same words."""
    ours, theirs = _public(waits), _public(awaits)
    assert list(ours) == list(theirs)
    for name, method in ours.items():
        twin = inspect.signature(theirs[name])
        assert list(inspect.signature(method).parameters.values()) == [
            one.replace(annotation=inspect.signature(method).parameters[one.name].annotation)
            for one in twin.parameters.values()
        ], name
        said = theirs[name].__doc__.replace(", and awaited,", "")
        assert re.sub(r"\s+", " ", method.__doc__) == re.sub(r"\s+", " ", said), name
        awaited = inspect.iscoroutinefunction(theirs[name])
        assert awaited or "Generator" in str(twin) or "Iterator" in str(twin), name


def test_everything_public_is_exported() -> None:
    """Whatever may be raised or answered can be imported from the package itself."""
    for module in (*MODULES, tintype_client.errors):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and name not in {"CreditsByCategory", "AwaitedUpload"}:
                assert name in tintype_client.__all__, name
    assert all(hasattr(tintype_client, name) for name in tintype_client.__all__)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("", "tt_live_x"), ("tintype.example", "tt_live_x"), ("ftp://tintype.example", "tt_live_x"),
        ("https://t.example/?key=1", "tt_live_x"), ("http://[::1", "tt_live_x"),
        ("https://t.example:x", "tt_live_x"), ("https://ada:pw@t.example", "tt_live_x"),
        ("https://t.example", ""),
        ("https://t.example", "tt_live\nx"), ("https://t.example", "tt_live_é"), ("https://t.example", "a b"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_at_once(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, and without saying the key."""
    monkeypatch.delenv("TINTYPE_URL", raising=False)
    monkeypatch.delenv("TINTYPE_TOKEN", raising=False)
    for kind in (Tintype, AsyncTintype):
        with pytest.raises(InvalidCall) as refused:
            kind(url, token)
        assert isinstance(refused.value, TintypeError)
        assert not token or token not in str(refused.value)


def test_the_environment_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where and who, unless the program does."""
    monkeypatch.setenv("TINTYPE_URL", "https://t.example/")
    monkeypatch.setenv("TINTYPE_TOKEN", "tt_live_x\n")
    with Tintype() as client:
        assert repr(client) == "Tintype('https://t.example')"
        assert client._wire.access.token == "tt_live_x"
    assert repr(AsyncTintype("http://other.example")) == "AsyncTintype('http://other.example')"
