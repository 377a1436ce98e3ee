"""The billing page: what a person has, what it went to, every line of it, and a receipt for each payment."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.languages import ENGLISH, SPANISH
from gateway.adapters.inbound.console.templates import environment
from gateway.adapters.inbound.console.usage import MODELS_MAX, PERIODS, bounds_of, report_of
from gateway.domain.credits import Balance, Category
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import ModelId
from gateway.domain.usage import ModelUsage
from gateway_world import HTML, Door, enter, hidden

NOW = datetime(2030, 3, 31, 21, 30, tzinfo=UTC)
MADRID, KIRITIMATI = ZoneInfo("Europe/Madrid"), ZoneInfo("Pacific/Kiritimati")


async def made(door: Door, csrf: str, prompt: str = "a heron") -> str:
    """Make a picture in the console, and return its id."""
    form = {"csrf_token": csrf, "model": "local/sketch", "prompt": prompt}
    await door.http.post("/generate", data=form, headers=HTML)
    job = list(door.world.generations.jobs)[-1]
    door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    return job


async def rich(door: Door) -> str:
    """Sign up with 100 credits; returns the CSRF token."""
    csrf = await enter(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 100)
    return csrf


async def page(door: Door, query: str = "", **headers: str) -> str:
    """The billing page."""
    return (await door.http.get(f"/billing{query}", headers=HTML | headers)).text


def table(text: str, *, seen: bool = False) -> list[list[str]]:
    """The rows of the usage table: all, from which the chart is drawn, or those that are seen."""
    (found,) = re.findall(r'id="usage-table">(.*?)</table>', text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>" if seen else r"<tr(?: hidden)?>(.*?)</tr>", found, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]


async def test_usage_is_a_table_that_stands_alone(door: Door) -> None:
    """Without a script it has every number, today first, and what was deleted still counts."""
    csrf = await rich(door)
    await made(door, csrf)
    door.clock.pass_(days=1)
    job = await made(door, csrf)
    await door.http.post(f"/library/{job}/delete", data={"csrf_token": csrf}, headers=HTML)
    rows = table(await page(door, "?period=7d"))
    assert rows[0] == ["Day", "Sketch", "Total"]
    assert rows[1:4] == [["3 Jan", "5", "5"], ["2 Jan", "5", "5"], ["1 Jan", "0", "0"]]
    assert rows[-1] == ["In all", "10", "10"]
    assert len(rows) == 1 + 7 + 1


async def test_days_without_use_are_left_out_of_what_is_seen(door: Door) -> None:
    """The table says so; the chart, drawn from the same rows, keeps a place for each."""
    csrf = await rich(door)
    await made(door, csrf)
    text = await page(door, "?period=7d")
    assert [row[0] for row in table(text, seen=True)] == ["Day", "2 Jan", "In all"]
    assert len(table(text)) == 1 + 7 + 1
    assert "Where nothing was spent, there is no line." in text
    for _ in range(6):
        door.clock.pass_(days=1)
        await made(door, csrf)
    text = await page(door, "?period=7d")
    assert table(text, seen=True) == table(text)
    assert "there is no line" not in text


async def test_a_chart_brings_its_script_and_no_other_page_does(door: Door) -> None:
    """What draws it is sent where there is something to draw."""
    csrf = await rich(door)
    chart = assets.url("chart.js")
    empty = await page(door)
    assert chart not in empty
    assert "usage-table" not in empty
    assert 'href="/generate"' in empty[empty.index('id="usage"') :]
    await made(door, csrf)
    assert chart in await page(door)
    for path in ("/", "/pricing", "/generate", "/library", "/account"):
        assert chart not in (await door.http.get(path, headers=HTML)).text


async def test_another_persons_credits_are_not_in_it(door: Door) -> None:
    """Neither in the chart nor in a receipt."""
    csrf = await rich(door)
    await made(door, csrf)
    payment = await bought(door, csrf)
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=HTML)
    assert "usage-table" not in await page(door)
    assert (await door.http.get(f"/billing/receipts/{payment}", headers=HTML)).status_code == 404


@pytest.mark.exhaustive
@pytest.mark.parametrize("word", [*PERIODS, "", "10y", "<b>"])
async def test_a_period_is_a_plain_link(door: Door, word: str) -> None:
    """One is marked as the one that is shown; what is no period shows the usual one."""
    csrf = await rich(door)
    await made(door, csrf)
    text = await page(door, f"?period={word}")
    chosen = word if word in PERIODS else "30d"
    assert re.findall(r'href="/billing\?period=(\w+)#usage" aria-current="true"', text) == [chosen]
    assert len(table(text)) == 2 + {"7d": 7, "30d": 30, "90d": 13, "1y": 12}[chosen]
    assert "<b>" not in text


async def test_generation_may_be_away(door: Door) -> None:
    """The page says so in the place of the chart, and shows all else."""
    csrf = await rich(door)
    await made(door, csrf)
    door.world.generations.failure = Unavailable("away")
    answer = await door.http.get("/billing", headers=HTML)
    assert answer.status_code == 200
    assert "This can't be shown" in answer.text
    assert "usage-table" not in answer.text
    assert 'class="table history"' in answer.text


@pytest.mark.exhaustive
@pytest.mark.parametrize("word", PERIODS)
@pytest.mark.parametrize("zone", [UTC, MADRID, KIRITIMATI])
def test_parts_are_days_of_the_persons_calendar(word: str, zone: ZoneInfo) -> None:
    """Each begins at a midnight of theirs, a change of clocks between; the last has this moment in it."""
    bounds = bounds_of(PERIODS[word], now=NOW, zone=zone)
    assert all(bound.astimezone(zone).time().isoformat() == "00:00:00" for bound in bounds)
    assert list(bounds) == sorted(set(bounds))
    assert bounds[-2] <= NOW < bounds[-1]
    if word == "7d":
        assert len(bounds) == 8
        assert bounds[-1].astimezone(zone).date() == NOW.astimezone(zone).date() + timedelta(days=1)
    if word == "1y":
        months = [bound.astimezone(zone).date() for bound in bounds]
        assert {month.day for month in months} == {1}
        assert len(months) == 13


def used(period: int, model: str, cost: int) -> ModelUsage:
    """What one model cost in one period."""
    return ModelUsage(period=period, model_id=ModelId(model), credits=cost, generations=1)


def test_what_has_no_colour_left_is_summed() -> None:
    """The dearest models have columns, the rest one; none is lost, and a model that is gone has its id."""
    usage = [used(day, f"lab/m{number}", number + 1) for number in range(MODELS_MAX + 2) for day in (0, 6)]
    report = report_of(PERIODS["7d"], usage, models=(), now=NOW, zone=UTC, language=ENGLISH)
    assert [column.title for column in report.columns] == ["lab/m6", "lab/m5", "lab/m4", "lab/m3", "Others"]
    assert report.total == sum(each.credits for each in usage) == sum(part.total for part in report.parts)
    assert report.columns[-1].credits == 2 * (1 + 2 + 3)
    assert [part.total for part in report.parts] == [28, 0, 0, 0, 0, 0, 28]
    exactly = report_of(PERIODS["7d"], usage[4:], models=(), now=NOW, zone=UTC, language=ENGLISH)
    assert len(exactly.columns) == MODELS_MAX
    assert "Others" not in [column.title for column in exactly.columns]


def test_days_and_months_are_in_the_persons_words() -> None:
    """Under a bar there is room for few letters."""
    days = report_of(PERIODS["7d"], [], models=(), now=NOW, zone=MADRID, language=SPANISH)
    assert [part.label for part in days.parts][-1] == "31 mar"
    months = report_of(PERIODS["1y"], [], models=(), now=NOW, zone=KIRITIMATI, language=ENGLISH)
    assert [part.label for part in months.parts][-2:] == ["Mar 2030", "Apr 2030"]


async def test_history_is_filtered_by_plain_links(door: Door) -> None:
    """Each choice has its own lines alone, older ones of the same, and the live part asks for the same."""
    csrf = await rich(door)
    await made(door, csrf)

    def lines(text: str) -> list[str]:
        (found,) = re.findall(r'class="table history">(.*?)</table>', text, re.DOTALL) or [""]
        return re.findall(r'<td class="text"><span class="\w*">([^<]+)</span>', found)

    assert lines(await page(door)) == ["Spent", "Held for a job", "Credits added"]
    for word, kinds in (("spent", ["Spent"]), ("added", ["Credits added"]), ("lost", []), ("returned", [])):
        text = await page(door, f"?show={word}")
        assert lines(text) == kinds
        assert f'hx-get="/console/history?show={word}"' in text
        live = await door.http.get(f"/console/history?show={word}", headers=HTML)
        assert lines(live.text) == kinds
    assert "Nothing fits." in await page(door, "?show=lost")
    assert lines(await page(door, "?show=nonsense")) == lines(await page(door))


async def test_older_lines_keep_the_filter(door: Door) -> None:
    """The second part of what was spent has nothing but what was spent."""
    csrf = await rich(door)
    (user_id,) = (user.user_id for user in door.world.identity.users.values())
    door.world.ledger.grant(user_id, 1_000)
    for number in range(21):
        await made(door, csrf, f"heron {number}")
    first = await page(door, "?show=spent")
    (older,) = re.findall(r'href="(/billing\?show=spent&amp;cursor=[^"]+)"', first)
    second = (await door.http.get(older.replace("&amp;", "&"), headers=HTML)).text
    assert second.count(">Spent</span>") == 1
    assert "Held for a job" not in second
    assert 'href="/billing?show=spent#history"' in second


async def bought(door: Door, csrf: str) -> str:
    """Buy the first pack, and return the payment's id."""
    billing = await door.http.get("/billing", headers=HTML)
    form = {"csrf_token": csrf, "pack": "starter", "key": hidden(billing, "key")}
    await door.http.post("/billing/checkout", data=form, headers=HTML)
    ((_, checkout),) = door.world.billing.checkouts.values()
    return door.world.billing.pay(checkout.checkout_id).payment_id


