"""Stripe's webhooks at our door: forged, foreign, broken; whatever is signed is read, ignored or refused."""

import copy
import json
import time
from typing import Any

import pytest
import stripe
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier, is_live
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.domain.errors import InvalidField, InvalidSignature, InvalidWebhook
from billing.domain.webhook_event import IgnoredCause, WebhookState
from billing_support import BillingUnderTest, billing_in_memory
from embedded.memory_only import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECRET = "whsec_billing"
VERIFIER = StripeWebhookVerifier(SECRET, "whsec_previous", live=False)
FRESH = {"object": "event", "api_version": "2026-10-28.endive", "created": 1_790_000_000, "livemode": False}


def event(kind: str, about: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An event in Stripe's shape."""
    return {**FRESH, "id": f"evt_{kind.replace('.', '_')}", "type": kind, "data": {"object": about}, **fields}


EVENTS = [
    event("checkout.session.completed", {"id": "cs_test_1", "object": "checkout.session", "metadata": {}}),
    event("checkout.session.expired", {"id": "cs_test_2", "object": "checkout.session", "url": None}),
    event("refund.created", {"id": "re_1", "object": "refund", "payment_intent": "pi_1", "amount": 300}),
    event("refund.updated", {"id": "re_1", "object": "refund", "payment_intent": {"id": "pi_1"}}),
    event("refund.failed", {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}),
    event("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "refunds": None}),
    event("charge.refund.updated", {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}),
    event("charge.dispute.created", {"id": "du_1", "object": "dispute", "balance_transactions": []}),
    event("charge.dispute.closed", {"id": "du_1", "object": "dispute", "status": "won"}),
    event("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent", "metadata": {}}),
]


def signed(body: bytes, *, secret: str = SECRET, age_s: int = 0) -> str:
    """Sign as Stripe does, over the bytes."""
    timestamp = int(time.time()) - age_s
    made = stripe.WebhookSignature._compute_signature(f"{timestamp}.{body.decode()}", secret)
    return f"t={timestamp},v1={made}"


def header(signature: str) -> dict[str, str]:
    """The headers of a request with this signature."""
    return {"stripe-signature": signature}


def told(document: Any) -> tuple[dict[str, str], bytes]:
    """A document as Stripe would send it."""
    body = json.dumps(document).encode()
    return header(signed(body)), body


def test_a_signed_webhook_is_read() -> None:
    """Every kind that we know gives the object to ask about; a previous secret still counts."""
    about = {}
    for one in EVENTS:
        body = json.dumps(one).encode()
        for secret in (SECRET, "whsec_previous"):
            verified = VERIFIER.verify(header(signed(body, secret=secret)), body)
            assert (verified.event_id, verified.kind) == (one["id"], one["type"])
        about[verified.kind] = verified.subject.object_id if verified.subject else verified.cause
    assert list(about.values()) == [
        *("cs_test_1", "cs_test_2", "pi_1", "pi_1", "pi_1", "pi_1", "pi_1", "du_1", "du_1"),
        IgnoredCause.UNHANDLED_KIND,
    ]


CARD = {"id": "pm_1", "object": "payment_method", "customer": "cus_1"}
TAKEN_AWAY = event("payment_method.detached", {**CARD, "customer": None})
TAKEN_AWAY["data"]["previous_attributes"] = {"customer": "cus_1"}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("document", "about"),
    [
        (
            event("product.updated", {"id": "tintype_starter", "active": False}),
            ("article", "tintype_starter"),
        ),
        (event("price.updated", {"id": "price_1", "product": "prod_1"}), ("article", "prod_1")),
        (event("price.deleted", {"id": "price_1", "product": "prod_1"}), ("article", "prod_1")),
        (event("customer.deleted", {"id": "cus_1", "object": "customer"}), ("customer", "cus_1")),
        (event("customer.updated", {"id": "cus_1", "object": "customer"}), ("customer", "cus_1")),
        (event("payment_method.attached", CARD), ("customer", "cus_1")),
        (event("payment_method.updated", CARD), ("customer", "cus_1")),
        (event("payment_method.automatically_updated", CARD), ("customer", "cus_1")),
        (TAKEN_AWAY, ("customer", "cus_1")),
        (event("payment_method.detached", {**CARD, "customer": None}), IgnoredCause.NOT_OURS),
        (event("customer.created", {"id": "cus_1", "object": "customer"}), IgnoredCause.UNHANDLED_KIND),
        (event("customer.deleted", {"id": 7}), IgnoredCause.UNREADABLE),
        (
            event("price.updated", {"id": "price_1", "product": "p", "x": 1}, livemode=True),
            IgnoredCause.OTHER_MODE,
        ),
    ],
)
def test_prices_and_customers_are_told_apart(document: dict[str, Any], about: object) -> None:
    """A card that was taken away is told of whoever kept it; of the other mode nothing is asked."""
    verified = VERIFIER.verify(*told(document))
    subject = verified.subject
    assert ((subject.kind.value, subject.object_id) if subject else verified.cause) == about


