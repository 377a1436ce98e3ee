"""Holds answers against the API's own description: what it does not declare may not be sent."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import httpx
from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]
PROBLEM = "application/problem+json"
OPENAI = "/openai/"


def refused_in(path: str) -> str:
    """The media type in which an operation refuses."""
    return "application/json" if path.startswith(OPENAI) else PROBLEM


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def in_utc(text: object) -> bool:
    """RFC 3339 in UTC, as the description promises."""
    return not isinstance(text, str) or datetime.fromisoformat(text).utcoffset() == timedelta(0)


class Operation(NamedTuple):
    """An operation of the description."""

    method: str
    path: str
    described: Json
    address: re.Pattern[str]


class Description:
    """An OpenAPI document that is taken at its word."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._validators: dict[str, Draft202012Validator] = {}

    @cached_property
    def operations(self) -> list[Operation]:
        """All of them."""
        return [
            Operation(method.upper(), path, described, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
            for path, methods in self.document["paths"].items()
            for method, described in methods.items()
        ]

    @cached_property
    def _components(self) -> Json:
        """The components, with every object closed: clients pass over what is new, tests don't."""
        components = deepcopy(self.document["components"])
        for schema in components["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        return components

    def validate(self, value: Any, schema: Json) -> None:
        """Fail unless a value has all that a schema requires and nothing that it does not name."""
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = Draft202012Validator(whole, format_checker=FORMATS)
        self._validators[key].validate(value)

    def operation(self, method: str, path: str) -> Operation | None:
        """Return what answers a request, if the description has it."""
        wanted = "GET" if method == "HEAD" else method
        for operation in self.operations:
            if operation.method == wanted and operation.address.fullmatch(path):
                return operation
        return None

    def example(self, example: Json) -> Any:
        """Return the value of an example, followed where it refers to another place."""
        name = example.get("$ref", "").rpartition("/")[2]
        return self.document["components"]["examples"][name]["value"] if name else example["value"]

    async def hold(self, answer: httpx.Response) -> None:
        """Fail for a status, a header, a media type, a reason or a field that is not declared."""
        request = answer.request
        operation = self.operation(request.method, request.url.path)
        if operation is None:
            return
        where = f"{request.method} {operation.path}: {answer.status_code}"
        declared = operation.described["responses"].get(str(answer.status_code))
        assert declared is not None, f"{where} is not declared"
        self._hold_headers(where, answer.headers, declared)
        media = answer.headers.get("content-type", "").partition(";")[0]
        if not media:
            assert "content" not in declared, f"{where} has no body"
            return
        assert media in declared["content"], f"{where} in {media} is not declared"
        if (
            request.method == "HEAD"
            or media in {"text/event-stream", "application/zip", "text/plain"}
            or media.startswith(("audio/", "image/"))
        ):
            return
        self._hold_body(where, (await answer.aread()).decode(), media, declared["content"][media])

    def _hold_headers(self, where: str, headers: Mapping[str, str], declared: Json) -> None:
        promised = {name.lower() for name in declared.get("headers", {})}
        for name in self.document["components"]["headers"]:
            assert name.lower() not in headers or name.lower() in promised, (
                f"{where} has an undeclared {name}"
            )

    def _hold_body(self, where: str, text: str, media: str, content: Json) -> None:
        if media == "text/csv":
            tables = [each["value"] for each in content.get("examples", {}).values()]
            heads = tuple(tables or [content["example"]])
            assert text.startswith(heads), f"{where} has other columns"
            return
        body = json.loads(text)
        self.validate(body, content["schema"])
        if "error" in body and "examples" in content:
            codes = {self.example(each)["error"]["code"] for each in content["examples"].values()}
            assert body["error"]["code"] in codes, f"{where} for {body['error']['code']} is not declared"
        if media == PROBLEM:
            assert body["reason"] in content["examples"], f"{where} for {body['reason']} is not declared"

    def hold_event(self, name: str, data: Any) -> None:
        """Fail for an event, or a field of one, that is not declared."""
        (stream,) = (one for one in self.operations if one.path == "/v1/events")
        content = stream.described["responses"]["200"]["content"]["text/event-stream"]
        assert name in content["x-events"], f"{name} is not declared"
        self.validate(data, content["x-events"][name])
