"""The documentation's page has a form for each operation, with all that it takes."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from gateway_world import Door, description

# Draws every operation.
pytestmark = pytest.mark.real_time

FIELDS = {"input", "select", "textarea"}


class Read(HTMLParser):
    """The page's operations by id: method, path, and the fields of their forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str | None]] = {}
        self.fields: dict[str, set[tuple[str, str]]] = {}
        self.ids: Counter[str] = Counter()
        self.labels: set[str] = set()
        self._at = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        given = dict(attrs)
        if given.get("id"):
            self.ids[str(given["id"])] += 1
        if tag == "details" and given.get("id"):
            self._at = str(given["id"])
        elif tag == "form" and given.get("class") == "request":
            self.forms[self._at], self.fields[self._at] = given, set()
        elif tag in FIELDS and self._at:
            kind = given.get("data-in") or next(name for name in given if name.startswith("data-"))
            self.fields[self._at].add((kind, given.get("name") or ""))
        elif tag == "label":
            self.labels.add(str(given["for"]))


async def test_every_operation_has_its_form(door: Door) -> None:
    """With each parameter, a body where there is one, and a label for each field."""
    page = Read((await door.http.get("/docs")).text)
    assert [name for name, count in page.ids.items() if count > 1] == []
    for operation in description().operations:
        described = operation.described
        form = page.forms[described["operationId"]]
        assert (form["data-method"], form["data-path"]) == (operation.method, operation.path)
        wanted = {(one["in"], one["name"]) for one in described.get("parameters", [])}
        content = described.get("requestBody", {}).get("content", {})
        if "application/octet-stream" in content:
            wanted.add(("data-file", ""))
        elif "application/json" in content:
            wanted.add(("data-body", ""))
        assert page.fields[described["operationId"]] == wanted
    assert page.ids.keys() >= page.labels


async def test_what_is_said_is_text(door: Door) -> None:
    """What stands in backquotes is code; nothing that a description says is markup."""
    page = (await door.http.get("/docs")).text
    assert "<code>Prefer: wait=&lt;seconds&gt;</code>" in page
    assert "wait=<seconds>" not in page


async def test_the_page_loads_nothing_from_elsewhere(door: Door) -> None:
    """And its own script sends what it describes."""
    page = await door.http.get("/docs")
    assert page.status_code == 200
    assert "/v1/generations/{generation}/explain" in page.text
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert "/docs.js" in loaded
    assert all(place.startswith(("/", "#")) and not place.startswith("//") for place in loaded)
    for place in ("/docs.js", "/docs.css"):
        assert (await door.http.get(place)).status_code == 200
