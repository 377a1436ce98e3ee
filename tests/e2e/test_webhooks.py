"""Webhooks of a running stack: a back end of a customer's verifies them with the specification's library."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from customer import Customer, until
from mailed_links import link_in_mail
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook
from tintype_local.state import StackState
from visitor import signed_in

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]
PATIENCE_S = 60
Received = tuple[dict[str, str], bytes]


@contextmanager
def receiving(status: int = 200) -> Iterator[tuple[str, "Queue[Received]"]]:
    """A small back end on this machine, and what came to it."""
    came: Queue[Received] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take it, and say so."""
            body = self.rfile.read(int(self.headers["content-length"]))
            came.put((dict(self.headers), body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def verified(came: "Queue[Received]", secret: str) -> dict[str, Any]:
    """The next webhook, once its signature holds."""
    headers, body = came.get(timeout=PATIENCE_S)
    told: dict[str, Any] = Webhook(secret).verify(body, headers)
    return told


def test_a_back_end_is_told(customer: Customer) -> None:
    """Of a generation's end by an endpoint, and by the request's own webhook; the log says so."""
    with receiving() as (url, came), receiving() as (once, came_once):
        wanted = {"url": url, "event_types": ["generation.succeeded"]}
        endpoint = customer.api.post("/v1/webhook-endpoints", json=wanted).raise_for_status().json()
        asked = {"model": "local/sketch", "input": {"prompt": "A fox"}, "webhook_url": once}
        made = customer.api.post("/v1/generations", json=asked).raise_for_status().json()
        told = verified(came, endpoint["secret"])
        assert (told["type"], told["data"]["id"]) == ("generation.succeeded", made["id"])
        secret = customer.api.get("/v1/webhook-endpoints/signing-secret").json()["secret"]
        assert verified(came_once, secret) == told
        log = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"
        until(
            lambda: [each["status"] for each in customer.api.get(log).json()["data"]] == ["succeeded"],
            "a delivery that arrived",
        )
        (delivery,) = customer.api.get(log).json()["data"]
        assert (delivery["attempts"], delivery["response_status"], delivery["response_body"]) == (
            1,
            200,
            "thanks",
        )


def test_an_owner_is_mailed_when_a_back_end_is_gone(customer: Customer, stack: StackState) -> None:
    """By the host alone, once: the query of its address is in no mail."""
    token = link_in_mail(stack, customer.email, "/verify-email").rpartition("=")[2]
    customer.api.post("/v1/auth/email/verify", json={"token": token}).raise_for_status()
    with receiving(410) as (url, came), httpx.Client(base_url=stack.url("mailbox")) as mailbox:
        wanted = {"url": f"{url}?key=secret", "event_types": ["generation.succeeded"]}
        endpoint = customer.api.post("/v1/webhook-endpoints", json=wanted).raise_for_status().json()
        customer.api.post(f"/v1/webhook-endpoints/{endpoint['id']}/test").raise_for_status()
        came.get(timeout=PATIENCE_S)

        def mails() -> list[str]:
            listed = mailbox.get("/messages", params={"to": customer.email}).json()["data"]
            texts = [mailbox.get(f"/messages/{each['id']}").text for each in listed]
            return [text for text in texts if "/account/webhooks" in text]

        until(lambda: bool(mails()), "a mail about the endpoint")
        (mail,) = mails()
        assert urlsplit(url).netloc in mail
        assert "secret" not in mail


def test_an_endpoint_is_added_and_tried_in_the_console(
    stack: StackState, browser: Browser, customer: Customer
) -> None:
    """Its secret is shown once, and verifies the test that a button sends."""
    with receiving() as (url, came), signed_in(browser, customer, stack.url("gateway")) as context:
        page = context.new_page()
        page.goto("/account/webhooks")
        expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
        page.get_by_label("Address").fill(url)
        page.get_by_role("button", name="Add the endpoint").click()
        secret = page.get_by_role("group", name="Its signing secret").locator("code").inner_text()
        page.get_by_role("button", name="Send a test").click()
        assert verified(came, secret)["type"] == "webhook.test"
        endpoint_id = page.url.partition("?")[0].rpartition("/")[2]
        log = f"/v1/webhook-endpoints/{endpoint_id}/deliveries"
        until(
            lambda: customer.api.get(log).json()["data"][0]["status"] == "succeeded",
            "a test that arrived",
        )
        page.goto(f"/account/webhooks/{endpoint_id}")
        expect(page.get_by_text("delivered", exact=True)).to_be_visible()
        page.get_by_text("What was sent and answered").click()
        expect(page.get_by_text("thanks", exact=True)).to_be_visible()
