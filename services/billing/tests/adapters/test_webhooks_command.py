"""`webhooks list | show | replay`, as a person sees them; and what an operator's gauges say."""

import argparse
import io
import json
from dataclasses import dataclass

import pytest
from billing.__main__ import main
from billing.adapters.inbound import webhooks_command
from billing.adapters.inbound.webhook_gauges import WebhookGauges, count_processed
from billing.application.process_webhook import ATTEMPTS_MAX, Worked
from billing.domain.webhook_event import WebhookState
from billing_support import SIGNED, BillingUnderTest
from embedded.testing import ServiceDatabase
from prometheus_client import REGISTRY


@dataclass
class Answer:
    """What was printed, and the exit code."""

    code: int
    out: str
    err: str


async def run(billing: BillingUnderTest, *words: str) -> Answer:
    """Run the command over one store."""
    parser = argparse.ArgumentParser()
    webhooks_command.add_arguments(parser)
    out, err = io.StringIO(), io.StringIO()
    code = await webhooks_command.run(
        parser.parse_args(words), billing.webhooks, billing.replay, out=out, err=err
    )
    return Answer(code, out.getvalue(), err.getvalue())


async def three(billing: BillingUnderTest) -> str:
    """One webhook that is done, one that is ignored, one that is parked; return the last one's payment."""
    payment = (await billing.bought()).payment_id
    await billing.told_about("evt_done", payment_id=payment)
    await billing.told_about("evt_ignored", dispute_id="du_unknown")
    await billing.process_all()
    billing.clock.advance(1)
    await billing.told_about("evt_parked", payment_id=payment)
    billing.processor.failures[payment] = RuntimeError("it is poisoned")
    for _ in range(ATTEMPTS_MAX):
        await billing.process_all()
        billing.clock.advance(301)
    return payment


async def test_webhooks_are_listed_by_state(any_billing: BillingUnderTest) -> None:
    """The newest first, each with what it is about, where it stands and why."""
    assert await run(any_billing, "list") == Answer(0, "no webhooks\n", "")
    payment = await three(any_billing)
    lines = (await run(any_billing, "list")).out.splitlines()
    assert [line.split("  ")[1] for line in lines] == ["evt_parked", "evt_done", "evt_ignored"]
    assert "unknown_object" in lines[2]
    (only,) = (await run(any_billing, "list", "--state", "parked")).out.splitlines()
    assert all(part in only for part in (payment, "parked", f"{ATTEMPTS_MAX} failures", "it is poisoned"))
    assert len((await run(any_billing, "list", "--limit", "1")).out.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["list", "--state", "lost"], ["list", "--limit", "0"], ["list", "--limit", "x"], []]
)
async def test_a_wrong_question_is_refused(memory_billing: BillingUnderTest, words: list[str]) -> None:
    """With what would be right, by the exit code 2."""
    with pytest.raises(SystemExit) as refused:
        await run(memory_billing, *words)
    assert refused.value.code == 2


async def test_a_webhook_is_shown_whole(any_billing: BillingUnderTest) -> None:
    """With its body; one that nobody knows is refused."""
    payment = await three(any_billing)
    shown = json.loads((await run(any_billing, "show", "evt_parked")).out)
    assert (shown["state"], shown["payment"], shown["failures"]) == ("parked", payment, ATTEMPTS_MAX)
    assert json.loads(shown["body"])["event_id"] == "evt_parked"
    assert await run(any_billing, "show", "evt_none") == Answer(1, "", "no webhook evt_none\n")


async def test_webhooks_are_replayed(any_billing: BillingUnderTest) -> None:
    """By id or all that are parked; an unknown id is refused, and its neighbours are replayed."""
    payment = await three(any_billing)
    del any_billing.processor.failures[payment]
    answer = await run(any_billing, "replay", "evt_none", "evt_done")
    assert (answer.code, answer.err) == (1, "no webhook evt_none\n")
    assert "evt_done" in answer.out
    assert (await run(any_billing, "replay", "--parked")).out.startswith("evt_parked")
    assert await any_billing.process_all() == [WebhookState.DONE] * 2
    assert (await run(any_billing, "replay", "--parked")).out == "no webhook is parked\n"
    for words in (["replay"], ["replay", "--parked", "evt_done"]):
        assert (await run(any_billing, *words)).code == 2
    assert await any_billing.process_all() == []


async def test_what_names_nothing_to_ask_about_is_not_replayed(any_billing: BillingUnderTest) -> None:
    """It keeps the cause for which it was ignored."""
    body = b'{"event_id": "evt_1", "kind": "x", "cause": "another_account"}'
    await any_billing.receive(SIGNED, body)
    before = await any_billing.stored("evt_1")
    answer = await run(any_billing, "replay", "evt_1")
    assert answer == Answer(1, "", "evt_1 is about nothing that could be worked out\n")
    assert await any_billing.stored("evt_1") == before


def test_the_command_needs_the_database_alone(
    service_database: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No key of Stripe's, no broker."""
    database: ServiceDatabase = service_database("billing")  # type: ignore[operator]
    monkeypatch.setenv("BILLING_DATABASE_URL", database.url)
    assert main(["webhooks", "list"]) == 0
    assert capsys.readouterr().out == "no webhooks\n"
    assert main(["webhooks", "replay", "evt_none"]) == 1


async def test_the_gauges_say_what_waits_and_what_is_ignored(any_billing: BillingUnderTest) -> None:
    """By state and cause, and the age of the oldest that waits; back to 0 when there is none."""
    await three(any_billing)
    await any_billing.told("cs_new", event_id="evt_waiting")
    any_billing.clock.advance(70)
    gauges = WebhookGauges(any_billing.webhooks, any_billing.clock)
    await gauges.measure()

    def stored(state: str, cause: str = "") -> float | None:
        return REGISTRY.get_sample_value("billing_webhooks", {"state": state, "cause": cause})

    assert [stored(one) for one in ("waiting", "done", "parked")] == [1, 1, 1]
    assert [stored("ignored", one) for one in ("unknown_object", "other_mode", "")] == [1, 0, 0]
    assert REGISTRY.get_sample_value("billing_webhooks_oldest_waiting_seconds") == 70
    await any_billing.process_all()
    await gauges.measure()
    assert (stored("waiting"), stored("ignored", "unknown_object")) == (0, 2)
    assert REGISTRY.get_sample_value("billing_webhooks_oldest_waiting_seconds") == 0


def test_what_was_worked_on_is_counted() -> None:
    """By what came of it, outages apart."""
    names = ("billing_webhooks_processed_total", "billing_webhooks_outages_total")

    def counted() -> list[float]:
        waiting = REGISTRY.get_sample_value(names[0], {"state": "waiting"}) or 0
        return [waiting, REGISTRY.get_sample_value(names[1]) or 0]

    before = counted()
    count_processed(Worked(state=WebhookState.WAITING))
    count_processed(Worked(state=WebhookState.WAITING, is_outage=True))
    assert counted() == [before[0] + 2, before[1] + 1]
