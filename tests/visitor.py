"""Browsers of people on a running stack: signed in without a page's help, and what they wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from customer import Customer, until
from playwright.sync_api import Browser, BrowserContext
from tintype_local.state import StackState

PASSWORD = "a sentence is a good password"
IN_TIME_MS = 45_000


@contextmanager
def signed_in(browser: Browser, customer: Customer, gateway: str, **options: Any) -> Iterator[BrowserContext]:
    """A browser in which the customer has just signed in."""
    context = browser.new_context(base_url=gateway, **options)
    sign_in(context, customer, gateway)
    yield context
    context.close()


def sign_in(context: BrowserContext, customer: Customer, gateway: str) -> None:
    """Give a browser a session of the customer's."""
    answer = context.request.post(
        "/login",
        form={"email": customer.email, "password": PASSWORD},
        headers={"Origin": gateway},
        max_redirects=0,
    )
    assert answer.status == 303


def new_customer(stack: StackState) -> Customer:
    """Somebody with the welcome credits."""
    arrived = Customer(stack)
    arrived.wait_for(available=1000)
    return arrived


def is_at(customer: Customer, generation: str, status: str) -> None:
    """Wait until a generation stands where it is meant to."""
    until(
        lambda: customer.api.get(f"/v1/generations/{generation}").json()["status"] == status,
        f"a generation that has {status}",
    )
