"""The description is whole: for every operation, whichever are added."""

import json
import re
from typing import Any

import httpx
import pytest
from described import OPENAI, PROBLEM, Operation, refused_in
from gateway.adapters.inbound.openai.errors import openai_code
from gateway.adapters.inbound.rest.answers.reasons import DETAILS
from gateway_world import Door, description, routes
from jsonschema import ValidationError

# Goes over every operation, for seconds.
pytestmark = pytest.mark.real_time

DESCRIPTION = description()
EVERY = pytest.mark.parametrize(
    "operation", DESCRIPTION.operations, ids=lambda one: f"{one.method} {one.path}"
)
SCHEMAS = DESCRIPTION.document["components"]["schemas"]
NOT_JSON = {"text/plain", "application/zip", "text/csv", "text/event-stream"}


def test_every_route_is_described(door: Door) -> None:
    """The description has all routes of the API, and nothing else."""
    shown = {(one.method, one.path) for one in DESCRIPTION.operations}
    served = {
        (method, route.path)
        for route in routes(door.app)
        for method in route.methods or ()
        if route.path.startswith(("/v1/", "/webhooks/", OPENAI))
    }
    assert shown == served


def test_operations_have_names_of_their_own() -> None:
    """Verb and noun, once each: what a generated client calls them."""
    names = [one.described["operationId"] for one in DESCRIPTION.operations]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_schemas_have_names_of_their_own() -> None:
    """Two classes of one name are told apart by their modules, which no generated client can say."""
    assert [name for name in SCHEMAS if "__" in name] == []


@EVERY
def test_an_operation_says_what_it_does(operation: Operation) -> None:
    """It has a summary that fits on a line, and each parameter a description."""
    described = operation.described
    assert 0 < len(described["summary"]) <= 110
    assert not described["summary"].endswith(".")
    assert [one["name"] for one in described.get("parameters", []) if not one.get("description")] == []


@EVERY
def test_a_success_has_a_schema_and_an_example(operation: Operation) -> None:
    """A named schema for JSON, a text for other media; nothing at all only with 204."""
    succeeded = {k: v for k, v in operation.described["responses"].items() if k.startswith("2")}
    assert succeeded
    for status, answer in succeeded.items():
        assert ("content" in answer) == (status != "204")
        for media, content in answer.get("content", {}).items():
            assert "example" in content or "examples" in content
            if media in NOT_JSON or media.startswith(("audio/", "image/")):
                assert content["schema"]["type"] == "string"
                assert content["schema"]["description"]
            else:
                assert content["schema"]["$ref"].startswith("#/components/schemas/")
                DESCRIPTION.validate(content["example"], content["schema"])


@EVERY
def test_a_request_has_an_example_that_is_valid(operation: Operation) -> None:
    """Whoever copies it gets past the form."""
    for content in operation.described.get("requestBody", {}).get("content", {}).values():
        DESCRIPTION.validate(content["example"], content["schema"])


@EVERY
def test_refusals_are_described(operation: Operation) -> None:
    """Each status is a problem with an example a reason; what all operations may answer is there."""
    responses = operation.described["responses"]
    refused = {status: answer for status, answer in responses.items() if status[0] in "45"}
    wanted = {"413", "415", "500", "503", "504"}
    wanted |= {"429"} if operation.path.startswith("/v1/") else set()
    # Whoever may come without a token is not turned away for a bad one.
    is_public = {} in operation.described.get("security", [{}])
    wanted |= set() if is_public else {"401"}
    # OpenAI has one status for whatever is wrong with a request.
    unreadable = {"400"} if operation.path.startswith(OPENAI) else {"400", "422"}
    wanted |= unreadable if "requestBody" in operation.described else set()
    wanted |= {"404"} if "{" in operation.path else set()
    assert refused.keys() >= wanted
    for status, answer in refused.items():
        assert answer["content"].keys() == {refused_in(operation.path)}
        content = answer["content"][refused_in(operation.path)]
        assert content["examples"]
        for reason, example in content["examples"].items():
            value = DESCRIPTION.example(example)
            if operation.path.startswith(OPENAI):
                assert value["error"]["code"] == openai_code(reason)
            else:
                assert (value["status"], value["reason"]) == (int(status), reason)
            DESCRIPTION.validate(value, content["schema"])