BODY = json.dumps(EVENTS[0]).encode()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, ""),
        (BODY, "nonsense"),
        (BODY, "t=x,v1=y"),
        (BODY, "t=١,v1=١"),
        pytest.param(BODY, signed(BODY, secret="whsec_other"), id="another secret"),
        pytest.param(BODY, signed(BODY, age_s=301), id="too old"),
        pytest.param(BODY.replace(b"cs_test_1", b"cs_test_9"), signed(BODY), id="another body"),
        (b"\xff\xfe", "t=1,v1=00"),
        (b"", ""),
    ],
)
def test_what_stripe_did_not_sign_is_refused(body: bytes, signature: str) -> None:
    """Forged, altered and old ones alike."""
    with pytest.raises(InvalidSignature):
        VERIFIER.verify(header(signature), body)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"",
        b"{}",
        b"[]",
        b'"text"',
        b"null",
        b"1e999",
        b"9" * 5_000,
        b'{"id": 5}',
        b'{"id": "evt_\\u0000"}',
        b'{"id": "evt_\\ud800"}',
        b'{"id": {"id": "evt_1"}}',
        b'{"id": ""}',
        b'{"id": "%s"}' % (b"e" * 256),
        b'{"id": "evt_1", "data": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b"[" * 200_000 + b"]" * 200_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_signed_and_no_event_is_refused_by_its_own_reason(body: bytes) -> None:
    """Stripe's signature holds: it is not said to be forged."""
    with pytest.raises(InvalidWebhook):
        VERIFIER.verify(header(signed(body)), body)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ({**EVENTS[0], "account": "acct_1"}, IgnoredCause.ANOTHER_ACCOUNT),
        ({**EVENTS[0], "account": 7}, IgnoredCause.ANOTHER_ACCOUNT),
        ({**EVENTS[0], "livemode": True}, IgnoredCause.OTHER_MODE),
        ({"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.x"}, IgnoredCause.WITHOUT_OBJECT),
        ({"id": "evt_1"}, IgnoredCause.UNREADABLE),
        ({**EVENTS[0], "type": {"a": 1}}, IgnoredCause.UNREADABLE),
        ({**EVENTS[0], "type": "checkout.session.\x00"}, IgnoredCause.UNREADABLE),
        ({**EVENTS[0], "data": None}, IgnoredCause.UNREADABLE),
        ({**EVENTS[0], "data": {"object": ["cs_1"]}}, IgnoredCause.UNREADABLE),
        (event("checkout.session.completed", {"id": {"id": "cs_1"}}), IgnoredCause.UNREADABLE),
        (event("checkout.session.completed", {"id": "cs_\x00"}), IgnoredCause.UNREADABLE),
        (event("charge.dispute.created", {"id": "du_\ud800"}), IgnoredCause.UNREADABLE),
        (event("charge.dispute.created", {}), IgnoredCause.UNREADABLE),
        (event("refund.created", {"payment_intent": {"no": "id"}}), IgnoredCause.UNREADABLE),
        (event("refund.created", {"payment_intent": 10**400}), IgnoredCause.UNREADABLE),
        (event("refund.created", {}), IgnoredCause.UNREADABLE),
        (event("refund.created", {"id": "re_1", "payment_intent": None}), IgnoredCause.NOT_OURS),
        (event("payout.paid", {"id": "po_1"}), IgnoredCause.UNHANDLED_KIND),
        (event("v1.anything", {}), IgnoredCause.UNHANDLED_KIND),
    ],
)
def test_what_needs_no_work_says_why(document: dict[str, Any], cause: IgnoredCause) -> None:
    """Nobody has to be asked about it."""
    assert VERIFIER.verify(*told(document)).cause is cause


