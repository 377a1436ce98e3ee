"""What is read of reservations and of the journal: what is found, what is refused, over every store."""

from datetime import timedelta

import pytest
from command_makers import charge
from ledger.application.list_lots import LOTS_MAX
from ledger.domain.errors import InvalidField, ReservationNotFound
from ledger.domain.lot import Category
from ledger.domain.reservation import ReservationState
from ledger.ports.ledger_reader import EntryFilter, PinnedLot
from support import START, LedgerUnderTest

ME, SOMEONE = "usr_me", "usr_someone"
TOO_LONG = "x" * 256


async def test_a_reservation_is_found_by_its_id_and_by_its_reference(any_ledger: LedgerUnderTest) -> None:
    """By both it has to be the same one; each is told as it stands."""
    await any_ledger.give(ME, 100)
    first = await any_ledger.hold(ME, 10, "gen_1")
    second = await any_ledger.hold(ME, 20, "gen_2")
    await any_ledger.apply(charge(second, 15, "gen_2"))
    read = any_ledger.read_reservation
    for found in (
        await read(reservation_id=second),
        await read(reference="gen_2"),
        await read(reservation_id=second, reference="gen_2"),
    ):
        assert (found.reservation_id, found.account_id, found.reference) == (second, ME, "gen_2")
        assert (found.reserved, found.charged, found.refunded) == (20, 15, 5)
        assert found.state is ReservationState.CHARGED
    assert (await read(reservation_id=first)).state is ReservationState.HELD
    with pytest.raises(ReservationNotFound):
        await read(reservation_id=first, reference="gen_2")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"reservation_id": "res_none"}, "no reservation res_none"),
        ({"reference": "gen_none"}, "no reservation for gen_none"),
    ],
)
async def test_a_reservation_that_is_not_there_is_named(
    any_ledger: LedgerUnderTest, asked: dict[str, str], said: str
) -> None:
    """As it was asked for."""
    with pytest.raises(ReservationNotFound) as refused:
        await any_ledger.read_reservation(**asked)  # type: ignore[arg-type]
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({}, "reservation_id", "or reference is required"),
        ({"reservation_id": TOO_LONG}, "reservation_id", "has 256 characters, at most 255 are allowed"),
        ({"reference": TOO_LONG}, "reference", "has 256 characters, at most 255 are allowed"),
        (
            {"reservation_id": "res_1", "reference": "a\x00"},
            "reference",
            "must not hold control characters or half characters",
        ),
    ],
)
async def test_a_bad_question_about_a_reservation_is_refused(
    any_ledger: LedgerUnderTest, asked: dict[str, str], field: str, said: str
) -> None:
    """Before the store is asked: it could not even compare some of these."""
    with pytest.raises(InvalidField) as refused:
        await any_ledger.read_reservation(**asked)  # type: ignore[arg-type]
    assert (refused.value.field, str(refused.value)) == (field, f"{field}: {said}")


async def test_a_reservations_lots_are_its_accounts(any_ledger: LedgerUnderTest) -> None:
    """In the order in which they were drawn from; of another account's nothing is told."""
    paid = await any_ledger.give(ME, 30, Category.PAID, payment_id="pi_1")
    any_ledger.clock.advance(hours=1)
    welcome = await any_ledger.give(ME, 20)
    held = await any_ledger.hold(ME, 25, "gen_1")
    assert await any_ledger.list_reservation_lots(ME, held) == [
        PinnedLot(
            grant_id=welcome,
            category=Category.PROMOTIONAL,
            amount=20,
            source="test",
            granted_at=START + timedelta(hours=1),
        ),
        PinnedLot(grant_id=paid, category=Category.PAID, amount=5, source="payment:pi_1", granted_at=START),
    ]
    for account_id, reservation_id in ((SOMEONE, held), (ME, "res_none")):
        with pytest.raises(ReservationNotFound) as not_found:
            await any_ledger.list_reservation_lots(account_id, reservation_id)
        assert str(not_found.value) == f"no reservation {reservation_id}"
    for account_id, reservation_id, said in (
        ("", held, "account_id: is required"),
        (ME, "", "reservation_id: is required"),
    ):
        with pytest.raises(InvalidField) as refused:
            await any_ledger.list_reservation_lots(account_id, reservation_id)
        assert str(refused.value) == said


async def test_an_accounts_lots_are_those_that_have_credits(any_ledger: LedgerUnderTest) -> None:
    """In spending order with what is left; neither what is spent, what expired, nor anybody else's."""
    paid = await any_ledger.give(ME, 30, Category.PAID, payment_id="pi_1")
    gift = await any_ledger.give(ME, 20)
    await any_ledger.give(ME, 5, expires_in_s=60)
    await any_ledger.give(SOMEONE, 7)
    await any_ledger.hold(ME, 10, "gen_1")
    found = await any_ledger.list_lots(ME)
    assert [(lot.remaining, lot.held, lot.spent) for lot in found.lots] == [(15, 5, 0), (30, 0, 0)]
    assert [lot.grant_id for lot in found.lots] == [gift, paid]
    assert (found.lots[1].source, found.further) == ("payment:pi_1", 0)
    assert (await any_ledger.list_lots("usr_none")).lots == []
    await any_ledger.give(ME, 9, expires_in_s=60)
    any_ledger.clock.advance(seconds=61)
    assert [lot.grant_id for lot in (await any_ledger.list_lots(ME)).lots] == [gift, paid]


async def test_of_very_many_lots_the_first_are_told(any_ledger: LedgerUnderTest) -> None:
    """And how many more there are."""
    for _ in range(LOTS_MAX + 2):
        await any_ledger.give(ME, 1)
    found = await any_ledger.list_lots(ME)
    assert (len(found.lots), found.further) == (LOTS_MAX, 2)


async def test_a_page_says_where_to_go_on_only_if_there_is_more(any_ledger: LedgerUnderTest) -> None:
    """A page that is just full is the last one."""
    for amount in (1, 2, 3, 4):
        await any_ledger.give(ME, amount)
    for limit, before, sequences, following in (
        (4, None, [4, 3, 2, 1], None),
        (3, None, [4, 3, 2], 2),
        (1, 2, [1], None),
        (0, None, [4, 3, 2, 1], None),
    ):
        page = await any_ledger.list_entries(ME, EntryFilter(limit=limit, before_sequence=before))
        assert [entry.sequence for entry in page.entries] == sequences
        assert page.next_before == following


async def test_a_window_of_entries_does_not_end_before_it_begins(any_ledger: LedgerUnderTest) -> None:
    """One that ends as it begins holds nothing; a single bound is enough."""
    await any_ledger.give(ME, 1)
    later = START + timedelta(seconds=1)
    for wanted, sequences in (
        (EntryFilter(since=START, until=START), []),
        (EntryFilter(since=START, until=later), [1]),
        (EntryFilter(since=START), [1]),
        (EntryFilter(since=later), []),
        (EntryFilter(until=later), [1]),
        (EntryFilter(until=START), []),
    ):
        page = await any_ledger.list_entries(ME, wanted)
        assert [entry.sequence for entry in page.entries] == sequences
    with pytest.raises(InvalidField) as refused:
        await any_ledger.list_entries(ME, EntryFilter(since=later, until=START))
    assert (refused.value.field, str(refused.value)) == ("from", "from: must not be after to")
