"""Plans in the console: what is on sale, and pages for subscribers."""

import re
from dataclasses import replace

import pytest
from gateway.adapters.outbound.memory.catalogue import BUSINESS, FREE, PRO
from gateway.domain.errors import Unavailable
from gateway.domain.price import Price
from gateway_world import HTML, Door, enter, hidden
from plan_pages import PLAN, ada, bought, cards, text_of

MOTION = "local/motion"


@pytest.mark.parametrize(
    ("query", "prices"),
    [
        ("", ["$0.00", "$29.00", "$59.00"]),
        ("?interval=year", ["$0.00", "$290.00", "$590.00"]),
        ("?interval=week", ["$0.00", "$29.00", "$59.00"]),
    ],
)
async def test_plans_are_shown_by_the_month_or_by_the_year(door: Door, query: str, prices: list[str]) -> None:
    """By plain links, one of them marked; a year says what it saves."""
    text = await text_of(door, f"/pricing{query}")
    shown = cards(text)
    assert list(shown) == ["Free", "Pro", "Business"]
    assert [re.findall(r'class="price num">([^<]*)<', card)[0] for card in shown.values()] == prices
    by_year = query == "?interval=year"
    assert ("$58.00 less than by the month" in shown["Pro"]) is by_year
    marked = re.findall(r'href="/pricing\?interval=(\w+)#plans" aria-current="true"', text)
    assert marked == ["year" if by_year else "month"]
    assert "less than" not in shown["Free"]


async def test_a_stranger_is_led_to_an_account_and_back(door: Door) -> None:
    """No form that needs one."""
    shown = cards(await text_of(door, "/pricing?interval=year"))
    assert 'href="/signup?next=/pricing%3Finterval%3Dyear%23plans"' in shown["Pro"]
    assert all("<form" not in card and "Your plan" not in card for card in shown.values())


async def test_where_no_plan_is_sold_nothing_of_it_is_shown(door: Door) -> None:
    """Neither prices, nor pages for subscribers, nor a plan on one's own pages."""
    door.world.billing.offered = (FREE,)
    await enter(door)
    door.world.billing.subscribe(ada(door))
    for path in ("/pricing", "/billing", "/account"):
        text = await text_of(door, path)
        assert 'id="plan' not in text
        assert "Your plan" not in text
    for path in ("/premium", "/business"):
        assert (await door.http.get(path, headers=HTML)).status_code == 404


async def test_a_free_plan_that_nobody_begins_with_is_not_shown(door: Door) -> None:
    """What billing does not offer is on no page; plans at a price stay as they are."""
    sold = door.world.billing.offered
    door.world.billing.offered = tuple(plan for plan in sold if plan.prices)
    assert list(cards(await text_of(door, "/pricing"))) == ["Pro", "Business"]
    answer = await door.http.get("/v1/plans")
    assert [plan["id"] for plan in answer.json()["data"]] == ["pro", "business"]


async def test_a_plan_is_bought_on_the_payment_page(door: Door) -> None:
    """A plain form leads there; pressed twice it is the same page, and for another interval another one."""
    csrf = await enter(door)
    assert hidden(await door.http.get("/pricing", headers=HTML), "interval") == "month"
    first = await door.http.post("/billing/subscribe", data=PLAN | {"csrf_token": csrf}, headers=HTML)
    assert first.status_code == 303
    again = await door.http.post("/billing/subscribe", data=PLAN | {"csrf_token": csrf}, headers=HTML)
    assert again.headers["location"] == first.headers["location"]
    yearly = PLAN | {"csrf_token": csrf, "interval": "year"}
    other = await door.http.post("/billing/subscribe", data=yearly, headers=HTML)
    assert other.headers["location"] != first.headers["location"]
    opened = [checkout for _, checkout in door.world.billing.checkouts.values()]
    assert [(one.plan_id, one.interval, one.pack_id) for one in opened] == [
        ("pro", "month", None),
        ("pro", "year", None),
    ]


BUYING = {
    "/billing/subscribe": ("pro:month", PLAN, "/pricing", 2900),
    "/billing/checkout": ("starter", {"pack": "starter", "key": "k"}, "/billing", 1000),
}


