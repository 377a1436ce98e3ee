"""What BabySea says, in the port's words: its errors, a generation's state, a price."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from generation.adapters.outbound.providers.babysea.answers import cost_usd_micros, report_on
from generation.adapters.outbound.providers.babysea.provider import idempotency_key
from generation.adapters.outbound.providers.babysea.refused import pause_s, submit_refusal
from generation.adapters.outbound.providers.babysea.settings import Settings
from generation.adapters.outbound.providers.http_api import Answer
from generation.domain.identifiers import AttemptId
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState
from pydantic import SecretStr


def answer(status: int, error: dict[str, Any] | None = None, **headers: str) -> Answer:
    """One of BabySea's errors, or a bare status."""
    body = json.dumps({"status": "error", "request_id": "req_1", "error": error}) if error else "{}"
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


def meaning(status: int, error: dict[str, Any] | None = None, **headers: str) -> tuple[Any, ...]:
    """What it means for a submit."""
    try:
        refused = submit_refusal(answer(status, error, **headers))
    except ProviderUnavailable as away:
        return ("asked again under the same key", away.retry_after_s)
    if refused is None:
        return ("no refusal",)
    return (refused.failure.reason, refused.retryable, refused.account_trouble, refused.retry_after_s)


CONTENT = ("CONTENT_REFUSED", False, False, None)
OURS = ("PROVIDER_FAILED", True, True, None)
BUSY = ("PROVIDER_FAILED", True, False, None)
NO = ("PROVIDER_FAILED", False, False, None)
AGAIN = ("asked again under the same key", None)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "error", "meant"),
    [
        # The type decides, whatever the code and the status.
        (422, {"type": "content_policy_violation", "code": "BSE2006", "retryable": False}, CONTENT),
        (400, {"type": "moderation_blocked", "code": "BSE9999", "retryable": True}, CONTENT),
        (403, {"type": "policy_violation", "code": "BSE2006", "retryable": False}, CONTENT),
        (422, {"type": "validation_error", "code": "BSE2006", "retryable": False}, NO),
        (402, {"type": "insufficient_credits", "code": "BSE1004", "retryable": False}, OURS),
        (400, {"type": "insufficient_credits", "code": "BSE1004", "retryable": False}, OURS),
        (401, {"type": "unauthorized", "code": "BSE1001", "retryable": False}, OURS),
        (403, {"type": "forbidden", "code": "BSE1002", "retryable": False}, OURS),
        (402, None, OURS),
        # So does whether it passes.
        (429, {"type": "rate_limit_exceeded", "code": "BSE1003", "retryable": True}, BUSY),
        (429, {"type": "rate_limit_exceeded", "code": "BSE1003"}, BUSY),
        (400, {"type": "model_loading", "code": "BSE2001", "retryable": True}, BUSY),
        (400, {"type": "validation_error", "code": "BSE2001", "retryable": False}, NO),
        (400, {"type": "validation_error", "code": "BSE2001"}, NO),
        (404, {"type": "not_found", "code": "BSE1004", "retryable": False}, NO),
        # A key of ours that is known already is never bought under another one.
        (409, {"type": "idempotency_in_progress", "code": "BSE2016", "retryable": True}, AGAIN),
        (409, {"type": "idempotency_key_reused", "code": "BSE2015", "retryable": False}, NO),
        (409, None, AGAIN),
        (408, None, AGAIN),
        (408, {"type": "timeout", "code": "BSE5004", "retryable": True}, AGAIN),
        # Nobody knows what became of it, unless it is said to be over.
        (500, {"type": "internal_error", "code": "BSE5000", "retryable": True}, AGAIN),
        (502, {"type": "provider_error", "code": "BSE4001"}, AGAIN),
        (502, {"type": "provider_error", "code": "BSE4001", "retryable": False}, BUSY),
        (500, None, ("no refusal",)),
        (200, None, ("no refusal",)),
        # An error that is none.
        (400, {"type": None, "code": None, "retryable": "yes", "provider_errors": {}}, NO),
        (400, {"type": ["policy"], "provider_errors": [7, None]}, NO),
    ],
)
def test_errors_are_judged_by_type_and_by_whether_they_pass(
    status: int, error: dict[str, Any] | None, meant: tuple[Any, ...]
) -> None:
    """Never by a code alone: those of its documentations differ."""
    assert meaning(status, error) == meant


def test_content_that_all_of_its_providers_refused_was_refused() -> None:
    """If only one did, another may do it."""
    policy = {"provider": "fal", "code": "BSE2006", "type": "content_policy_violation", "retryable": False}
    other = {"provider": "replicate", "code": "BSE4001", "type": "provider_error", "retryable": True}
    error = {"type": "provider_error", "code": "BSE4001", "retryable": False}
    assert meaning(502, error | {"provider_errors": [policy, policy]}) == CONTENT
    assert meaning(502, error | {"provider_errors": [policy, other]}) == BUSY


