"""Stripe's HTTP manners: keys, versions, parameters, errors and idempotency."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import stripe

from .conftest import KEY, StandIn

AUTH = {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize("key", ["sk_test_someone_else", ""])
def test_wrong_key_is_refused(standin: StandIn, key: str) -> None:
    """Another key, or none, gets 401 and makes nothing."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = httpx.post(f"{standin.url}/v1/customers", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "someone" not in answer.text
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient(key or "x", base_addresses={"api": standin.url}).v1.customers.create()
    assert standin.sdk.v1.customers.list().data == []


def test_basic_auth_and_headers(standin: StandIn) -> None:
    """The key works as Basic user; the answer carries a request id and the asked version."""
    answer = httpx.get(
        f"{standin.url}/v1/customers", auth=(KEY, ""), headers={"Stripe-Version": "2026-10-28.endive"}
    )
    assert answer.status_code == 200
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    assert answer.json() == {"object": "list", "data": [], "has_more": False, "url": "/v1/customers"}


def test_bad_version_is_refused(standin: StandIn) -> None:
    """A version in no known form is an error."""
    answer = httpx.get(f"{standin.url}/v1/customers", headers={**AUTH, "Stripe-Version": "latest"})
    assert answer.status_code == 400
    assert "Invalid Stripe API version" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("mode=payment", "parameter_missing", "success_url"),
        ("wrong[a]=1", "parameter_unknown", "wrong"),
        ("mode=payment&success_url=https://x&line_items[0][quantity]=two", "parameter_invalid_integer", None),
        ("mode=&success_url=https://x&line_items[0][quantity]=2", "parameter_invalid_empty", "mode"),
        (
            "mode=payment&success_url=https://x&line_items[0][quantity]=1&line_items[0][price]=price_none",
            "resource_missing",
            "line_items[0][price]",
        ),
    ],
)
def test_parameter_errors(standin: StandIn, body: str, code: str, param: str | None) -> None:
    """Each kind of bad parameter has Stripe's code and names the parameter."""
    headers = {**AUTH, "Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{standin.url}/v1/checkout/sessions", content=body, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code)
    assert error["param"] == (param or "line_items[0][quantity]")
    assert standin.sdk.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("body", ["a[=1", "a=1&a[b]=2", "&".join(f"k{n}=1" for n in range(2000)), "[x]=1"])
def test_malformed_forms_are_refused(standin: StandIn, body: str) -> None:
    """Brackets that do not match, contradictions and floods get 400, never 500."""
    headers = {**AUTH, "Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{standin.url}/v1/customers", content=body, headers=headers)
    assert answer.status_code == 400
    assert standin.sdk.v1.customers.list().data == []


def test_json_body_is_refused(standin: StandIn) -> None:
    """The API takes forms only."""
    answer = httpx.post(f"{standin.url}/v1/customers", json={"email": "a@b.example"}, headers=AUTH)
    assert answer.status_code == 400
    assert standin.sdk.v1.customers.list().data == []


