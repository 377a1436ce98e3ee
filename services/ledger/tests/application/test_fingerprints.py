"""Fingerprints are kept for ever: what each command's is, and what makes it another."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from types import MappingProxyType

import pytest
from every_use_case import REQUESTS
from hypothesis import given
from hypothesis import strategies as st
from ledger.application import fingerprint_v1
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.command import Command
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.fingerprint import fingerprint, is_fingerprint_of
from ledger.application.grant_credits import GrantCredits
from ledger.application.open_account import OpenAccount
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.application.reserve_credits import ReserveCredits
from ledger.application.tell_expiring import TellExpiring
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.lot import Category

STARTS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2026, 2, 1, 12, 30, 15, 250_000, tzinfo=UTC)

# Each with its fingerprint today, and the one that rows from before there were versions have.
GOLDEN: dict[str, tuple[Command, str, str | None]] = {
    "tell expiring": (
        TellExpiring(request_id="expiring:grt_1", account_id="usr_1", grant_id="grt_1"),
        "2:6d98724c1f04c272ec6605c9c368028ac10a8bb514e897ea652515a044dc8be9",
        None,
    ),
    "grant": (
        GrantCredits(
            request_id="welcome:usr_1",
            account_id="usr_1",
            amount=1000,
            category=Category.PROMOTIONAL,
            source="welcome",
            reason="welcome credits",
        ),
        "2:4ca3fc1908dcc8cc45c48309e8faa18545d3b44b68f32d9ff489d713cb04d673",
        "f1919a8e2ebd91de929fa37b524d932a50d822060f8540cdb71a035b355bc0fa",
    ),
    "grant, whole": (
        GrantCredits(
            request_id="payment:pi_1",
            account_id="usr_1",
            amount=500,
            category=Category.PAID,
            priority=50,
            effective_at=STARTS,
            expires_at=ENDS,
            source="payment:pi_1",
            payment_id="pi_1",
            reason="purchase of “pack_s”",
            actor="ana",
            metadata={"a": "1", "b": "it's"},
        ),
        "2:4cc1338a55c59b45ec825a93ae7efe3a9150f1173092c759940be6f8bb9516f7",
        "e1dee5cc1c65f84956bb6a586a74eb9497fd3fe6f4d8b132cdfdad102fe3b45d",
    ),
    "renewal": (
        RenewSubscription(
            request_id="renewal:in_1",
            account_id="usr_1",
            amount=300,
            category=Category.SUBSCRIPTION,
            effective_at=STARTS,
            expires_at=ENDS,
            source="subscription:sub_1",
            reason="pro renewed",
        ),
        "2:44bb547e88f5ecaa40bba8085d347ad1946f8d42f3dc86f564e6bc4cf4f74c07",
        "d0372fec3ddd0f6ea1ac2c17d90e8c9ac270e79d2eed5a2c046b92bae4319794",
    ),
    "reserve": (
        ReserveCredits(
            request_id="gen:gen_1:reserve", account_id="usr_1", amount=40, reference="gen_1", ttl_s=900
        ),
        "2:21205a01fa964196c5737183142c17f35e04f47a1ed5f524a24951ae631ace96",
        "af7bd1b307e8ca51ef748df9c7b12392a3c33098897253c80d2e623268cee053",
    ),
    "reserve, whole": (
        ReserveCredits(
            request_id="gen:gen_2:reserve",
            account_id="usr_1",
            amount=40,
            reference="gen_2",
            ttl_s=900,
            budget_scopes=(
                BudgetScope("key:key_1", BudgetPeriod.MONTH, 100),
                BudgetScope("key:key_1", BudgetPeriod.DAY, 50),
            ),
            metadata={"model": "m"},
        ),
        "2:2fd65c9592d9243b33bd5be90f49952201dd4a93b3ed6a3097968036c583b701",
        "264cd5f4543f2f123570e0ec9bb22d16a49be6c649bf12d883d1ca2f6b6dd8c1",
    ),
    "charge": (
        ChargeReservation(
            request_id="gen:gen_1:charge", reservation_id="res_1", amount=30, expected_account_id="usr_1"
        ),
        "2:f641198e5716a52771c5e41ff163046f1379dacc7a160e8c5de5868b73c44eac",
        "658ea9baa1e7a937589d18ccbbad70bde3b96dc4e05c24bb2954f22ce0acca11",
    ),
    "refund": (
        RefundReservation(request_id="gen:gen_1:refund", reservation_id="res_1", reason="cancelled"),
        "2:85df44ad035777083759db92382b95a39887d5a31141c9a10525c04aafb4b5e6",
        "0e917dd3acc5708f3fb054c29f5161c1561ddeb0711e24600829df3787194168",
    ),
    "refund, by hand": (
        RefundReservation(request_id="support:1", reservation_id="res_1", even_if_charged=True),
        "2:e9a37ff35751e5edf58fbca8233094cf95cca678f3eb01c0b0bcec3419eb96d5",
        "fb1ae37972223490d72e264d2940c4bbc0c77a68e3f8db63882b93749b8b7396",
    ),
    "extend": (
        ExtendReservation(request_id="sweep:res_1", reservation_id="res_1", ttl_s=600),
        "2:4bc9e5b0bd95c6fc12031610fb05bc3b8ef0f19c03e39d4043cff8cd43a84d58",
        "e1193cbb00b6a071b9f895b980f8efc6ce89a69a40a0275089eaa4384f0dad4d",
    ),
    "clawback": (
        ClawBackCredits(
            request_id="clawback:pi_1:refund:200",
            account_id="usr_1",
            payment_id="pi_1",
            cause="refund",
            target=200,
            reason="payment refunded",
        ),
        "2:60c54f082bdce3d7ba6853b36fe2211efd4f95cbdac290277171cc1dfa098b7d",
        "311557378301863a081ccc80b40c29ea6075dc2a36ff9ce7758d16b4a1eea2e2",
    ),
    "clawback, reinstated": (
        ClawBackCredits(
            request_id="clawback:pi_1:dispute:dp_1:won:0",
            account_id="usr_1",
            payment_id="pi_1",
            cause="dispute:dp_1",
            target=0,
            reinstated=True,
            reason="dispute won",
            actor="ana",
        ),
        "2:bcdc539bfdb85097b28402587ec0e0dd612ee6537c47fef3d3bda6b873263995",
        "40330c1e0d493e432cfd5614e48b2f992b6f0d7cdb2ccc6fed6168895fec52b4",
    ),
    "open": (
        OpenAccount(request_id="open:usr_1", account_id="usr_1"),
        "2:b7477ee2f7bec305a212550179dd887b03a19d034cd0b590e1fbcf564d2572bb",
        None,
    ),
    "adjust": (
        AdjustBalance(request_id="adj_1", account_id="usr_1", amount=-5, actor="ana", reason="sent twice"),
        "2:7701ed46df88b0bd4d221711a292d30592a9540299da7755c5b1f04653d95bc2",
        "6a3958d2599b9605c108390a675b69f84d312b31ef9e1adb18e0cb74d95911f9",
    ),
}
# What two commands may differ in and ask the same: their ids' own rows tell them apart, or it is a guard,
# or where somebody asks from.
NOT_ASKED = {"request_id", "expected_account_id", "decider"}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_fingerprints(name: str) -> None:
    """Rows with them exist, so no release may make others, nor forget the first ones."""
    command, now, first = GOLDEN[name]
    assert fingerprint(command) == now
    assert fingerprint_v1.fingerprint(command, present=()) == first
    for kept in filter(None, (now, first)):
        assert is_fingerprint_of(kept, command)


def test_every_command_has_a_golden_fingerprint() -> None:
    """And each is of another kind."""
    assert {type(command) for command, _, _ in GOLDEN.values()} == set(REQUESTS)
    assert len({one.kind for one in REQUESTS}) == len(REQUESTS)


@pytest.mark.parametrize("command", REQUESTS)
def test_every_field_counts_or_is_named_here(command: type[Command]) -> None:
    """A field that was forgotten would let another command pass for the first one."""
    assert {one.name for one in fields(command)} - NOT_ASKED == set(command.asked)


@pytest.mark.parametrize("name", GOLDEN)
def test_no_two_commands_share_one(name: str) -> None:
    """Whatever is asked otherwise has another fingerprint, in each version."""
    command, now, first = GOLDEN[name]
    others = [another for other, (another, _, _) in GOLDEN.items() if other != name]
    changed = [replace(command, reason="another"), replace(command, metadata={"z": "1"})]
    for kept in filter(None, (now, first)):
        assert not any(is_fingerprint_of(kept, one) for one in (*others, *changed))


def test_the_same_asked_in_another_way_has_the_same_one() -> None:
    """The order of metadata, a time's zone, a guard, and what is said to be absent make no difference."""
    command, now, _ = GOLDEN["grant, whole"]
    assert isinstance(command, GrantCredits)
    elsewhere = STARTS.astimezone(timezone(timedelta(hours=5)))
    turned = replace(command, metadata=dict(reversed(command.metadata.items())), effective_at=elsewhere)
    assert fingerprint(turned) == now
    command, now, _ = GOLDEN["charge"]
    unguarded = replace(command, expected_account_id=None, reason="", actor="", metadata={})  # type: ignore[call-arg]
    assert fingerprint(unguarded) == now


