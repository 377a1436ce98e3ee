"""Subjects, and what of a caller's trace travels with a fact."""

from datetime import UTC, datetime

import pytest
from chassis.events import IncomingEvent, Refused, account_of, event, is_subject, is_subject_token
from chassis.telemetry import trace_headers
from tintype.identity.v1.events_pb2 import UserRegistered

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("good", ["usr_1", "a", "A-b_9", "x" * 64])
def test_ids_that_can_be_a_word_of_a_subject(good: str) -> None:
    """Letters, digits, underscore and hyphen, up to 64."""
    assert is_subject_token(good)
    assert is_subject(f"tintype.identity.v1.user_registered.{good}")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "bad", ["", " ", "usr_x ", "usr_x.", "usr..x", ".x", "*", ">", "usr_>", "x" * 65, "é", "图", "a\n", "a\0"]
)
def test_ids_that_cant_be_one(bad: str) -> None:
    """And the account is still told whole: nobody else's facts wait for it."""
    subject = f"tintype.identity.v1.user_registered.{bad}"
    assert not is_subject_token(bad)
    assert not is_subject(subject)
    assert account_of(subject) == bad


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"traceparent": GOOD}, {"traceparent": GOOD}),
        ({"traceparent": GOOD, "tracestate": "a=1,b=2"}, {"traceparent": GOOD, "tracestate": "a=1,b=2"}),
        ({"traceparent": GOOD, "tracestate": "x" * 513}, {"traceparent": GOOD}),
        ({"traceparent": GOOD, "tracestate": "a=\0"}, {"traceparent": GOOD}),
        ({"traceparent": GOOD, "baggage": "x" * 100, "Nats-Rollup": "all"}, {"traceparent": GOOD}),
        ({"tracestate": "a=1"}, {}),
        ({"traceparent": f"{GOOD}\0"}, {}),
        ({"traceparent": f"{GOOD}\n"}, {}),
        ({"traceparent": "a" * 1024**2}, {}),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, {}),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, {}),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, {}),
        ({"traceparent": GOOD.upper()}, {}),
        ({}, {}),
    ],
    ids=range(14),
)
def test_a_trace_travels_only_as_the_standard_has_it(sent: dict[str, str], kept: dict[str, str]) -> None:
    """W3C Trace Context; everything else of a caller's headers stays at the door."""
    assert trace_headers(sent) == kept
    message = UserRegistered(user_id="usr_1")
    one = event(message, account="usr_1", event_id="evt_1", time=datetime.now(UTC), headers=sent)
    assert one.headers == kept
    assert one.wire_headers().items() >= kept.items()


def incoming(subject: str, **headers: str) -> IncomingEvent:
    """A delivered message of Ada's registration."""
    return IncomingEvent(
        subject=subject,
        event_id="evt_1",
        time=datetime.now(UTC),
        payload=UserRegistered(user_id="usr_ada").SerializeToString(),
        headers=headers,
    )


def test_a_header_may_be_missing_and_may_not_differ() -> None:
    """The subject decides."""
    subject = "tintype.identity.v1.user_registered.usr_ada"
    assert incoming(subject).read(UserRegistered, account_field="user_id").user_id == "usr_ada"
    with pytest.raises(Refused, match="header says"):
        incoming(subject, **{"ce-type": "tintype.billing.v1.PaymentCompleted"}).read(UserRegistered)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "subject",
    [
        "tintype.identity.v1.user_registered.usr_bob",
        "tintype.identity.v1.user_deleted.usr_ada",
        "tintype.billing.v1.user_registered.usr_ada",
        "tintype.identity.v1.user_registered.usr_ada.more",
        "tintype.identity.v1.UserRegistered.usr_ada",
        "user_registered",
        "",
    ],
)
def test_what_its_subject_does_not_say_is_refused(subject: str) -> None:
    """Another account, another event, another service, or no subject of a fact at all."""
    with pytest.raises(Refused):
        incoming(subject).read(UserRegistered, account_field="user_id")
