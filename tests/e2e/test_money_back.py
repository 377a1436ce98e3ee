"""Money that goes back at Stripe takes its credits back, end to end: refunds, debt, a dispute that is won."""

import json
import os
import subprocess
import sys

import httpx
import pytest
from customer import PACK, WELCOME, Customer
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

SKETCH, FILM = 5, 1200
PRO = 3000


def test_refunds_take_credits_back_and_leave_a_debt(customer: Customer, stack: StackState) -> None:
    """Part of the money, then all of it: what is held already is owed, and paid by what comes next."""
    _, payment = customer.buy()
    customer.generate("local/sketch", prompt="a heron")
    customer.wait_for(available=WELCOME + PACK - SKETCH)
    film = customer.generate("local/motion", prompt="fog", duration_s=12, output_count=4, simulate="stall")
    customer.wait_for(available=WELCOME + PACK - SKETCH - FILM, held=FILM)

    customer.stripe.refunds.create({"payment_intent": payment, "amount": 300})
    customer.wait_for(available=495, held=FILM)
    customer.stripe.refunds.create({"payment_intent": payment})
    customer.wait_for(available=0, held=FILM, debt=205)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        customer.generate("local/sketch", prompt="another heron")
    assert refused.value.response.status_code == 402
    assert "205 are owed" in refused.value.response.json()["detail"]
    customer.wait_for(available=0, held=FILM, debt=205)

    customer.cancel(film)
    customer.wait_for(available=WELCOME - SKETCH)
    verify(stack)


def test_a_dispute_that_is_won_gives_the_credits_back(customer: Customer, stack: StackState) -> None:
    """Opened by the cardholder, answered with evidence: taken, and reinstated. A lost one stays taken."""
    page, payment = customer.buy()
    customer.press(page, "dispute")
    customer.wait_for(available=WELCOME)
    (dispute,) = customer.stripe.disputes.list({"payment_intent": payment}).data
    evidence = {"uncategorized_text": "winning_evidence"}
    customer.stripe.disputes.update(dispute.id, {"evidence": evidence})  # type: ignore[typeddict-item]
    customer.wait_for(available=WELCOME + PACK)

    page, payment = customer.buy()
    customer.press(page, "dispute")
    (dispute,) = customer.stripe.disputes.list({"payment_intent": payment}).data
    customer.stripe.disputes.close(dispute.id)
    customer.wait_for(available=WELCOME + PACK)
    entries = customer.api.get("/v1/ledger/entries", params={"kind": "clawback"}).json()["data"]
    assert sorted(entry["amount"] for entry in entries) == [-PACK, -PACK, PACK]
    verify(stack)


def test_a_refund_without_its_webhook_reaches_the_ledger(customer: Customer, stack: StackState) -> None:
    """The lists say it: the credits go, the purchase shows it, and the processor and the books agree."""
    _, payment = customer.buy()
    with customer.no_webhooks():
        customer.stripe.refunds.create({"payment_intent": payment, "amount": 300})
        customer.wait_for(available=WELCOME + PACK - 300)
        (purchase,) = customer.api.get("/v1/purchases").json()["data"]
        assert (purchase["status"], purchase["refunded_minor"]) == ("partially_refunded", 300)
        invariants = {one["invariant"]: one for one in verify(stack)}
    for name in ("processor_matches_payments", "payments_match_processor"):
        assert invariants[name]["checked"] > 0
        assert invariants[name]["pending"] == 0


def test_an_administrator_refunds_without_a_webhook(customer: Customer, stack: StackState) -> None:
    """An operator makes one; a user is forbidden, the administrator's refund takes the credits with it."""
    customer.buy()
    (purchase,) = customer.api.get("/v1/purchases").json()["data"]
    path, body = f"/v1/admin/purchases/{purchase['id']}/refund", {"amount_minor": 300, "reason": "by mistake"}
    assert customer.api.post(path, json=body).status_code == 403
    boss = Customer(stack)
    granted = local(stack, "exec", "identity", "roles", "grant", boss.email, "admin")
    assert granted.returncode == 0, granted.stdout + granted.stderr
    boss.log_in()
    with customer.no_webhooks():
        answers = [boss.api.post(path, json=body, headers={"Idempotency-Key": "e2e"}) for _ in range(2)]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            said = answer.json()
            assert (said["status"], said["refunded_minor"]) == ("partially_refunded", 300)
        customer.wait_for(available=WELCOME + PACK - 300)
        rest = local(
            stack, "exec", "billing", "refund", purchase["id"], "--reason", "the rest", "--actor", "ops"
        )
        assert rest.returncode == 0, rest.stdout + rest.stderr
        customer.wait_for(available=WELCOME)
        verify(stack)
    (refunded,) = customer.api.get("/v1/purchases").json()["data"]
    assert (refunded["status"], refunded["refunded_minor"]) == ("refunded", PACK)
    made = customer.stripe.refunds.list({"payment_intent": purchase["payment_id"]}).data
    assert sorted(refund.amount for refund in made) == [300, 700]
    kept = {(refund.metadata or {})["actor"] for refund in made}
    assert kept == {boss.account_id, "ops"}


def test_a_plan_and_its_money_back_without_a_webhook(customer: Customer, stack: StackState) -> None:
    """Bought, granted and refunded by a part: ledger, billing and Stripe say the same of all of it."""
    with customer.no_webhooks():
        opened = customer.api.post("/v1/checkout", json={"plan": "pro", "interval": "month"})
        assert opened.status_code == 201, opened.text
        customer.press(opened.json()["url"], "pay", card="pm_card_visa")
        customer.wait_for(available=WELCOME + PRO)
        (purchase,) = customer.api.get("/v1/purchases").json()["data"]
        customer.stripe.refunds.create({"payment_intent": purchase["payment_id"], "amount": 290})
        customer.wait_for(available=WELCOME + PRO - 300)
        invariants = {one["invariant"]: one for one in verify(stack)}
    assert invariants["payments_match_processor"]["pending"] == 0


def local(stack: StackState, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the stack on this machine, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "tintype_local", *words],
        env={**os.environ, "TINTYPE_DATA_FOLDER": str(stack.data_folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def verify(stack: StackState) -> list[dict[str, object]]:
    """Check every invariant over the running services, as a person would; return what was found of each."""
    done = local(stack, "verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"]
    invariants: list[dict[str, object]] = found["invariants"]
    return invariants