@EVERY
def test_headers_are_described(operation: Operation) -> None:
    """Limits on whatever is counted, when to come back, and what a key does."""
    with_key = any(one["name"] == "idempotency-key" for one in operation.described.get("parameters", []))
    for status, answer in operation.described["responses"].items():
        if status == "default":
            continue
        named = set(answer.get("headers", {}))
        if operation.path.startswith("/v1/"):
            assert named >= {"RateLimit", "RateLimit-Policy"}
        assert ("Retry-After" in named) == (status in {"429", "503", "504"})
        assert ("Idempotency-Replayed" in named) == (with_key and (status[0] == "2" or status == "402"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_documented(name: str) -> None:
    """Each schema and each of its fields says what it is."""
    assert SCHEMAS[name]["description"]
    fields = SCHEMAS[name].get("properties", {})
    assert [field for field, schema in fields.items() if not _is_documented(schema)] == []


def test_a_field_speaks_before_its_kind() -> None:
    """What every amount of credits is does not hide what this one is."""
    entry = SCHEMAS["Entry"]["properties"]
    assert entry["balance_after"]["description"] == "Available credits after the entry."
    assert entry["balance_after"]["minimum"] == 0
    assert SCHEMAS["Reservation"]["properties"]["reserved"]["description"] == "Whole credits."


def _is_documented(schema: dict[str, Any]) -> bool:
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    return "description" in schema or "$ref" in schema or any(map(_is_documented, parts))


def _parts(name: str) -> list[dict[str, Any]]:
    fields = SCHEMAS[name].get("properties", {}).values()
    return [part for field in fields for part in (field, *field.get("anyOf", ()))]


@pytest.mark.parametrize("name", [name for name in SCHEMAS if "properties" in SCHEMAS[name]])
def test_clients_may_meet_new_fields(name: str) -> None:
    """Answers are open, so that a field can be added; bodies are closed, as they are read."""
    # What clients of OpenAI's send may have fields of the model's own.
    bodies = [
        one.described.get("requestBody", {}).get("content", {})
        for one in DESCRIPTION.operations
        if not one.path.startswith(OPENAI)
    ]
    taken = {content["schema"].get("$ref") for body in bodies for content in body.values()}
    # What a body has inside is of it.
    inside = {part.get("$ref") for ref in taken if ref for part in _parts(ref.rpartition("/")[2])}
    is_body = f"#/components/schemas/{name}" in taken | inside
    assert SCHEMAS[name].get("additionalProperties", True) is not is_body


def test_every_reason_is_used() -> None:
    """A word that nothing answers with any more goes."""
    examples = DESCRIPTION.document["components"]["examples"]
    assert {name.partition(".")[2] for name in examples} == set(DETAILS)


def test_what_is_not_declared_is_found() -> None:
    """One field too many, one too few and a time without a zone fail."""
    ref = {"$ref": "#/components/schemas/Balance"}
    (read,) = (one for one in DESCRIPTION.operations if one.path == "/v1/balance")
    good = read.described["responses"]["200"]["content"]["application/json"]["example"]
    DESCRIPTION.validate(good, ref)
    for bad in (
        {**good, "surprise": 1},
        {name: value for name, value in good.items() if name != "held"},
        {**good, "next_expiry": "2030-01-01T00:00:00"},
        {**good, "available": -1},
    ):
        with pytest.raises(ValidationError):
            DESCRIPTION.validate(bad, ref)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (201, {}, None),
        (409, {}, None),
        (200, {"Retry-After": "1"}, None),
        (200, {"Content-Type": "text/html"}, None),
        (404, {"Content-Type": PROBLEM}, {"reason": "UNKNOWN_PACK", "status": 404}),
        (404, {"Content-Type": PROBLEM}, {"reason": "UNKNOWN_MODEL", "surprise": 1}),
    ],
    ids=["success", "refusal", "header", "media type", "reason", "member"],
)
async def test_an_answer_that_is_not_declared_is_found(
    status: int, headers: dict[str, str], body: dict[str, Any] | None
) -> None:
    """What reads every answer in these tests fails for each kind of surprise."""
    (read,) = (one for one in DESCRIPTION.operations if one.described["operationId"] == "read_model")
    good = read.described["responses"]["200"]["content"]["application/json"]["example"]
    refused = DESCRIPTION.example(
        read.described["responses"]["404"]["content"][PROBLEM]["examples"]["UNKNOWN_MODEL"]
    )
    request = httpx.Request("GET", "http://gateway.test/v1/models/local/sketch")
    await DESCRIPTION.hold(httpx.Response(200, json=good, request=request))
    told = good if body is None else {**refused, **body}
    content = json.dumps(told).encode()
    sent = {"Content-Type": "application/json", **headers}
    with pytest.raises((AssertionError, ValidationError)):
        await DESCRIPTION.hold(httpx.Response(status, content=content, headers=sent, request=request))
