"""How pages are written: the templates' environment, and the words that they have for numbers and times."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.icons import icon
from gateway.adapters.inbound.console.shape import shape_class

ZONE_COOKIE = "tintype_zone"
_ZONE_LENGTH_MAX = 64


def money(minor: int, currency: str) -> str:
    """Write an amount as people do."""
    sign = {"usd": "$", "eur": "€", "gbp": "£"}.get(currency, "")
    return f"{sign}{minor / 100:,.2f}" + ("" if sign else f" {currency.upper()}")


@pass_context
def when(context: Context, time: datetime) -> str:
    """Write a time by the person's own clock; the exact one is in the `datetime` attribute beside it."""
    return f"{time.astimezone(context.get('zone', UTC)):%-d %b %Y, %H:%M}"


def size(size_bytes: int) -> str:
    """Write a file's size."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    return f"{size_bytes / 1024:.0f} KB" if size_bytes < 1024**2 else f"{size_bytes / 1024**2:.1f} MB"


def zone_of(request: Request) -> tzinfo:
    """Return the zone that the browser told; UTC where it told none, or one that nobody knows."""
    told = unquote(request.cookies.get(ZONE_COOKIE, ""))[:_ZONE_LENGTH_MAX]
    try:
        return ZoneInfo(told) if told else UTC
    except (KeyError, ValueError, OSError):
        # In turn: an unknown name, one that is no path, one that is a folder.
        return UTC


def render(request: Request, template: str, values: Mapping[str, Any]) -> str:
    """Return a template's text for whoever asks."""
    return environment.get_template(template).render({"zone": zone_of(request), **values})


environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
# Added by the extension.
environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
environment.filters.update(money=money, when=when, size=size, shape_class=shape_class, number="{:,}".format)
environment.globals.update(icon=icon, asset=assets.url)