async def test_a_payment_has_a_receipt(door: Door) -> None:
    """Linked from its purchase, and with what went back of it; a stranger's or a made-up one is not found."""
    csrf = await rich(door)
    payment = await bought(door, csrf)
    assert f'href="/billing/receipts/{payment}"' in await page(door)
    receipt = await door.http.get(f"/billing/receipts/{payment}", headers=HTML)
    assert receipt.status_code == 200
    assert payment in receipt.text
    assert "ada@example.com" in receipt.text
    assert "Refunded" not in receipt.text
    ((user_id, purchases),) = door.world.billing.paid.items()
    door.world.billing.refund(user_id, purchases[0].purchase_id, 100)
    assert "Refunded" in (await door.http.get(f"/billing/receipts/{payment}", headers=HTML)).text
    for other in ("pi_other", "%3Cb%3E"):
        assert (await door.http.get(f"/billing/receipts/{other}", headers=HTML)).status_code == 404
    door.http.cookies.clear()
    away = await door.http.get(f"/billing/receipts/{payment}", headers=HTML)
    assert (away.status_code, away.headers["location"][:6]) == (303, "/login")


def test_what_is_owed_is_said_in_words() -> None:
    """Only to somebody who owes; what expires next only where something does."""
    wallet = environment.get_template("wallet.html")
    plain = Balance(available=7, held=0, debt=0, by_category={Category.PAID: 7}, next_expiry=None, sequence=1)
    quiet = wallet.render(balance=plain, zone=UTC)
    for words in ("owed", "expire on", "Gifts"):
        assert words not in quiet
    assert "Bought" in quiet
    owing = wallet.render(balance=replace(plain, debt=3, next_expiry=NOW), zone=MADRID)
    assert "3 credits are owed" in owing
    assert "The next credits expire on 31 Mar 2030, 23:30." in owing


async def test_a_statement_says_what_proves_it(door: Door) -> None:
    """Two downloads, and how to check one without us."""
    await rich(door)
    text = await page(door)
    for kind in ("csv", "json"):
        assert f'href="/v1/ledger/statement?format={kind}"' in text
    assert "tintype verify-statement" in text
