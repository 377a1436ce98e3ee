"""Products, prices and customers through the SDK."""

from __future__ import annotations

import pytest
import stripe

from .conftest import KEY, StandIn


def test_price_found_by_lookup_key(standin: StandIn) -> None:
    """A price made with its product is found by lookup key, with the product expanded."""
    sdk = standin.sdk.v1
    price = sdk.prices.create(
        {
            "currency": "USD",
            "unit_amount": 2500,
            "lookup_key": "builder",
            "product_data": {"name": "Builder", "metadata": {"pack": "builder"}},
        }
    )
    found = sdk.prices.list({"lookup_keys": ["builder", "absent"], "expand": ["data.product"]}).data
    assert [item.id for item in found] == [price.id]
    product = found[0].product
    assert isinstance(product, stripe.Product)
    assert (product.name, product.metadata["pack"]) == ("Builder", "builder")
    assert (found[0].currency, found[0].unit_amount, found[0].type, found[0].livemode) == (
        "usd",
        2500,
        "one_time",
        False,
    )


def test_lookup_key_is_taken_only_by_transfer(standin: StandIn) -> None:
    """A second holder is refused and nothing made; transfer_lookup_key moves the key."""
    sdk = standin.sdk.v1
    product = sdk.products.create({"name": "Pack"})
    first = sdk.prices.create(
        {"currency": "usd", "unit_amount": 100, "product": product.id, "lookup_key": "pack"}
    )
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key") as refused:
        sdk.prices.create(
            {"currency": "usd", "unit_amount": 200, "product": product.id, "lookup_key": "pack"}
        )
    assert refused.value.param == "lookup_key"
    assert [price.id for price in sdk.prices.list().data] == [first.id]

    second = sdk.prices.create(
        {
            "currency": "usd",
            "unit_amount": 200,
            "product": product.id,
            "lookup_key": "pack",
            "transfer_lookup_key": True,
        }
    )
    assert [price.id for price in sdk.prices.list({"lookup_keys": ["pack"]}).data] == [second.id]
    assert sdk.prices.retrieve(first.id).lookup_key is None
    (moved,) = standin.inbox.wait_for_type("price.updated")
    assert moved.data.to_dict()["previous_attributes"] == {"lookup_key": "pack"}


def test_product_with_own_id_is_updated(standin: StandIn) -> None:
    """A chosen id is kept, a second use refused, and an update merges metadata."""
    sdk = standin.sdk.v1
    sdk.products.create({"id": "pack_starter", "name": "Starter", "metadata": {"a": "1", "b": "2"}})
    with pytest.raises(stripe.InvalidRequestError, match="already exists") as refused:
        sdk.products.create({"id": "pack_starter", "name": "Other"})
    assert refused.value.code == "resource_already_exists"
    updated = sdk.products.update(
        "pack_starter", {"description": "10 dollars", "metadata": {"a": "", "c": "3"}}
    )
    assert updated.metadata.to_dict() == {"b": "2", "c": "3"}
    assert (updated.name, updated.description) == ("Starter", "10 dollars")


def test_inactive_price_cannot_be_sold(standin: StandIn) -> None:
    """A session for an inactive price is refused with the param, and none is opened."""
    sdk = standin.sdk.v1
    price = sdk.prices.create({"currency": "usd", "unit_amount": 900, "product_data": {"name": "Old"}})
    sdk.prices.update(price.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive") as refused:
        standin.session(line_items=[{"price": price.id, "quantity": 1}])
    assert refused.value.param == "line_items[0][price]"
    assert sdk.checkout.sessions.list().data == []


def test_customer_life(standin: StandIn) -> None:
    """A customer is created, changed, found by address and deleted to a stub."""
    sdk = standin.sdk.v1
    customer = sdk.customers.create({"email": "ada@example.com", "metadata": {"user": "usr_1"}})
    assert customer.id.startswith("cus_")
    sdk.customers.update(customer.id, {"name": "Ada"})
    assert [item.name for item in sdk.customers.list({"email": "ada@example.com"}).data] == ["Ada"]
    assert sdk.customers.delete(customer.id).deleted is True
    assert sdk.customers.retrieve(customer.id).deleted is True
    assert sdk.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        standin.session(customer=customer.id)


def test_lists_page_both_ways(standin: StandIn) -> None:
    """Cursors cut newest-first pages forwards and backwards, and auto-paging sees everything once."""
    sdk = standin.sdk.v1
    made = [sdk.customers.create({"name": str(number)}).id for number in range(5)][::-1]
    first = sdk.customers.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == (made[:2], True)
    last = sdk.customers.list({"limit": 2, "starting_after": made[3]})
    assert ([item.id for item in last.data], last.has_more) == (made[4:], False)
    back = sdk.customers.list({"limit": 2, "ending_before": made[3]})
    assert ([item.id for item in back.data], back.has_more) == (made[1:3], True)
    assert [item.id for item in first.auto_paging_iter()] == made
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.customers.list({"starting_after": "cus_none"})
    assert refused.value.code == "resource_missing"


def test_created_filter(standin: StandIn) -> None:
    """created bounds cut the list."""
    sdk = standin.sdk.v1
    customer = sdk.customers.create({"name": "Ada"})
    assert len(sdk.customers.list({"created": {"gte": customer.created}}).data) == 1
    assert sdk.customers.list({"created": {"gt": customer.created + 60}}).data == []


async def test_async_client(standin: StandIn) -> None:
    """The SDK's asyncio client on httpx works the same."""
    client = stripe.StripeClient(KEY, base_addresses={"api": standin.url}, http_client=stripe.HTTPXClient())
    customer = await client.v1.customers.create_async({"email": "async@example.com"})
    fetched = await client.v1.customers.retrieve_async(customer.id)
    assert fetched.email == "async@example.com"
