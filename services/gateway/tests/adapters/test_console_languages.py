"""The console in the person's language: every text of ours in each, and no page in two."""

import re
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from gateway.adapters.inbound.console import languages
from gateway.adapters.inbound.console.languages import ENGLISH, LANGUAGES, SPANISH, TEXTS
from gateway.adapters.inbound.console.templates import environment
from gateway.domain.generation import GenerationStatus
from gateway_world import HTML, ORIGIN, Door, enter

# Reads every page and every text, for seconds.
pytestmark = pytest.mark.real_time

ES = HTML | {"Accept-Language": "es"}
# Of `{name}` in a text: what stands for what is put in.
HOLE = re.compile(r"%\((\w+)\)[sd]")
# What is the same in every language, or is nobody's word: names, formats, keys.
SAME = {"Tintype", "API", "CSV", "JSON", "Ctrl K", "Ctrl ↵", "Ctrl", "s", "MB", "KB", "B", "K", "×"}


def catalogue(code: str) -> Catalog:
    """A language's file as it stands."""
    with (TEXTS / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def both(message_id: str | tuple[str, ...]) -> tuple[str, ...]:
    """A text, or its forms for one and for many."""
    return message_id if isinstance(message_id, tuple) else (message_id,)


@cache
def in_the_source() -> set[tuple[str, ...]]:
    """Every text that is marked in the code and in the templates."""
    folder = Path(languages.__file__).parent
    with (Path(__file__).parents[2] / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "gettext_noop": None}
    found = extract_from_dir(folder, methods, options, keywords=keywords)
    return {both(message) for _, _, message, _, _ in found}


OTHERS = [code for code in LANGUAGES if code != "en"]


def test_the_list_of_texts_is_in_step() -> None:
    """messages.pot has the texts of the code, no more and no fewer: `make texts` writes it."""
    with (TEXTS / "messages.pot").open("rb") as file:
        listed = {both(message.id) for message in read_po(file) if message.id}
    assert listed == in_the_source()
    assert len(listed) > 200


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_text_and_no_other(code: str) -> None:
    """Each is translated, for one and for many; what no page says any more is gone."""
    messages = {both(message.id): message for message in catalogue(code) if message.id}
    assert set(messages) == in_the_source()
    empty = [key for key, message in messages.items() if not all(both(message.string)) or message.fuzzy]
    assert empty == []
    many = [message for message in messages.values() if isinstance(message.id, tuple)]
    assert many
    assert all(len(message.string) == catalogue(code).num_plurals for message in many)


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_put_into_a_text_is_put_into_its_translation(code: str) -> None:
    """A hole that one of them lacks would lose a number, or fail the page."""
    for message in catalogue(code):
        holes = {hole for form in both(message.id) for hole in HOLE.findall(form)}
        for form in both(message.string):
            assert set(HOLE.findall(form)) == holes, message.id
            # A lone % would fail where the text is filled in.
            assert "%" not in HOLE.sub("", form).replace("%%", ""), message.id
            assert re.findall(r"</?\w+>", form) == re.findall(r"</?\w+>", both(message.id)[0]), message.id


def test_no_text_of_a_template_is_unmarked() -> None:
    """What stands between the tags of a template is marked, or is no language's word."""
    assert environment.loader is not None
    unmarked: list[tuple[str, str]] = []
    for name in environment.list_templates(extensions=["html"]):
        source, _, _ = environment.loader.get_source(environment, name)
        source = re.sub(r"{%-?\s*trans\b.*?{%-?\s*endtrans\s*-?%}", "", source, flags=re.DOTALL)
        # A tag that holds an expression is one tag still.
        plain = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "\0", source, flags=re.DOTALL)
        for text in re.sub(r"<[^>]*>", "\0", plain).split("\0"):
            if re.search(r"[^\W\d_]", text) and text.strip(" \n·.,:()") not in SAME:
                unmarked.append((name, text.strip()))
        unmarked += [
            (name, found)
            for found in re.findall(r'(?:aria-label|placeholder|title|alt)="([^"\0]*[^\W\d_][^"\0]*)"', plain)
            if found not in SAME
        ]
    assert unmarked == []