@pytest.mark.parametrize(
    ("accept", "said"), [("en", "The price has just changed to"), ("es", "El precio acaba de cambiar a")]
)
@pytest.mark.parametrize("address", BUYING)
async def test_whoever_meets_a_new_price_is_told_before_they_pay(
    door: Door, address: str, accept: str, said: str
) -> None:
    """With the new price, in their language, on the page where they press again; then they buy at that."""
    csrf = await enter(door)
    headers = HTML | {"Accept-Language": accept}
    name, form, page, price_minor = BUYING[address]
    seen = form | shown_beside(await text_of(door, page), address) | {"csrf_token": csrf}
    assert (seen["price_minor"], seen["currency"]) == (str(price_minor), "usd")
    door.world.billing.repriced[name] = Price(price_minor=1234, currency="usd")
    answer = await door.http.post(address, data=seen, headers=headers)
    assert answer.status_code == 409
    assert said in answer.text
    assert door.world.billing.checkouts == {}
    # The old page is refused again; the one that was answered with sells.
    assert (await door.http.post(address, data=seen, headers=headers)).status_code == 409
    fresh = seen | shown_beside(answer.text, address)
    assert fresh["price_minor"] == "1234"
    assert (await door.http.post(address, data=fresh, headers=headers)).status_code == 303
    (price,) = door.world.billing.page_prices.values()
    assert price == Price(price_minor=1234, currency="usd")


def shown_beside(text: str, address: str) -> dict[str, str]:
    """The price that the form carries which buys Pro or the Starter pack there."""
    word = "pro" if address == "/billing/subscribe" else "starter"
    form = next(
        form
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL)
        if f'action="{address}"' in form and f'value="{word}"' in form
    )
    return dict(re.findall(r'name="(price_minor|currency)" value="([^"]*)"', form))


@pytest.mark.parametrize("plan", ["free", "gold", ""])
async def test_what_is_not_sold_opens_no_payment_page(door: Door, plan: str) -> None:
    """The page says so, and stands where it stood."""
    csrf = await enter(door)
    form = PLAN | {"csrf_token": csrf, "plan": plan}
    answer = await door.http.post("/billing/subscribe", data=form, headers=HTML)
    assert answer.status_code in {404, 422}
    assert door.world.billing.checkouts == {}


async def test_nobody_else_buys_a_plan(door: Door) -> None:
    """Without a session, without its token, and from another site: no page is opened."""
    answer = await door.http.post("/billing/subscribe", data=PLAN, headers=HTML)
    assert answer.headers["location"].startswith("/login")
    csrf = await enter(door)
    for form, headers in (
        (PLAN, HTML),
        (PLAN | {"csrf_token": csrf}, HTML | {"Origin": "https://evil.example"}),
    ):
        assert (await door.http.post("/billing/subscribe", data=form, headers=headers)).status_code == 403
    assert door.world.billing.checkouts == {}


