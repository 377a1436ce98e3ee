"""Polar's stand-in for the tests of its adapter: a buyer, a bank, and an owner of the organization."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.checkout import Checkout
from billing.domain.settlement import ProcessorCheckout
from billing_support import HandClock
from polar.v2026_10 import PolarAsync
from pydantic import SecretStr
from standins.polar.app import create_app
from standins.polar.settings import PolarSettings
from standins.serving import running

TOKEN = "polar_oat_billing"
PACK = load_catalogue(None).packs[0]
NOW = HandClock().time
CHECKOUT = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id=PACK.pack_id,
    pack_title=PACK.title,
    credits=PACK.credits,
    price_minor=PACK.price_minor,
    currency=PACK.currency,
    created_at=NOW,
    opened_at=NOW,
)


@dataclass
class PolarWorld:
    """The adapter under test, and everybody else who speaks to Polar."""

    url: str
    processor: PolarProcessor
    sdk: PolarAsync

    async def open(self, checkout: Checkout = CHECKOUT) -> ProcessorCheckout:
        """Open a page for the checkout's user."""
        customer_id = await self.processor.open_customer(
            user_id=checkout.user_id, email=f"{checkout.user_id}@example.com", instead_of=None
        )
        return await self.processor.open_checkout(
            checkout,
            price_name=PACK.price_name,
            customer_id=customer_id,
            success_url="https://app.example/done",
            cancel_url="https://app.example/back",
        )

    async def press(self, page_url: str | None, action: str = "pay") -> int:
        """Press a button of a page."""
        async with httpx.AsyncClient() as browser:
            return (await browser.post(page_url or "", data={"action": action})).status_code

    async def bought(self) -> str:
        """Publish the pack, and have it bought; return the payment."""
        await self.processor.publish(PACK)
        opened = await self.open()
        assert await self.press(opened.url) == 303
        return (await self.processor.find_checkout(opened.page_id)).payment_id or ""

    async def control(self, what: str, /, **order: Any) -> Any:
        """Order something of the stand-in."""
        token = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=self.url, headers=token) as client:
            answer = await client.post(f"/_test/{what}", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def polar_world(folder: Path, **settings: Any) -> Iterator[PolarWorld]:
    """A running stand-in with the adapter before it."""
    told = PolarSettings(data_folder=folder, access_token=SecretStr(TOKEN), **settings)
    with running(create_app(told)) as url:
        processor = PolarProcessor(access_token=TOKEN, api_url=url)
        yield PolarWorld(url, processor, PolarAsync(TOKEN, base_url=url))