def test_metadata_of_any_kind_of_mapping_is_the_same() -> None:
    """In each version; and none is none, however it is said."""
    command, now, first = GOLDEN["reserve, whole"]
    read_only = replace(command, metadata=MappingProxyType(dict(command.metadata)))
    assert (fingerprint(read_only), fingerprint_v1.fingerprint(read_only, present=())) == (now, first)
    command, now, first = GOLDEN["reserve"]
    for none in ({}, MappingProxyType({})):
        bare = replace(command, metadata=none)
        assert (fingerprint(bare), fingerprint_v1.fingerprint(bare, present=())) == (now, first)


def test_what_has_no_canonical_form_has_no_fingerprint() -> None:
    """It would be another one in another release."""
    command, _, _ = GOLDEN["grant"]
    with pytest.raises(TypeError, match="bytes has no canonical form"):
        fingerprint(replace(command, source=b"welcome"))  # type: ignore[call-arg]


def test_nothing_and_zero_differ() -> None:
    """A number is never absent."""
    command, now, _ = GOLDEN["clawback, reinstated"]
    assert isinstance(command, ClawBackCredits)
    assert command.target == 0
    assert fingerprint(replace(command, target=1)) != now


@given(reason=st.text(), amount=st.integers(-(2**63), 2**63), metadata=st.dictionaries(st.text(), st.text()))
def test_the_canonical_form_is_json(reason: str, amount: int, metadata: dict[str, str]) -> None:
    """Whatever is in it: anybody can make the same fingerprint with a JSON library."""
    command = AdjustBalance(
        request_id="adj_1", account_id="usr_1", amount=amount, reason=reason, metadata=metadata
    )
    asked = {"account_id": "usr_1", "amount": amount, "metadata": metadata, "reason": reason}
    present = {name: one for name, one in asked.items() if one or name == "amount"}
    written = json.dumps(["adjust", present], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert fingerprint(command) == "2:" + sha256(written.encode()).hexdigest()
