"""Of a dead letter enough is told to know it by, and nothing that somebody wrote."""

from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.dead_letters import DeadLetter
from chassis.events import IncomingEvent
from deadletters import errors
from deadletters.errors import DeadLetterNotFound, InvalidField, NotAnAdmin, NotStaff
from deadletters.memory import MemoryLetters
from deadletters.servicer import DeadLetterServicer
from deadletters.telling import message, payload_ids, shown_error
from tintype.identity.v1.events_pb2 import UserRegistered
from tintype.identity.v1.principal_pb2 import Principal
from tintype.ledger.v1.events_pb2 import CreditsReserved
from tintype.ledger.v1.ledger_pb2 import Balance
from tintype.operations.v1 import dead_letters_pb2 as pb

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ADMIN, SUPPORT, USER = (Principal(actor_id="usr_grace", role=role) for role in (2, 3, 1))


def registered(event_id: str = "evt_1") -> IncomingEvent:
    """Somebody's name and address."""
    told = UserRegistered(user_id="usr_1", email="ada@example.com", full_name="Ada Lovelace")
    return IncomingEvent(
        subject="tintype.identity.v1.user_registered.usr_1",
        event_id=event_id,
        time=NOW,
        payload=told.SerializeToString(),
        deliveries=20,
    )


def test_only_ids_of_a_payload_are_told() -> None:
    """Neither a name nor an address; of a message inside too; of what can't be read nothing."""
    letter = DeadLetter(
        event=registered(),
        error="UniqueViolation('... \\nDETAIL: Key (email)=(ada@example.com)')",
        given_up_at=NOW,
        attempts=1,
        replayed_at=None,
    )
    told = message(letter)
    assert dict(told.ids) == {"user_id": "usr_1"}
    assert b"Ada" not in told.SerializeToString()
    assert b"ada@" not in told.SerializeToString()
    reserved = CreditsReserved(
        account_id="usr_1", reservation_id="res_1", balance=Balance(account_id="usr_1")
    ).SerializeToString()
    assert payload_ids("tintype.ledger.v1.CreditsReserved", reserved) == {
        "account_id": "usr_1",
        "reservation_id": "res_1",
        "balance.account_id": "usr_1",
    }
    assert payload_ids("tintype.ledger.v1.CreditsReserved", b"\xff") == {}
    assert payload_ids("tintype.ledger.v1.Unheard", b"") == {}
    strange = CreditsReserved(account_id="a name, and <more>", reservation_id="r" * 129)
    assert payload_ids("tintype.ledger.v1.CreditsReserved", strange.SerializeToString()) == {}


def test_an_error_has_one_line_and_no_address() -> None:
    """Whatever came of a row or a person in it."""
    assert shown_error("ValueError('no such account')") == "ValueError('no such account')"
    assert shown_error("X('ada@example.com is known')") == "X('… is known')"
    assert shown_error("X('first\nsecond')") == shown_error(r"X('first\nsecond')") == "X('first"
    assert len(shown_error("x" * 2_000)) == 500


async def test_whoever_has_no_role_sees_nothing_and_support_changes_nothing() -> None:
    """Refused before anything is read or applied."""
    letters = MemoryLetters()
    await letters.keep(registered(), ValueError("away"))
    service = DeadLetterServicer(letters, _never)
    for nobody in (USER, Principal()):
        with pytest.raises(NotStaff):
            await service.ListDeadLetters(pb.ListDeadLettersRequest(principal=nobody), None)
    for no_admin in (USER, SUPPORT, Principal()):
        request = pb.ReplayDeadLetterRequest(principal=no_admin, dead_letter_id="evt_1")
        with pytest.raises(NotAnAdmin):
            await service.ReplayDeadLetter(request, None)
    assert letters.told == []
    answer = await service.ListDeadLetters(pb.ListDeadLettersRequest(principal=SUPPORT), None)
    assert [letter.dead_letter_id for letter in answer.dead_letters] == ["evt_1"]


async def test_a_list_comes_in_parts_and_a_replay_answers_how_it_stands() -> None:
    """What comes next is asked for by the place of the last; bad asks are refused by the field's name."""
    letters, done = MemoryLetters(), []
    for number in range(3):
        await letters.keep(registered(f"evt_{number}"), ValueError("away"))

    async def apply(event: IncomingEvent) -> None:
        done.append(event.event_id)

    service = DeadLetterServicer(letters, apply)
    first = await service.ListDeadLetters(pb.ListDeadLettersRequest(principal=ADMIN, page_size=2), None)
    rest = await service.ListDeadLetters(
        pb.ListDeadLettersRequest(principal=ADMIN, page_size=2, page_token=first.next_page_token), None
    )
    assert first.next_page_token == first.dead_letters[-1].place
    assert [letter.dead_letter_id for letter in (*first.dead_letters, *rest.dead_letters)] == [
        "evt_2", "evt_1", "evt_0",
    ]  # fmt: skip
    assert rest.next_page_token == ""
    answer = await service.ReplayDeadLetter(
        pb.ReplayDeadLetterRequest(principal=ADMIN, dead_letter_id="evt_1", reason=" mended "), None
    )
    assert answer.dead_letter.HasField("replayed_at")
    assert (done, [replay.by.reason for replay in letters.told]) == (["evt_1"], ["mended"])
    bad: list[tuple[str, Any]] = [
        ("page_size", pb.ListDeadLettersRequest(principal=ADMIN, page_size=101)),
        ("page_token", pb.ListDeadLettersRequest(principal=ADMIN, page_token="nonsense")),
        ("page_token", pb.ListDeadLettersRequest(principal=ADMIN, page_token="2026-01-02T00:00:00~evt_1")),
    ]
    for field, request in bad:
        with pytest.raises(InvalidField) as refused:
            await service.ListDeadLetters(request, None)
        assert refused.value.field == field
    with pytest.raises(InvalidField):
        await service.ReplayDeadLetter(
            pb.ReplayDeadLetterRequest(principal=ADMIN, dead_letter_id="evt_2", reason="x" * 501), None
        )
    with pytest.raises(DeadLetterNotFound):
        await service.ReplayDeadLetter(
            pb.ReplayDeadLetterRequest(principal=ADMIN, dead_letter_id="evt_x"), None
        )
    assert done == ["evt_1"]
    one = await service.ListDeadLetters(
        pb.ListDeadLettersRequest(principal=SUPPORT, dead_letter_id="evt_1"), None
    )
    assert [letter.replays for letter in one.dead_letters] == [1]
    with pytest.raises(DeadLetterNotFound):
        await service.ListDeadLetters(
            pb.ListDeadLettersRequest(principal=SUPPORT, dead_letter_id="evt_x"), None
        )


def test_every_refusal_has_a_status() -> None:
    """By the table that services add to their own."""
    known = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and each.__module__ == errors.__name__
    }
    assert known - {errors.DeadLetterError} == set(errors.ERRORS)


async def _never(_event: IncomingEvent) -> None:
    raise AssertionError("nobody may have it applied")
