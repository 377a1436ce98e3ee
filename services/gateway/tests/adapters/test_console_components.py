"""The page of all components: complete, and only where it is wanted."""

import re
from pathlib import Path

import httpx
import pytest
from gateway.adapters.inbound.console import components
from gateway.bootstrap.memory import memory_world
from gateway.bootstrap.parts import make_web_app, wire
from gateway_world import HTML, ORIGIN, Door, enter

PATH = "/console/components"
TEMPLATES = Path(components.__file__).parent / "templates"


async def test_production_has_no_such_page(door: Door) -> None:
    """Neither for strangers nor for somebody who is signed in: it is off unless a setting says so."""
    assert (await door.http.get(PATH, headers=HTML)).status_code == 404
    await enter(door)
    page = await door.http.get(PATH, headers=HTML)
    assert page.status_code == 404
    assert "Components" not in page.text


async def test_people_who_build_pages_have_it() -> None:
    """Without an account, and with every state of a generation."""
    app = make_web_app(wire(memory_world(shows_components=True).ports))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as http:
        page = await http.get(PATH, headers=HTML)
    assert page.status_code == 200
    for words in ("queued", "developing", "cancelling", "succeeded", "failed", "refused", "cancelled"):
        assert f">{words}</span>" in page.text


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "path", sorted((TEMPLATES / "components").glob("*.html")), ids=lambda path: path.stem
)
def test_every_component_is_shown(path: Path) -> None:
    """A file of macros that the page leaves out is one that nobody looks at."""
    page = (TEMPLATES / "components.html").read_text()
    imported = re.search(rf'from "components/{path.name}" import (.+?) %}}', page)
    assert imported
    for name in imported[1].split(", "):
        called = name.rpartition(" ")[2]
        assert f"{called}(" in page.replace(imported[0], "")
