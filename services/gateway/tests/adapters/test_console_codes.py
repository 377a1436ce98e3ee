"""A code for credits on the billing page: without JavaScript, with what is wrong beside the field."""

import httpx
import pytest
from gateway_world import HTML, Door, enter, hidden

ES = HTML | {"Accept-Language": "es"}


async def typed(
    door: Door, code: str, *, headers: dict[str, str] = HTML, key: str | None = None
) -> httpx.Response:
    """Load the page and send its form."""
    page = await door.http.get("/billing", headers=headers)
    form = {"csrf_token": hidden(page, "csrf_token"), "key": key or hidden(page, "key"), "code": code}
    return await door.http.post("/billing/redeem", data=form, headers=headers)


async def test_a_code_is_redeemed(door: Door) -> None:
    """The page says so; the same form sent twice is one redemption."""
    await enter(door)
    door.world.billing.promotions["SPRING-26"] = 100
    for _ in range(2):
        answer = await typed(door, " spring-26 ", key="k1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/billing?note=redeemed")
    assert len(door.world.billing.redemptions) == 1
    page = await door.http.get(answer.headers["location"], headers=HTML)
    assert "The code is yours." in page.text
    assert "Have a code?" in page.text


@pytest.mark.parametrize(
    ("code", "english", "spanish"),
    [
        ("x", "A code has 4 to 40 letters", "Un código tiene"),
        ("WINTER", "There is no such code.", "No existe ese código."),
        ("AUTUMN", "This code is over", "Este código ya no vale"),
        ("SPRING-26", "You have used this code before.", "Ya usaste este código."),
    ],
)
async def test_what_is_wrong_stands_beside_it(door: Door, code: str, english: str, spanish: str) -> None:
    """In the person's language, with what was typed; nothing is redeemed, and the field is named by it."""
    await enter(door)
    door.world.billing.promotions |= {"SPRING-26": 100, "AUTUMN": 0}
    await typed(door, "SPRING-26")
    for headers, words in ((HTML, english), (ES, spanish)):
        page = await typed(door, code, headers=headers)
        assert page.status_code == 422
        assert f'<span id="code-help" class="field-error">{words}' in page.text
        # Once: above the page stands that something is marked.
        assert page.text.count(words) == 1
        assert {"en": "Look at what is marked", "es": "Mira lo que"}[
            page.text.partition('lang="')[2][:2]
        ] in page.text
        assert f'name="code" type="text" value="{code}"' in page.text
        assert '<details class="more" id="redeem" open>' in page.text
    assert len(door.world.billing.redemptions) == 1


async def test_nobody_redeems_for_another(door: Door) -> None:
    """Without the session's token, and signed out, nothing happens."""
    await enter(door)
    door.world.billing.promotions["SPRING-26"] = 100
    form = {"csrf_token": "forged", "key": "k1", "code": "SPRING-26"}
    assert (await door.http.post("/billing/redeem", data=form, headers=HTML)).status_code == 403
    door.http.cookies.clear()
    assert (await door.http.post("/billing/redeem", data=form, headers=HTML)).status_code == 303
    assert not door.world.billing.redemptions
