"""What a checkout may be asked with: the last value that is good, and the first that is not."""

from dataclasses import replace
from typing import Any

import pytest
from billing.application import bounds
from billing.domain.errors import InvalidField, UnknownPack
from billing_support import ORIGIN, SIGNED, BillingUnderTest, billing_in_memory, order


def texts(field: str, longest: int) -> list[tuple[str, Any, bool]]:
    """A text that has to be there, has an end, and can be printed."""
    return [
        (field, "x" * longest, True),
        (field, "x" * (longest + 1), False),
        (field, "a\x00", False),
        (field, "a\x1f", False),
        (field, "a\x7f", False),
        (field, "\ud800", False),
    ]


def addresses(field: str) -> list[tuple[str, Any, bool]]:
    """An address on our own origin."""
    return [
        (field, f"{ORIGIN}/", True),
        (field, ORIGIN + "/" + "x" * (2000 - len(ORIGIN) - 1), True),
        (field, ORIGIN + "/" + "x" * (2000 - len(ORIGIN)), False),
        (field, "", False),
        (field, ORIGIN.replace("https", "http") + "/", False),
        (field, "https://evil.example/", False),
        (field, f"{ORIGIN}.evil.example/", False),
        (field, f"{ORIGIN}:444/", False),
        (field, "//app.example/", False),
        (field, "/billing", False),
        (field, "https://[", False),
    ]


CASES = [
    *texts("user_id", 255),
    ("user_id", "", False),
    *texts("email", 320),
    ("email", "", False),
    *texts("idempotency_key", 255),
    *addresses("success_url"),
    *addresses("cancel_url"),
    ("pack_id", "", False),
    *(case for case in texts("pack_id", 255) if not case[2]),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "value", "is_good"), CASES, ids=[f"{field}-{place}" for place, (field, *_) in enumerate(CASES)]
)
async def test_each_field_of_a_checkout_has_its_bounds(field: str, value: Any, is_good: bool) -> None:
    """What is refused is named by its field, and opens nothing."""
    billing = billing_in_memory()
    asked = replace(order(key="k1"), **{field: value})
    if is_good:
        assert not (await billing.create(asked)).replayed
        return
    with pytest.raises(InvalidField) as refused:
        await billing.create(asked)
    assert refused.value.field == field
    assert billing.processor.sessions == {}


async def test_a_pack_that_is_not_on_sale_is_named() -> None:
    """As it was asked for."""
    billing = billing_in_memory()
    with pytest.raises(UnknownPack, match=r"'x{255}'"):
        await billing.create(replace(order(), pack_id="x" * 255))
    assert billing.processor.sessions == {}


async def test_without_a_key_every_call_opens_a_checkout_of_its_own() -> None:
    """With one, only the first does, and each says which it was."""
    billing = billing_in_memory()
    alone = [await billing.open() for _ in range(2)]
    keyed = [await billing.open(key="k1") for _ in range(2)]
    assert [opened.replayed for opened in (*alone, *keyed)] == [False, False, False, True]
    assert len({opened.checkout.checkout_id for opened in alone}) == 2
    assert len({opened.checkout.checkout_id for opened in keyed}) == 1
    assert len(billing.processor.sessions) == 3


async def test_a_checkout_keeps_the_terms_it_was_opened_with(any_billing: BillingUnderTest) -> None:
    """The pack's, and when."""
    opened = (await any_billing.open()).checkout
    pack = any_billing.catalogue.find("starter")
    assert pack is not None
    assert (opened.pack_id, opened.pack_title, opened.credits, opened.price_minor, opened.currency) == (
        pack.pack_id,
        pack.title,
        pack.credits,
        pack.price_minor,
        pack.currency,
    )
    now = any_billing.clock.now()
    assert (opened.user_id, opened.created_at, opened.opened_at, opened.page) == ("usr_1", now, now, 1)
    assert opened.checkout_id.startswith("chk_")


def test_a_page_has_its_bounds() -> None:
    """Twenty rows where nothing is said, a hundred at most."""
    assert [bounds.page_size(value) for value in (0, 1, 100)] == [20, 1, 100]
    for value in (-1, 101):
        with pytest.raises(InvalidField) as refused:
            bounds.page_size(value)
        assert refused.value.field == "page_size"


async def test_a_webhook_has_half_a_mebibyte() -> None:
    """A byte more is refused, and not stored."""
    billing = billing_in_memory()
    body = b'{"event_id": "evt_1", "kind": "paid"}'
    longest = body + b" " * (512 * 1024 - len(body))
    assert not (await billing.receive(SIGNED, longest)).duplicate
    with pytest.raises(InvalidField) as refused:
        await billing.receive(SIGNED, longest.replace(b"evt_1", b"evt_2") + b" ")
    assert refused.value.field == "body"
    assert await billing.webhooks.webhook("evt_2") is None