@pytest.mark.parametrize(
    ("headers", "least_s", "most_s"),
    [
        ({"retry_after": "7", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"}, 7, 7),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "{in 30}"}, 25, 30),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"}, 0, 0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "9" * 30}, 86_400, 86_400),
    ],
)
def test_a_window_that_is_used_up_is_waited_for(
    headers: dict[str, str], least_s: float, most_s: float
) -> None:
    """Where there is no Retry-After, the limit's own headers say when."""
    told = {name: value.replace("{in 30}", str(int(time.time()) + 30)) for name, value in headers.items()}
    wait_s = pause_s(answer(429, **told))
    assert wait_s is not None
    assert least_s <= wait_s <= most_s


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_ratelimit_remaining": "3", "x_ratelimit_reset": "99999999999"},
        {"x_ratelimit_remaining": "0"},
        {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"},
        {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "nan"},
        {"x_ratelimit_remaining": "none", "x_ratelimit_reset": "1"},
    ],
)
def test_no_pause_is_made_up(headers: dict[str, str]) -> None:
    """A window with requests left, or one that nobody can read, is none."""
    assert pause_s(answer(429, **headers)) is None


def reported(**generation: Any) -> RunReport:
    """What a generation amounts to."""

    def fetched(url: str) -> RunOutput:
        return url  # type: ignore[return-value]

    return report_on({f"generation_{name}": value for name, value in generation.items()}, fetched)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("generation", "state", "reason", "retryable", "ours"),
    [
        ({"status": "pending"}, RunState.RUNNING, None, False, False),
        ({"status": "processing", "output_file": ["x"]}, RunState.RUNNING, None, False, False),
        ({"status": "succeeded", "output_file": None}, RunState.SUCCEEDED, None, False, False),
        ({"status": "canceled"}, RunState.CANCELLED, None, True, False),
        ({"status": "failed"}, RunState.FAILED, "PROVIDER_FAILED", True, False),
        (
            {"status": "failed", "error": "Blocked by content policy", "error_code": "BSE4001"},
            RunState.FAILED,
            "CONTENT_REFUSED",
            False,
            False,
        ),
        (
            {"status": "failed", "error": "fal: 402 Payment Required", "error_code": "BSE4001"},
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
            True,
        ),
        (
            {"status": "failed", "error": "CUDA error", "error_code": "BSE2006"},
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
            False,
        ),
    ],
)
def test_a_status_is_a_state(
    generation: dict[str, Any], state: RunState, reason: str | None, retryable: bool, ours: bool
) -> None:
    """What failed tells why by its words; they go nowhere."""
    report = reported(**generation)
    assert (report.state, report.retryable, report.account_trouble) == (state, retryable, ours)
    assert (report.failure and report.failure.reason) == reason
    assert report.outputs == ()
    assert report.failure is None or "CUDA" not in report.failure.detail


def test_every_file_is_kept() -> None:
    """In their order, what is no address left out, and there is an end to them."""
    assert reported(status="succeeded", output_file=["a", None, "b", 7]).outputs == ("a", "b")
    assert len(reported(status="succeeded", output_file=["a"] * 1_000).outputs) == 64


@pytest.mark.parametrize("key", ["att_0190b3", "a.b:c-d_e", "x" * 255])
def test_our_key_is_sent_as_it_is(key: str) -> None:
    """Where BabySea takes its letters."""
    assert idempotency_key(AttemptId(key)) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é", "a/b", "a\n"])
def test_another_key_is_sent_in_letters_that_it_takes(key: str) -> None:
    """Always the same ones, and others for another key."""
    sent = idempotency_key(AttemptId(key))
    assert sent == idempotency_key(AttemptId(key)) != idempotency_key(AttemptId(key + "2"))
    assert sent.isalnum()
    assert len(sent) <= 255


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("estimate", "micros"),
    [
        ({"cost_total_consumed": 0.025}, 25_000),
        ({"cost_total_consumed": 0}, 0),
        ({"cost_total_consumed": "0.005"}, 5_000),
        ({"cost_total_consumed": None}, None),
        ({"cost_total_consumed": "much"}, None),
        ({"cost_total_consumed": float("nan")}, None),
        ({"cost_total_consumed": float("inf")}, None),
        ({"cost_total_consumed": -1}, None),
        ({}, None),
    ],
)
def test_a_cost_is_what_the_estimate_says(estimate: dict[str, Any], micros: int | None) -> None:
    """In millionths of a dollar; what is no number of credits is no cost."""
    assert cost_usd_micros(estimate, credit_usd=Decimal(1)) == micros


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "https://api.us.babysea.ai"),
        ({"region": "eu"}, "https://api.eu.babysea.ai"),
        ({"region": "jp"}, "https://api.jp.babysea.ai"),
        ({"region": "jp", "base_url": "https://sea.example"}, "https://sea.example/"),
    ],
)
def test_a_region_has_an_address(given: dict[str, Any], address: str) -> None:
    """An address of its own goes before it."""
    assert Settings(api_key=SecretStr("k"), **given).address == address
