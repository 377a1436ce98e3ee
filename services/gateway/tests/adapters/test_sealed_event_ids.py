"""Ids of events: nothing to read, nothing to forge, one for each account, the same from each process."""

import re

import pytest
from cryptography.fernet import Fernet
from gateway.adapters.outbound.sealed_event_ids import LENGTH_MAX, SealedEventIds
from gateway.domain.event import Cursor, Place, Position, Stream

ADA, BOB = "usr_" + "a" * 32, "usr_" + "b" * 32
KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLACES = [
    Place(stream=stream, sequence=sequence, at_ms=1_800_000_000_000 + sequence, balance=balance)
    for stream in Stream
    for sequence in (1, 2, 10**12, 2**63)
    for balance in (0, 57)
]
POSITION = Position(
    numbers={Stream.LEDGER: 12, Stream.GENERATION: 40, Stream.BILLING: 3}, at_ms=9, balance=57
)


@pytest.mark.exhaustive
@pytest.mark.parametrize("cursor", [*PLACES, POSITION])
def test_a_cursor_survives_its_id(cursor: Cursor) -> None:
    """What is sealed by one process is opened by every other with the secret."""
    event_id = SealedEventIds([KEY]).seal(ADA, cursor)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", event_id)
    assert len(event_id) <= LENGTH_MAX
    assert SealedEventIds([KEY]).open(ADA, event_id) == cursor


def test_an_event_has_one_id_for_each_account() -> None:
    """It is the same from each process; no two events and no two accounts share one."""
    ids = {SealedEventIds([KEY]).seal(account, place) for account in (ADA, BOB) for place in PLACES}
    assert ids == {SealedEventIds([KEY]).seal(account, place) for account in (ADA, BOB) for place in PLACES}
    assert len(ids) == 2 * len(PLACES)


def test_an_id_shows_no_number() -> None:
    """Events that follow each other have ids with nothing in common, and a position another one each time."""
    ids = SealedEventIds([KEY])
    sealed = [
        ids.seal(ADA, Place(stream=Stream.LEDGER, sequence=sequence, at_ms=7)) for sequence in range(200)
    ]
    assert {len(one) for one in sealed} == {len(sealed[0])}
    # 200 random texts share no beginning of six characters but once in many thousand runs.
    assert len({one[:6] for one in sealed}) == 200
    assert ids.seal(ADA, POSITION) != ids.seal(ADA, POSITION)


@pytest.mark.parametrize("cursor", [PLACES[0], POSITION])
def test_what_was_not_sealed_for_this_account_is_not_opened(cursor: Cursor) -> None:
    """Another account's, another secret's, one with any character changed, cut or added: None."""
    ids = SealedEventIds([KEY])
    good = ids.seal(ADA, cursor)
    assert ids.open(BOB, good) is None
    assert SealedEventIds([OTHER_KEY]).open(ADA, good) is None
    for place, character in enumerate(good):
        changed = good[:place] + ("A" if character != "A" else "B") + good[place + 1 :]
        assert ids.open(ADA, changed) is None, place
        assert ids.open(ADA, good[:place]) is None, place
    for text in ("", "L12-G40-B3-S57", good + "A", good + "=", good + "\n", " " + good, "é", "A" * 10**6):
        assert ids.open(ADA, text) is None, text[:100]


def test_a_new_secret_opens_what_the_old_one_sealed() -> None:
    """Secrets are replaced without a client losing its place: the first seals, all open."""
    old, both = SealedEventIds([KEY]), SealedEventIds([OTHER_KEY, KEY])
    assert both.open(ADA, old.seal(ADA, POSITION)) == POSITION
    assert old.open(ADA, both.seal(ADA, POSITION)) is None
