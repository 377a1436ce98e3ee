"""What credits went to, in a browser: a chart with a script, bars without one, and a table in both."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tintype_local.state import StackState
from visitor import is_at, new_customer, signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def billing(request: pytest.FixtureRequest, stack: StackState, browser: Browser) -> Iterator[Page]:
    """The billing page of somebody who made one picture."""
    customer = new_customer(stack)
    is_at(customer, customer.generate("local/sketch", prompt="A heron at dusk"), "succeeded")
    with signed_in(browser, customer, stack.url("gateway"), java_script_enabled=request.param) as context:
        page = context.new_page()
        page.goto("/billing")
        yield page
    customer.api.close()


def test_the_numbers_are_a_table_and_a_chart(
    billing: Page, request: pytest.FixtureRequest, browser: Browser
) -> None:
    """The chart is drawn from the table, and says a day's numbers under the pointer; nothing is refused."""
    usage = billing.get_by_role("region", name="What your credits went to")
    table = usage.get_by_role("table")
    # Days without use are left out; the chart is drawn of all.
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table.locator("tr")).to_have_count(32)
    expect(table.get_by_role("row").nth(1)).to_contain_text("5")
    expect(usage.get_by_role("img")).to_be_visible()
    has_script = "no script" not in request.node.name
    expect(usage.locator("canvas")).to_have_count(1 if has_script else 0)
    expect(usage.locator(".plot > svg")).to_be_visible(visible=not has_script)
    if has_script:
        when = usage.locator("[data-when]")
        expect(when).to_have_text("In all")
        plot = usage.locator(".u-over")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        plot.hover(position={"x": box["width"] - 2, "y": box["height"] / 2})
        today = table.get_by_role("rowheader").first.inner_text()
        expect(when).to_have_text(today)
        expect(usage.locator("[data-key] data")).to_have_text("5")
        plot.hover(position={"x": 2, "y": box["height"] / 2})
        expect(usage.locator("[data-key] data")).to_have_text("0")
    usage.get_by_role("link", name="A year").click()
    expect(billing.get_by_role("table").first.locator("tr")).to_have_count(14)
    expect(billing.get_by_role("link", name="A year")).to_have_attribute("aria-current", "true")


def test_a_narrow_page_moves_in_one_direction(billing: Page) -> None:
    """At 320 pixels nothing is wider than the page: what is wide moves by itself."""
    billing.set_viewport_size({"width": 320, "height": 640})
    assert billing.evaluate("document.documentElement.scrollWidth") <= 320