class Said(HTMLParser):
    """What a page says: texts, and attributes that are read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        self._silent += tag in ("script", "style", "pre")
        self.texts += [
            value or "" for name, value in attrs if name in ("aria-label", "placeholder", "title", "alt")
        ]

    def handle_endtag(self, tag: str) -> None:
        """See HTMLParser."""
        self._silent -= tag in ("script", "style", "pre")

    def handle_data(self, data: str) -> None:
        """See HTMLParser."""
        if not self._silent:
            self.texts.append(data)


@cache
def ours() -> re.Pattern[str]:
    """What an English text of ours looks like, its places filled."""
    english = {
        form: SPANISH.texts.gettext(form)
        for message in in_the_source()
        if len(message) == 1
        for form in message
    }
    patterns = [
        re.sub(r"%\\\(\w+\\\)[sd]", ".{1,80}?", re.escape(re.sub(r"</?\w+>", "", form)))
        for form, spanish in english.items()
        if spanish != form and HOLE.sub("", form).strip()
    ]
    return re.compile("|".join(patterns))


def left_over(html: str) -> list[str]:
    """Texts on a Spanish page that are English ones of ours."""
    said = Said()
    said.feed(html)
    texts = [" ".join(text.split()) for text in said.texts if text.strip()]
    return [text for text in texts if ours().fullmatch(text.strip(" ·:"))]


PUBLIC = (
    "/",
    "/pricing",
    "/login",
    "/signup",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/change-email",
    "/keep-email",
    "/nothing",
)


@pytest.mark.parametrize("path", PUBLIC)
async def test_every_public_page_is_spanish(door: Door, path: str) -> None:
    """Whole, and said to be; the same page in English is caught by the same look."""
    page = await door.http.get(path, headers=ES)
    assert '<html lang="es"' in page.text
    assert left_over(page.text) == []
    assert "Cookie, Accept-Language" in page.headers["vary"]
    assert page.headers["cache-control"] == "no-store"
    english = await door.http.get(path, headers=HTML)
    assert '<html lang="en"' in english.text
    assert left_over(english.text)


async def test_every_page_of_a_person_is_spanish(door: Door) -> None:
    """Empty, with work that runs, failed and was done, and in its parts."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    paths = ["/generate", "/library", "/billing", "/account"]
    for path in paths:
        page = await door.http.get(path, headers=ES)
        assert left_over(page.text) == [], path
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "una garza"}
    for status in (None, GenerationStatus.SUCCEEDED, GenerationStatus.FAILED):
        await door.http.post("/generate", data=form, headers=ES)
        (job,) = (
            job for job, made in door.world.generations.jobs.items() if made.status is GenerationStatus.QUEUED
        )
        paths += [f"/library/{job}", f"/library/{job}/card", f"/library/{job}/delete"]
        for path in [*paths, "/console/balance", "/console/history"]:
            page = await door.http.get(path, headers=ES)
            assert page.status_code == 200
            assert left_over(page.text) == [], path
            assert "Accept-Language" in page.headers["vary"]
        door.world.generations.finish(job, status or GenerationStatus.CANCELLED)
    for path in paths:
        assert left_over((await door.http.get(path, headers=ES)).text) == [], path
    part = await door.http.post("/generate/quote", data=form, headers=ES)
    assert left_over(part.text) == []
    assert "gratis si falla" in part.text
    assert "Hoy" in (await door.http.get("/library", headers=ES)).text
    assert "Eliminado." in (await door.http.get("/library?note=deleted", headers=ES)).text


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("fr, ES-419;q=0.5, en;q=0.4", "es"),
        ("en;q=0.2, es;q=0.3", "es"),
        ("en,es", "en"),
        ("es;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        ("es;q=nan", "en"),
        ("es;q=inf", "en"),
        ("es;q=-1", "en"),
        ("es;q=x", "en"),
        ("es;quality=1", "en"),
        (";;;=,,,q", "en"),
        ("x" * 500 + ", es" * 2_000, "en"),
        ("../../es", "en"),
    ],
)
async def test_the_browser_says_which_language(door: Door, accepted: str, code: str) -> None:
    """The best of those that there are; what can't be read is English and no error."""
    page = await door.http.get("/", headers={"Accept-Language": accepted})
    assert page.status_code == 200
    assert f'<html lang="{code}"' in page.text


