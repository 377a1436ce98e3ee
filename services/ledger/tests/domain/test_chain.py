"""The chain: what is hashed, byte for byte. Statements that people hold are checked with it."""

from datetime import timedelta, timezone
from hashlib import sha256

import pytest
from bare_accounts import ME, PAID, occasion
from ledger.domain.account import Account
from ledger.domain.chain import GENESIS, Head, canonical_bytes, journal_line, next_hash, seal_hash
from ledger.domain.entry import Entry, EntryKind, Movement
from ledger.domain.seal import ChainGrowth, Seal

CANONICAL = (
    '{"account_id":"usr_me","actor":"usr_admin","adjustment":0,"available":7,"balance_after":7,'
    '"breakage":0,"category":"paid","created_at":"2026-01-01T12:00:00.005000Z","debt":0,'
    '"entry_id":"ent_new1","grant_id":"grt_1","held":0,"held_after":0,"kind":"grant",'
    '"metadata":{"a":"ü"},"payment_id":"pi_1","reason":"für \\"Füchse\\"","reference":"gen_1",'
    '"request_id":"req_1","reservation_id":"res_1","revenue":0,"sequence":1,"transaction_id":"txn_1",'
    '"world":-7}'
)


def entry() -> Entry:
    """A row with everything in it."""
    mine = Account(ME)
    mine.post(
        EntryKind.GRANT,
        PAID,
        Movement(available=7, world=-7),
        occasion(reason='für "Füchse"', metadata={"a": "ü"}),
        grant_id="grt_1",
        payment_id="pi_1",
        reservation_id="res_1",
        reference="gen_1",
    )
    return mine.entries[0]


def test_the_canonical_form_never_changes() -> None:
    """Sorted, without blanks, in UTF-8: another form is another product."""
    assert canonical_bytes(journal_line(entry())).decode() == CANONICAL


def test_a_time_is_sealed_in_utc() -> None:
    """Whatever zone it was read in."""
    elsewhere = entry()._replace(created_at=entry().created_at.astimezone(timezone(timedelta(hours=5))))
    assert journal_line(elsewhere) == journal_line(entry())


def test_each_hash_covers_the_one_before() -> None:
    """The first one follows 32 zeros."""
    line = journal_line(entry())
    assert bytes(32) == GENESIS
    first = next_hash(GENESIS, line)
    assert first == sha256(bytes(32) + CANONICAL.encode()).digest()
    assert next_hash(first, line) == sha256(first + CANONICAL.encode()).digest()


def test_a_seal_covers_where_each_chain_ends() -> None:
    """In the order of the accounts, whatever order they come in; a number is eight bytes, high one first."""
    heads = [("usr_b", Head(258, b"\x02" * 32)), ("usr_a", Head(1, b"\x01" * 32))]
    expected = sha256(
        b"\x09" * 32
        + b"usr_a"
        + b"\x01" * 32
        + b"\x00\x00\x00\x00\x00\x00\x00\x01"
        + b"usr_b"
        + b"\x02" * 32
        + b"\x00\x00\x00\x00\x00\x00\x01\x02"
    ).digest()
    assert seal_hash(b"\x09" * 32, heads) == expected
    assert seal_hash(b"\x09" * 32, reversed(heads)) == expected


def test_a_chain_grows_without_gaps() -> None:
    """From nothing, one line after the other; a line again, or one too far, is refused."""
    assert Head() == Head(0, GENESIS)
    line = journal_line(entry())
    growth = ChainGrowth(account_id=ME, head=Head(), first_sequence=1)
    growth.add(line)
    assert growth.head == Head(1, next_hash(GENESIS, line))
    assert growth.hashes == [growth.head.hash]
    for wrong in (1, 3):
        with pytest.raises(ValueError, match=f"{wrong} does not follow 1"):
            growth.add({**line, "sequence": wrong})
    assert growth.head.sequence == 1
    growth.add({**line, "sequence": 2})
    assert (growth.head.sequence, len(growth.hashes)) == (2, 2)
    assert growth.head.hash == next_hash(growth.hashes[0], {**line, "sequence": 2})


def test_a_seal_follows_a_seal() -> None:
    """Numbered, over the one before, its chains in the order of their accounts."""
    chains = [
        ChainGrowth(account_id=name, head=Head(2, name.encode()), first_sequence=1, hashes=hashes)
        for name, hashes in (("usr_b", [b"1", b"2"]), ("usr_a", [b"3"]))
    ]
    first = Seal()
    assert (first.seal_id, first.hash, first.entries) == (0, GENESIS, 0)
    second = first.followed_by(chains)
    assert (second.seal_id, second.entries) == (1, 3)
    assert [chain.account_id for chain in second.chains] == ["usr_a", "usr_b"]
    assert second.hash == seal_hash(GENESIS, [(chain.account_id, chain.head) for chain in chains])
    third = second.followed_by([])
    assert (third.seal_id, third.hash) == (2, seal_hash(second.hash, []))