def test_missing_object_and_unknown_url(standin: StandIn) -> None:
    """A missing object is resource_missing with 404; so is an unknown URL, without a code."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        standin.sdk.v1.payment_intents.retrieve("pi_none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    answer = httpx.get(f"{standin.url}/v1/nothing", headers=AUTH)
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


def test_unexpandable_property(standin: StandIn) -> None:
    """Expanding what is no reference is an error."""
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        standin.session(expand=["currency"])
    assert standin.sdk.v1.checkout.sessions.list().data == []


def test_same_key_replays(standin: StandIn) -> None:
    """The same key and parameters give the first answer again, marked, and make one object."""
    sdk = standin.sdk.v1
    first = sdk.customers.create({"email": "a@b.example"}, {"idempotency_key": "once"})
    again = sdk.customers.create({"email": "a@b.example"}, {"idempotency_key": "once"})
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(sdk.customers.list().data) == 1


def test_key_reused_for_another_request(standin: StandIn) -> None:
    """Other parameters, or another endpoint, with a used key are idempotency errors and make nothing."""
    sdk = standin.sdk.v1
    sdk.customers.create({"email": "a@b.example"}, {"idempotency_key": "once"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters") as refused:
        sdk.customers.create({"email": "c@d.example"}, {"idempotency_key": "once"})
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        sdk.products.create({"name": "Pack"}, {"idempotency_key": "once"})
    assert len(sdk.customers.list().data) == 1
    assert sdk.products.list().data == []


def test_refusal_after_the_start_is_kept(standin: StandIn) -> None:
    """A refusal of the endpoint itself replays; a bad parameter does not use the key up."""
    key = {"idempotency_key": "refused"}
    params = {"mode": "payment", "customer": "cus_none"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="No such customer") as refused:
            _session_with(standin, params, key)
    assert refused.value.headers is not None
    assert refused.value.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        standin.sdk.v1.customers.create({"emial": "x"}, {"idempotency_key": "typo"})  # type: ignore[arg-type]
    assert standin.sdk.v1.customers.create({"email": "x@y.example"}, {"idempotency_key": "typo"}).id


def _session_with(standin: StandIn, params: dict[str, str], options: dict[str, str]) -> None:
    price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "P"}}
    values = {
        **params,
        "success_url": "https://x.example",
        "line_items": [{"price_data": price, "quantity": 1}],
    }
    standin.sdk.v1.checkout.sessions.create(values, options)  # type: ignore[arg-type]


async def test_key_in_progress(standin: StandIn) -> None:
    """While the first request runs, the second gets 409; one object is made."""
    standin.control("POST", "faults", delay_s=1.0)
    headers = {**AUTH, "Idempotency-Key": "twice"}
    async with httpx.AsyncClient(base_url=standin.url, headers=headers) as client:
        answers = await asyncio.gather(*(client.post("/v1/customers", data={"name": "A"}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    codes = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"idempotency_key_in_use"}
    standin.control("POST", "faults", delay_s=0)
    assert len(standin.sdk.v1.customers.list().data) == 1


def test_lost_answer_is_recovered_by_the_sdk(standin: StandIn) -> None:
    """When the answer to finished work is lost, the SDK's retry with its key gets the same object."""
    standin.control("POST", "faults", lose_next=1)
    client = stripe.StripeClient(KEY, base_addresses={"api": standin.url}, max_network_retries=2)
    customer = client.v1.customers.create({"name": "Ada"})
    assert [item.id for item in standin.sdk.v1.customers.list().data] == [customer.id]


def test_ordered_failure_makes_nothing(standin: StandIn) -> None:
    """A failure ordered before the work is a 500 api_error and makes nothing."""
    standin.control("POST", "faults", fail_next=1)
    with pytest.raises(stripe.APIError) as broken:
        standin.sdk.v1.customers.create({"name": "Ada"})
    assert broken.value.http_status == 500
    assert standin.sdk.v1.customers.list().data == []


@pytest.mark.parametrize(
    ("status", "kind", "code", "raised"),
    [
        (400, "invalid_request_error", "resource_missing", stripe.InvalidRequestError),
        (400, "idempotency_error", None, stripe.IdempotencyError),
        (401, "invalid_request_error", "api_key_expired", stripe.AuthenticationError),
        (402, "card_error", "card_declined", stripe.CardError),
        (403, "invalid_request_error", None, stripe.PermissionError),
        (409, "invalid_request_error", "lock_timeout", stripe.APIError),
        (429, "invalid_request_error", "rate_limit", stripe.RateLimitError),
        (503, "api_error", None, stripe.APIError),
    ],
)
def test_an_ordered_failure_is_the_one_that_was_ordered(
    standin: StandIn, status: int, kind: str, code: str | None, raised: type[stripe.StripeError]
) -> None:
    """By status, type and code, at the path alone that it was ordered for, and no longer than ordered."""
    standin.control("POST", "faults", fail_next=1, path="/v1/customers", status=status, type=kind, code=code)
    assert standin.sdk.v1.products.list().data == []
    with pytest.raises(raised) as failed:
        standin.sdk.v1.customers.create({"name": "Ada"})
    assert failed.value.http_status == status
    assert failed.value.error is not None
    assert failed.value.error.code == code
    assert standin.sdk.v1.customers.list().data == []