async def test_ones_own_plan_is_marked_and_not_sold_again(door: Door) -> None:
    """Nothing on the page opens another payment page; a second try leads to the plan that there is."""
    csrf = await bought(door)
    shown = cards(await text_of(door, "/pricing"))
    assert [title for title, card in shown.items() if "Your plan" in card] == ["Pro"]
    assert all("<form" not in card for card in shown.values())
    assert 'href="/billing#plan"' in shown["Pro"]
    again = PLAN | {"csrf_token": csrf, "plan": "business", "key": "k2"}
    answer = await door.http.post("/billing/subscribe", data=again, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=subscribed")
    assert len(door.world.billing.checkouts) == 1


async def test_pages_about_more_stand_without_the_plan(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """While billing can't say which plan somebody has, their account is shown all the same."""
    await bought(door)

    async def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(door.world.billing, "subscription", away)
    text = await text_of(door, "/account")
    assert "/billing#plan" not in text


@pytest.mark.parametrize(("path", "word"), [("/premium", "premium"), ("/business", "business")])
async def test_a_page_for_subscribers_sells_to_the_others(door: Door, path: str, word: str) -> None:
    """To strangers, and to whom no plan opens it: the plans that do, and nothing of what is inside."""
    door.world.generations.requires[MOTION] = word
    sold = ["Pro", "Business"] if word == "premium" else ["Business"]
    stranger = await text_of(door, path)
    assert f'href="/login?next={path}"' in stranger
    await enter(door)
    door.world.billing.subscribe(ada(door))
    for text in (stranger, await text_of(door, path)):
        assert re.findall(r"See (\w+)</a>", text) == sold
        assert "Motion" in text
        assert "/generate?model=" not in text[text.index("<main") :]


async def test_a_page_for_subscribers_is_open_to_them(door: Door) -> None:
    """With the models that it opens; another word's page stays closed, and a plan that ended opens none."""
    door.world.generations.requires[MOTION] = "premium"
    await enter(door)
    door.world.billing.subscribe(ada(door), PRO)
    text = await text_of(door, "/premium")
    assert 'href="/generate?model=local/motion"' in text
    assert "See Pro" not in text
    assert "See Business" in await text_of(door, "/business")
    door.world.billing.subscribe(ada(door), replace(PRO, entitlements=()))
    door.clock.pass_(seconds=60)
    assert "See Pro" in await text_of(door, "/premium")
    door.world.billing.subscribe(ada(door), BUSINESS)
    door.clock.pass_(seconds=60)
    assert "you have every one that there is" in await text_of(door, "/business")


async def test_a_model_for_subscribers_says_so_before_it_is_asked(door: Door) -> None:
    """Its form leads to the plans with it, by name; sent all the same it is refused and nothing is held."""
    door.world.generations.requires[MOTION] = "premium"
    csrf = await enter(door)
    door.world.ledger.grant(ada(door), 1000)
    text = await text_of(door, f"/generate?model={MOTION}")
    assert "Motion comes with these plans: Pro, Business." in text
    foot = text[text.index("composer-foot") : text.index("</form>", text.index("composer-foot"))]
    assert 'href="/pricing#plans"' in foot
    assert 'type="submit"' not in foot
    other = await text_of(door, "/generate?model=local/sketch")
    assert "comes with these plans" not in other
    assert "for subscribers" in other
    before = door.state()
    form = {"csrf_token": csrf, "model": MOTION, "prompt": "a heron"}
    refused = await door.http.post("/generate", data=form, headers=HTML)
    assert refused.status_code == 403
    assert "premium" in refused.text
    assert door.state() == before
    door.world.generations.entitlements[ada(door)] = {"premium"}
    text = await text_of(door, f"/generate?model={MOTION}")
    assert "for subscribers" not in text
    assert "comes with these plans" not in text


async def test_the_bar_says_what_the_balance_is_made_of(door: Door) -> None:
    """On every page, and again when the ledger tells a change, in the menu that may be open."""
    await enter(door)
    door.world.ledger.grant(ada(door), 100)
    text = await text_of(door, "/library")
    menu = text[text.index('id="balance-parts"') :]
    assert "Gifts" in menu[: menu.index("</details>")]
    news = (await door.http.get("/console/balance", headers=HTML)).text
    assert 'id="balance-parts" hx-swap-oob="innerHTML"' in news
    assert "Gifts" in news
    assert "hx-swap-oob" not in menu[: menu.index("</details>")]


async def test_a_plan_without_a_price_for_the_year_keeps_its_own(door: Door) -> None:
    """Shown by the month among those of a year; where nothing is sold by the year there is no choice."""
    monthly = replace(BUSINESS, prices=BUSINESS.prices[:1])
    door.world.billing.offered = (FREE, PRO, monthly)
    shown = cards(await text_of(door, "/pricing?interval=year"))
    assert "a month" in shown["Business"]
    assert "less than" not in shown["Business"]
    assert "a year" in shown["Pro"]
    door.world.billing.offered = (monthly,)
    text = await text_of(door, "/pricing")
    assert "How often you pay" not in text
    assert list(cards(text)) == ["Business"]


async def test_a_trial_is_said_before_it_begins(door: Door) -> None:
    """The button names its days."""
    await enter(door)
    door.world.billing.offered = (replace(PRO, trial_days=14), replace(BUSINESS, trial_days=1))
    shown = cards(await text_of(door, "/pricing"))
    assert "Try Pro for 14 days" in shown["Pro"]
    assert "Try Business for 1 day<" in shown["Business"]