async def test_a_person_chooses_a_language(door: Door) -> None:
    """By a form that needs no script; it outweighs the browser, and leads back to where it was pressed."""
    form = {"language": "es", "back": "/pricing"}
    answer = await door.http.post("/language", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/pricing")
    page = await door.http.get("/pricing", headers={"Accept-Language": "en"})
    assert '<html lang="es"' in page.text
    assert 'value="es" lang="es" aria-pressed="true"' in page.text
    await door.http.post("/language", data={"language": "en"}, headers=HTML)
    assert '<html lang="en"' in (await door.http.get("/", headers=ES)).text


@pytest.mark.parametrize("language", ["", "tlh", "ES", "../es", "es-x", "x" * 5_000])
async def test_an_unknown_language_is_not_kept(door: Door, language: str) -> None:
    """Neither by the form nor in a cookie that somebody wrote: the browser is asked again."""
    await door.http.post("/language", data={"language": "es"}, headers=HTML)
    answer = await door.http.post("/language", data={"language": language}, headers=HTML)
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert "tintype_language" not in door.http.cookies
    door.http.cookies.clear()
    page = await door.http.get("/", headers={"Cookie": f"tintype_language={language}"})
    assert page.status_code == 200
    assert '<html lang="en"' in page.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_site_chooses_no_language(door: Door, origin: str) -> None:
    """Nor leads anywhere else."""
    headers = {"Origin": origin, "Accept": "text/html"}
    answer = await door.http.post("/language", data={"language": "es"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    form = {"language": "es", "back": "https://evil.example"}
    answer = await door.http.post("/language", data=form, headers=HTML)
    assert answer.headers["location"] == "/"


def test_numbers_money_and_times_are_written_as_people_do() -> None:
    """Each language has its own points, signs and months."""
    at = datetime(2030, 9, 2, 3, 4, tzinfo=UTC)
    assert ENGLISH.money(123_456, "usd") == "$1,234.56"
    assert ENGLISH.money(500, "eur") == "€5.00"
    assert SPANISH.money(123_456, "eur").replace("\xa0", " ") == "1.234,56 €"
    # Not every currency has hundredths.
    assert ENGLISH.money(1000, "jpy") == "¥1,000"
    assert ENGLISH.money(1000, "kwd").replace("\xa0", "") == "KWD1.000"
    assert (ENGLISH.number(12_345), SPANISH.number(12_345)) == ("12,345", "12.345")
    assert (ENGLISH.signed(1_000), ENGLISH.signed(-5), ENGLISH.signed(0)) == ("+1,000", "-5", "0")
    assert (ENGLISH.fixed(2.25, 1), SPANISH.fixed(2.25, 1)) == ("2.2", "2,2")
    assert (ENGLISH.when(at, UTC), SPANISH.when(at, UTC)) == ("2 Sept 2030, 03:04", "2 sept 2030, 03:04")
    assert ENGLISH.day(at.date(), with_year=True) == "2 September 2030"
    assert SPANISH.day(at.date(), with_year=True) == "2 de septiembre de 2030"
    assert (ENGLISH.size(999), ENGLISH.size(2_048), SPANISH.size(3 * 1024**2)) == ("999 B", "2 KB", "3,0 MB")


async def test_what_a_person_wrote_is_in_no_language(door: Door) -> None:
    """A prompt that happens to be one of our texts is not translated."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": "Password"}
    await door.http.post("/generate", data=form, headers=ES)
    page = await door.http.get("/library", headers=ES)
    assert "Password" in page.text
    assert ORIGIN not in page.text


async def test_what_identity_refuses_is_spanish(door: Door) -> None:
    """Beside its field, above the form, and when to try again."""
    door.http.headers["Accept-Language"] = "es"
    form = {"email": "ada@example.com", "password": "short"}
    weak = await door.http.post("/signup", data=form, headers=HTML)
    assert weak.status_code == 422
    assert "contraseña" in weak.text
    wrong = await door.http.post("/login", data=form, headers=HTML)
    assert "El correo o la contraseña no son correctos." in wrong.text
    assert "is wrong" not in wrong.text
