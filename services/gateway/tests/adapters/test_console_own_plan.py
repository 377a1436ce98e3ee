"""One's own plan in the console: how it stands, what changes it, and its invoices."""

import re
from dataclasses import replace
from typing import Any

import pytest
from gateway.domain.identifiers import InvoiceId
from gateway.domain.invoice import Invoice, InvoiceStatus
from gateway.domain.price import Price
from gateway.domain.subscription import SubscriptionStatus
from gateway_world import HTML, Door, enter
from plan_pages import END, ada, bought, cards, text_of


async def test_the_billing_page_says_how_a_plan_stands(door: Door) -> None:
    """What it costs, what comes and when; in the language of whoever reads it."""
    await bought(door)
    text = await text_of(door, "/billing")
    card = text[text.index('id="plan"') : text.index('aria-label="Packs"')]
    for words in ("Pro", "active", "$29.00", "a month", "3,000", "1 February 2030"):
        assert words in card
    spanish = await text_of(door, "/billing", **{"Accept-Language": "es"})
    assert "1 de febrero de 2030" in spanish


async def test_who_pays_for_none_is_shown_where_plans_are(door: Door) -> None:
    """The free plan's next month, and no more."""
    await enter(door)
    door.world.billing.subscribe(ada(door))
    text = await text_of(door, "/billing")
    card = text[text.index('id="plan"') : text.index('aria-label="Packs"')]
    assert "500 credits come every month" in card
    assert 'href="/pricing#plans"' in card
    assert "<form" not in card


async def test_the_account_page_names_the_plan(door: Door) -> None:
    """Beside the balance and where it came from."""
    await bought(door)
    door.world.ledger.grant(ada(door), 100)
    text = await text_of(door, "/account")
    assert '<a href="/billing#plan">Pro</a>' in text
    assert "Gifts" in text


async def test_a_change_is_explained_before_it_is_made(door: Door) -> None:
    """More at once and less later, each said on a page of its own that changes nothing by being read."""
    await bought(door, "business")
    user_id = ada(door)
    before = door.world.billing.subscriptions[user_id]
    shown = cards(await text_of(door, "/pricing?interval=month"))
    assert 'href="/billing/plan?to=pro&amp;interval=month"' in shown["Pro"]
    less = await text_of(door, "/billing/plan?to=pro&interval=month")
    assert "It begins on 1 February 2030" in less
    longer = await text_of(door, "/billing/plan?to=business&interval=year")
    assert "It begins at once" in longer
    assert "$590.00" in longer
    assert door.world.billing.subscriptions[user_id] == before


