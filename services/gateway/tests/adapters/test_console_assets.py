"""The console's files: kept for ever under their own names, and few bytes for a first page."""

import re

import brotli
import pytest
from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.icons import icon
from gateway_world import Door

FIRST_PAGE_MAX_BYTES = 150_000


@pytest.mark.parametrize("accepted", ["gzip, br;q=0.9", "gzip", ""])
async def test_a_file_is_kept_for_ever(door: Door, accepted: str) -> None:
    """Its name changes with its contents; a browser that knows Brotli gets it, and the same file."""
    answer = await door.http.get(assets.url("console.css"), headers={"Accept-Encoding": accepted})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (answer.headers.get("content-encoding") == "br") is ("br" in accepted)
    assert answer.content == assets.by_name[assets.url("console.css").rpartition("/")[2]].body


@pytest.mark.parametrize("name", ["console.css", "console.000000000000.css", "..%2fassets.py", "vendor"])
async def test_any_other_name_is_not_found(door: Door, name: str) -> None:
    """Neither a name without its contents, nor one of other contents, nor anything outside."""
    answer = await door.http.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


async def test_a_first_page_is_small(door: Door) -> None:
    """The page, its one style sheet, its script and its fonts, as a browser gets them."""
    page = await door.http.get("/")
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
    scripts = re.findall(r'<script src="([^"]+)" defer>', page.text)
    assert (len(sheets), len(scripts), page.text.count("<script")) == (1, 1, 1)
    styles = assets.by_name[sheets[0].rpartition("/")[2]].body.decode()
    fonts = re.findall(r'url\("(/static/[^"]+\.woff2)"\)', styles)
    assert fonts
    names = [address.rpartition("/")[2] for address in (*sheets, *scripts, *fonts)]
    sizes = {name: len(assets.by_name[name].packed or assets.by_name[name].body) for name in names}
    assert len(brotli.compress(page.content)) + sum(sizes.values()) < FIRST_PAGE_MAX_BYTES, sizes


def test_every_mentioned_file_is_there() -> None:
    """No style sheet names a file that was not found when it was joined."""
    styles = assets.by_name[assets.url("console.css").rpartition("/")[2]].body.decode()
    assert "asset:" not in styles


def test_an_icon_is_drawn_in_the_colour_of_its_text() -> None:
    """Readers pass it by; a name that nobody drew is a bug, not an empty place."""
    drawn = icon("search")
    assert 'stroke="currentColor"' in drawn
    assert 'aria-hidden="true"' in drawn
    with pytest.raises(FileNotFoundError):
        icon("nobody-drew-this")
