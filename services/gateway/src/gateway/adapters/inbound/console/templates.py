"""How pages are written: the templates' environment, and the words that they have for numbers and times."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from types import CodeType
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.bccache import Bucket
from jinja2.runtime import Context

from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.icons import icon
from gateway.adapters.inbound.console.languages import ENGLISH, LANGUAGES, Language, language_of
from gateway.adapters.inbound.console.placeholders import placeholder, sized_placeholder
from gateway.adapters.inbound.console.shape import shape_class
from gateway.adapters.inbound.deps import deps_of
from gateway.domain.generation import QUEUE_COUNTED_MAX

ZONE_COOKIE = "tintype_zone"
_ZONE_LENGTH_MAX = 64


@pass_context
def when(context: Context, time: datetime) -> str:
    """Write a time by the person's own clock; the exact one is in the `datetime` attribute beside it."""
    language: Language = context["language"]
    return language.when(time, context.get("zone", UTC))


@pass_context
def on_day(context: Context, time: datetime) -> str:
    """Write the day that a time is on by the person's own calendar."""
    language: Language = context["language"]
    return language.day(time.astimezone(context.get("zone", UTC)).date(), with_year=True)


def zone_of(request: Request) -> tzinfo:
    """Return the zone that the browser told; UTC where it told none, or one that nobody knows."""
    told = unquote(request.cookies.get(ZONE_COOKIE, ""))[:_ZONE_LENGTH_MAX]
    try:
        return ZoneInfo(told) if told else UTC
    except (KeyError, ValueError, OSError):
        # In turn: an unknown name, one that is no path, one that is a folder.
        return UTC


def render(request: Request, template: str, values: Mapping[str, Any]) -> str:
    """Return a template's text for whoever asks, in their language."""
    written = environments[language_of(request).code].get_template(template)
    return written.render({"zone": zone_of(request), "now": deps_of(request).clock.now(), **values})


class _Compiled(BytecodeCache):
    """Compiled templates, by their files and what is in them: each is compiled once for all languages."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """See BytecodeCache."""
        bucket.code = self._code.get(f"{bucket.key}.{bucket.checksum}")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See BytecodeCache."""
        if bucket.code is not None:
            self._code[f"{bucket.key}.{bucket.checksum}"] = bucket.code


_compiled = _Compiled()


def _environment(language: Language) -> Environment:
    """Return the templates in one language: macros see what an environment has, not whom a page is for."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        # A file is not looked at again for each part of each page: it comes with the process.
        auto_reload=False,
        # What is compiled for one language serves all: none may be computed into it.
        bytecode_cache=_compiled,
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # Added by the extension.
    made.install_gettext_translations(language.texts, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        money=language.money,
        number=language.number,
        signed=language.signed,
        fixed=language.fixed,
        size=language.size,
        when=when,
        on_day=on_day,
        shape_class=shape_class,
        placeholder=placeholder,
        sized_placeholder=sized_placeholder,
    )
    made.globals.update(
        icon=icon,
        asset=assets.url,
        queue_counted_max=QUEUE_COUNTED_MAX,
        language=language,
        languages=tuple(LANGUAGES.values()),
    )
    return made


environments: Mapping[str, Environment] = {
    code: _environment(language) for code, language in LANGUAGES.items()
}
environment = environments[ENGLISH.code]