async def test_a_plan_is_changed_cancelled_and_kept(door: Door) -> None:
    """Each by a plain form; the billing page says what comes, and offers what takes it back."""
    csrf = await bought(door, "business")
    form = {"csrf_token": csrf, "key": "k9"}
    answer = await door.http.post(
        "/billing/plan", data=form | {"to": "pro", "interval": "month"}, headers=HTML
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=plan-changed")
    text = await text_of(door, "/billing")
    assert "On 1 February 2030 it becomes Pro." in text
    assert 'action="/billing/plan/resume"' in text
    assert "ends on 1 February 2030" in await text_of(door, "/billing/plan/cancel")
    cancelled = await door.http.post("/billing/plan/cancel", data=form, headers=HTML)
    assert cancelled.headers["location"] == "/billing?note=plan-cancelled"
    text = await text_of(door, "/billing")
    assert "It ends on 1 February 2030." in text
    assert 'href="/billing/plan/cancel"' not in text
    kept = await door.http.post("/billing/plan/resume", data=form, headers=HTML)
    assert kept.headers["location"] == "/billing?note=plan-kept"
    text = await text_of(door, "/billing")
    assert 'action="/billing/plan/resume"' not in text
    assert "It ends on" not in text


async def test_a_plan_that_is_on_offer_no_more_is_named_and_left(door: Door) -> None:
    """By its title while billing has it; a change from one that it has no more begins when that is over."""
    csrf = await bought(door, "business")
    billing, user_id = door.world.billing, ada(door)
    billing.offered = tuple(plan for plan in billing.offered if plan.plan_id != "business")
    card = await text_of(door, "/billing")
    assert '<h2 class="grow" id="plan-title">Business</h2>' in card
    assert "now: Business" in await text_of(door, "/billing/plan?to=pro&interval=month")
    billing.subscriptions[user_id] = replace(billing.subscriptions[user_id], plan=None)
    page = await text_of(door, "/billing/plan?to=pro&interval=month")
    assert "It begins on 1 February 2030" in page
    form = {"csrf_token": csrf, "key": "k9", "to": "pro", "interval": "month"} | shown(page)
    answer = await door.http.post("/billing/plan", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=plan-changed")


async def test_a_declined_change_is_said_where_it_was_asked(door: Door) -> None:
    """With the reason; the plan stays as it was."""
    csrf = await bought(door)
    door.world.billing.declined.add(ada(door))
    form = {"csrf_token": csrf, "key": "k9", "to": "business", "interval": "month"}
    answer = await door.http.post("/billing/plan", data=form, headers=HTML)
    assert answer.status_code == 409
    assert "declined" in answer.text
    assert "Change to Business" in answer.text
    assert door.world.billing.subscriptions[ada(door)].plan_id == "pro"


async def test_a_change_is_made_at_the_price_that_was_read(door: Door) -> None:
    """Another one is shown first, and nothing changes; then the button is good for it."""
    csrf = await bought(door)
    before = door.world.billing.subscriptions[ada(door)]
    page = await text_of(door, "/billing/plan?to=business&interval=month")
    form = {"csrf_token": csrf, "key": "k9", "to": "business", "interval": "month"}
    assert shown(page) == {"price_minor": "5900", "currency": "usd"}
    door.world.billing.repriced["business:month"] = Price(price_minor=6500, currency="usd")
    answer = await door.http.post("/billing/plan", data=form | shown(page), headers=HTML)
    assert answer.status_code == 409
    assert "The price has just changed to $65.00" in answer.text
    assert door.world.billing.subscriptions[ada(door)] == before
    assert shown(answer.text) == {"price_minor": "6500", "currency": "usd"}
    answer = await door.http.post("/billing/plan", data=form | shown(answer.text), headers=HTML)
    assert answer.status_code == 303
    assert door.world.billing.subscriptions[ada(door)].plan_id == "business"


def shown(text: str) -> dict[str, str]:
    """The price that the page's form carries."""
    return dict(re.findall(r'name="(price_minor|currency)" value="([^"]*)"', text))


CHANGES = ("/billing/plan", "/billing/plan/cancel", "/billing/plan/resume", "/billing/portal")


@pytest.mark.parametrize("path", CHANGES)
async def test_a_plan_is_its_owners_to_change(door: Door, path: str) -> None:
    """Not a stranger's, not another site's, and nothing happens to it meanwhile."""
    form = {"key": "k9", "to": "business", "interval": "month"}
    assert (await door.http.post(path, data=form, headers=HTML)).headers["location"].startswith("/login")
    csrf = await bought(door)
    before = door.world.billing.subscriptions[ada(door)]
    for sent, headers in (
        (form, HTML),
        (form | {"csrf_token": csrf}, HTML | {"Origin": "https://evil.example"}),
    ):
        assert (await door.http.post(path, data=sent, headers=headers)).status_code == 403
    assert door.world.billing.subscriptions[ada(door)] == before


@pytest.mark.parametrize("path", ["/billing/plan?to=pro", "/billing/plan/cancel"])
async def test_who_pays_for_no_plan_has_none_to_change(door: Door, path: str) -> None:
    """Whoever has none, and whoever has the free one."""
    await enter(door)
    assert (await door.http.get(path, headers=HTML)).status_code == 404
    door.world.billing.subscribe(ada(door))
    assert (await door.http.get(path, headers=HTML)).status_code == 404


async def test_what_is_not_sold_is_no_change(door: Door) -> None:
    """A free plan, and one that nobody knows."""
    await bought(door)
    for plan in ("free", "gold", ""):
        assert (await door.http.get(f"/billing/plan?to={plan}", headers=HTML)).status_code == 404


async def test_the_portal_is_the_processors_page(door: Door) -> None:
    """The form leads there, which the content policy allows, and back to the billing page."""
    csrf = await bought(door)
    answer = await door.http.post("/billing/portal", data={"csrf_token": csrf, "key": "k1"}, headers=HTML)
    assert answer.status_code == 303
    assert not answer.headers["location"].startswith("/")
    policy = (await door.http.get("/billing", headers=HTML)).headers["content-security-policy"]
    assert "form-action 'self' https://checkout.example https://portal.example" in policy


async def test_invoices_are_ones_own(door: Door) -> None:
    """Each with its amount and its file; without any the page says so."""
    await enter(door)
    assert "There are no invoices yet." in await text_of(door, "/billing/invoices")
    made = Invoice(
        invoice_id=InvoiceId("in_1"),
        number="ABC-0001",
        total_minor=2900,
        currency="usd",
        status=InvoiceStatus.PAID,
        created_at=door.clock.now(),
        page_url="https://pay.example/in_1",
        pdf_url="https://pay.example/in_1.pdf",
    )
    door.world.billing.made_out[ada(door)] = [made]
    text = await text_of(door, "/billing/invoices")
    for words in ("ABC-0001", "$29.00", "paid", "2 January 2030", 'href="https://pay.example/in_1.pdf"'):
        assert words in text
    door.http.cookies.clear()
    form = {"email": "eve@example.com", "password": "correct horse battery"}
    await door.http.post("/signup", data=form, headers=HTML)
    assert "ABC-0001" not in await text_of(door, "/billing/invoices")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": SubscriptionStatus.PAST_DUE}, ["payment overdue", "The last payment failed."]),
        ({"status": SubscriptionStatus.PAUSED, "next_allocation_at": None}, ["paused", "Nothing is paid"]),
        ({"status": SubscriptionStatus.TRIALING, "trial_end": END}, ["being tried", "until 9 January 2030"]),
        ({"plan": None}, ["pro", "active"]),
    ],
)
async def test_every_state_of_a_plan_is_said(door: Door, changes: dict[str, Any], words: list[str]) -> None:
    """And what to do about it: the page for payment methods is never far."""
    await bought(door)
    billing = door.world.billing
    billing.subscriptions[ada(door)] = replace(billing.subscriptions[ada(door)], **changes)
    text = await text_of(door, "/billing")
    card = text[text.index('id="plan"') : text.index('aria-label="Packs"')]
    for said in (*words, 'action="/billing/portal"'):
        assert said in card


async def test_the_plan_is_shown_again_when_it_changes(door: Door) -> None:
    """A part of the page, fetched when the event comes; nothing of it for who has no plan to see."""
    await bought(door)
    assert 'hx-trigger="subscription.updated from:body' in await text_of(door, "/billing")
    part = await text_of(door, "/console/plan")
    assert "<html" not in part
    assert "Pro" in part
    door.world.billing.offered = ()
    door.world.billing.subscriptions.clear()
    assert (await door.http.get("/console/plan", headers=HTML)).status_code == 404
