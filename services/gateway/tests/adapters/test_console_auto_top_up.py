"""Auto top-up on the billing page: a form without JavaScript, how it stands, and what is wrong with it."""

import httpx
import pytest
from gateway.domain.auto_top_up import AutoTopUpStatus, AutoTopUpStopReason, SavedMethod
from gateway.domain.identifiers import UserId
from gateway.domain.price import Price
from gateway_world import HTML, Door, enter, hidden

ES = HTML | {"Accept-Language": "es"}
FORM = {"turn": "on", "threshold_credits": "250", "pack": "builder", "monthly_purchases_max": "2"}


async def signed_in(door: Door) -> UserId:
    """Sign Ada up."""
    await enter(door)
    (user_id,) = door.world.identity.users
    return UserId(user_id)


async def with_card(door: Door) -> UserId:
    """A signed-in person who has a saved card."""
    user_id = await signed_in(door)
    door.world.billing.auto_top_ups.methods[user_id] = SavedMethod(brand="visa", last4="4242")
    return user_id


async def sent(door: Door, headers: dict[str, str] = HTML, **changes: str) -> httpx.Response:
    """Load the page and send its form."""
    page = await door.http.get("/billing", headers=headers)
    form = FORM | {"csrf_token": hidden(page, "csrf_token")} | changes
    return await door.http.post("/billing/auto-top-up", data=form, headers=headers)


async def test_there_is_nothing_to_turn_on_without_a_card(door: Door) -> None:
    """The page does not offer what could not be; a form that comes all the same is refused in words."""
    user_id = await signed_in(door)
    assert "Auto top-up" not in (await door.http.get("/billing", headers=HTML)).text
    refused = await sent(door)
    assert refused.status_code == 422
    assert "You have no saved card that could pay." in refused.text
    assert user_id not in door.world.billing.auto_top_ups.known


async def test_it_is_turned_on_changed_and_off(door: Door) -> None:
    """What is wanted stands in the form, with the card that pays."""
    user_id = await with_card(door)
    page = await door.http.get("/billing", headers=HTML)
    assert "Paid with your Visa card that ends in 4242." in page.text
    assert 'name="turn" value="off"' not in page.text
    answer = await sent(door)
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=top-up-on")
    known = door.world.billing.auto_top_ups.of(user_id)
    assert (known.status, known.threshold_credits, known.pack_id, known.monthly_purchases_max) == (
        AutoTopUpStatus.ACTIVE,
        250,
        "builder",
        2,
    )
    page = await door.http.get(answer.headers["location"], headers=HTML)
    assert "Auto top-up is on." in page.text
    assert 'name="threshold_credits" type="number" value="250"' in page.text
    assert '<option value="builder" selected>' in page.text
    off = await sent(door, turn="off")
    assert off.headers["location"] == "/billing?note=top-up-off"
    assert door.world.billing.auto_top_ups.of(user_id).status is AutoTopUpStatus.OFF


@pytest.mark.parametrize(
    ("changes", "field", "english", "spanish"),
    [
        (
            {"threshold_credits": "0"},
            "threshold_credits",
            "A whole number from 1 on",
            "Un número entero desde 1",
        ),
        ({"threshold_credits": "many"}, "threshold_credits", "A whole number", "Un número entero"),
        (
            {"monthly_purchases_max": "101"},
            "monthly_purchases_max",
            "A whole number from 1 to 100.",
            "Un número entero del 1 al 100.",
        ),
        (
            {"pack": "gone"},
            "top-up-pack",
            "That pack is not on sale any more.",
            "Ese paquete ya no se vende.",
        ),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    door: Door, changes: dict[str, str], field: str, english: str, spanish: str
) -> None:
    """In the person's language, with what was typed; nothing changes."""
    user_id = await with_card(door)
    for headers, words in ((HTML, english), (ES, spanish)):
        page = await sent(door, headers, **changes)
        assert page.status_code == 422
        assert f'<span id="{field}-help" class="field-error">{words}' in page.text
        if "threshold_credits" in changes:
            assert f'type="number" value="{changes["threshold_credits"]}"' in page.text
    assert user_id not in door.world.billing.auto_top_ups.known


@pytest.mark.parametrize(
    ("reason", "url", "english", "spanish"),
    [
        (
            AutoTopUpStopReason.PAYMENT_REFUSED,
            None,
            "your bank refused the payment twice",
            "tu banco rechazó",
        ),
        (AutoTopUpStopReason.NO_PAYMENT_METHOD, None, "there is no saved card", "no hay ninguna tarjeta"),
        (
            AutoTopUpStopReason.PACK_NOT_ON_SALE,
            None,
            "that pack is not on sale",
            "ese paquete ya no se vende",
        ),
        (AutoTopUpStopReason.PRICE_RAISED, None, "costs more than you agreed to", "más de lo que aceptaste"),
        (
            AutoTopUpStopReason.AUTHENTICATION_REQUIRED,
            "https://checkout.example/pay/7",
            "Your bank wants you to confirm the payment.",
            "Tu banco quiere que confirmes el pago.",
        ),
        (
            AutoTopUpStopReason.AUTHENTICATION_REQUIRED,
            None,
            "the time for that is over",
            "el plazo ha terminado",
        ),
    ],
)
async def test_why_it_stopped_is_said_with_what_to_do(
    door: Door, reason: AutoTopUpStopReason, url: str | None, english: str, spanish: str
) -> None:
    """Also once the card is gone; the page of the bank is a link, and turning it on again ends it."""
    user_id = await with_card(door)
    await sent(door)
    top_ups = door.world.billing.auto_top_ups
    top_ups.stop(user_id, reason, url=url)
    card = top_ups.methods.pop(user_id)
    for headers, words in ((HTML, english), (ES, spanish)):
        page = await door.http.get("/billing", headers=headers)
        assert words in page.text
        assert ('<a href="https://checkout.example/pay/7">' in page.text) is (url is not None)
    assert "Turn on again" in (await door.http.get("/billing", headers=HTML)).text
    top_ups.methods[user_id] = card
    await sent(door)
    assert words not in (await door.http.get("/billing", headers=ES)).text


async def test_nobody_turns_it_on_for_another(door: Door) -> None:
    """Without the session's token, and signed out, nothing happens."""
    user_id = await with_card(door)
    form = FORM | {"csrf_token": "forged"}
    assert (await door.http.post("/billing/auto-top-up", data=form, headers=HTML)).status_code == 403
    door.http.cookies.clear()
    assert (await door.http.post("/billing/auto-top-up", data=form, headers=HTML)).status_code == 303
    assert user_id not in door.world.billing.auto_top_ups.known


async def test_the_price_that_was_read_is_agreed_to(door: Door) -> None:
    """Of the pack that is chosen; a page with another price turns nothing on and shows the present one."""
    user_id = await with_card(door)
    page = await door.http.get("/billing", headers=HTML)
    assert 'name="seen" value="builder:2500:usd"' in page.text
    refused = await sent(door, seen="builder:2400:usd")
    assert refused.status_code == 409
    assert "The price has just changed to $25.00" in refused.text
    assert user_id not in door.world.billing.auto_top_ups.known
    assert (await sent(door, seen="builder:2500:usd")).status_code == 303
    assert door.world.billing.auto_top_ups.of(user_id).accepted_price == Price(
        price_minor=2500, currency="usd"
    )
    page = await door.http.get("/billing", headers=HTML)
    assert "You agreed to $25.00 for a pack: for more it is not bought." in page.text