def test_a_key_says_its_mode() -> None:
    """Where it says nothing, both modes are ours."""
    keys = ("sk_live_1", "rk_live_1", "sk_test_1", "rk_test_1", "anything", "")
    assert [is_live(key) for key in keys] == [True, True, False, False, None, None]
    for live, kept in ((True, IgnoredCause.OTHER_MODE), (None, None), (False, None)):
        assert StripeWebhookVerifier(SECRET, live=live).verify(*told(EVENTS[0])).cause is kept
    del (without := dict(EVENTS[0]))["livemode"]
    assert VERIFIER.verify(*told(without)).cause is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**30, max_value=10**300)
    | st.floats()
    | st.text(st.characters(codec=None))  # lone surrogates and NUL too
    | st.sampled_from(["evt_1", "pi_1", "cs_1", "a" * 300, "\x00", "\ud800", "\udfff\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, the document itself too."""
    inner = document.items() if isinstance(document, dict) else ()
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value in one place."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


PLACES = [(one, path) for one in EVENTS for path in places(one)]


class Door:
    """The real verifier before the use case, over one store."""

    def __init__(self, billing: BillingUnderTest) -> None:
        self.billing = billing
        self.receive = ReceiveWebhookHandler(billing.units, VERIFIER, billing.clock)

    async def takes(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether it was stored; refused by one of our own reasons if it was not."""
        try:
            await self.receive(headers, body)
        except (InvalidWebhook, InvalidSignature, InvalidField):
            return False
        return True


@pytest.mark.real_time
@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from(PLACES), JSON, st.booleans())
async def test_any_value_in_any_place_is_taken_or_refused(
    place: tuple[dict[str, Any], tuple[Any, ...]], value: Any, escaped: bool
) -> None:
    """Never anything else: and the neighbour that comes with it is worked out."""
    billing = billing_in_memory()
    door = Door(billing)
    payment = (await billing.bought()).payment_id
    changed = put(place[0], place[1], value)
    try:
        body = json.dumps(changed, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:
        body = json.dumps(changed).encode()
    await door.takes(header(signed(body)), body)
    neighbour = {**event("refund.created", {"payment_intent": payment}), "id": "evt_neighbour"}
    assert await door.takes(*told(neighbour))
    await billing.process_all()
    assert (await billing.stored("evt_neighbour")).state is WebhookState.DONE
    counts = await billing.webhooks.webhook_counts()
    assert not [state for state, _ in counts if state in (WebhookState.WAITING, WebhookState.PARKED)]


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(PLACES), JSON)
async def test_any_value_in_any_place_fits_the_store(
    any_billing: BillingUnderTest, place: tuple[dict[str, Any], tuple[Any, ...]], value: Any
) -> None:
    """What the door lets in, PostgreSQL takes; and it never waits for ever."""
    body = json.dumps(put(place[0], place[1], value)).encode()
    await Door(any_billing).takes(header(signed(body)), body)
    await any_billing.process_all()
    counts = await any_billing.webhooks.webhook_counts()
    assert not [state for state, _ in counts if state in (WebhookState.WAITING, WebhookState.PARKED)]


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300), st.text(max_size=200))
async def test_any_bytes_and_any_header_are_refused(body: bytes, signature: str) -> None:
    """Nothing is stored of what nobody signed."""
    billing = billing_in_memory()
    assert not await Door(billing).takes(header(signature), body)
    assert await billing.webhooks.webhook_counts() == {}


async def test_a_body_past_the_bound_is_refused() -> None:
    """Before anything else is done with it."""
    billing = billing_in_memory()
    body = b'{"id": "evt_1", "x": "' + b"x" * 600_000 + b'"}'
    assert not await Door(billing).takes(header(signed(body)), body)
    assert await billing.webhooks.webhook_counts() == {}
