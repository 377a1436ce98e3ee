"""People with a role on a running stack: what they change is there for its person, and is recorded."""

import pytest
from customer import WELCOME, Customer, until
from playwright.sync_api import Browser, expect
from test_money_back import local
from tintype_local.state import StackState
from visitor import new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

REASON = "a film that came out wrong"


def with_role(stack: StackState, role: str) -> Customer:
    """Somebody to whom an operator gave a role."""
    somebody = new_customer(stack)
    granted = local(stack, "exec", "identity", "roles", "grant", somebody.email, role)
    assert granted.returncode == 0, granted.stdout + granted.stderr
    somebody.log_in()
    return somebody


def test_a_correction_reaches_its_person_and_the_records(stack: StackState, browser: Browser) -> None:
    """Made on the page, after a look at what it comes to; support only looks at the person."""
    person, boss, support = new_customer(stack), with_role(stack, "admin"), with_role(stack, "support")
    refused = support.api.post(
        f"/v1/admin/users/{person.account_id}/credits", json={"amount": 5, "reason": REASON}
    )
    assert refused.status_code == 403
    assert support.api.get(f"/v1/admin/users/{person.account_id}").status_code == 200
    with signed_in(browser, boss, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/admin/users")
        page.get_by_role("searchbox").fill(person.email)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=person.email).click()
        page.get_by_label("Correct by").fill("40")
        page.get_by_label("Why").fill(REASON)
        page.get_by_role("button", name="See what it comes to").click()
        page.get_by_role("button", name="Correct it").click()
        expect(page.get_by_text(REASON).first).to_be_visible()
        page.get_by_role("navigation", name="This account").get_by_role("link", name="Statement").click()
        expect(page.get_by_role("row").filter(has_text=REASON)).to_contain_text("+40")
    person.wait_for(available=WELCOME + 40)
    (entry,) = person.api.get("/v1/ledger/entries?kind=adjust").json()["data"]
    assert (entry["amount"], entry["reason"]) == (40, REASON)

    def recorded() -> bool:
        kept = boss.api.get(f"/v1/admin/audit?user={person.account_id}").json()["data"]
        return any((one["reason"], one["actor"]) == (REASON, boss.account_id) for one in kept)

    until(recorded, "a record of the correction")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_support_turns_the_pages_of_a_person(stack: StackState, browser: Browser, scripts: bool) -> None:
    """From tab to tab without a script; each look is recorded, and there is nothing to change."""
    person, support = new_customer(stack), with_role(stack, "support")
    with signed_in(browser, support, stack.url("gateway"), java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"/admin/users/{person.account_id}")
        tabs = page.get_by_role("navigation", name="This account")
        for name in ("Statement", "Jobs", "Purchases", "What was done"):
            tabs.get_by_role("link", name=name).click()
            expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
            expect(page.get_by_role("heading", name=person.email)).to_be_visible()
            assert page.locator("main form").count() == 0
        expect(page.get_by_role("row").filter(has_text="account looked at")).to_have_count(5)
