"""What every implementation of storage guarantees of where sessions are used."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.client import Client
from identity.domain.errors import SessionNotFound
from identity.domain.identifiers import SessionId
from identity.domain.secret import digest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import User
from identity_world import OTHER, OWNER, Storage

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOME = Client(address="203.0.113.7", browser="Firefox", system="Linux")
AWAY = Client(address="2001:db8::1", browser="Firefox", system="Linux")


def session(name: str, owner: User = OWNER, **more: object) -> Session:
    """A session of somebody's."""
    opened = Session(
        session_id=SessionId(f"ses_{name}"),
        user_id=owner.user_id,
        created_at=NOW,
        client=HOME,
        last_used_at=NOW,
    )
    return replace(opened, **more)  # type: ignore[arg-type]


OLD, USED, BARE, EXPIRED = (
    session("old"),
    session("used", client=AWAY, last_used_at=LATER),
    session("bare", client=Client(), last_used_at=None, created_at=NOW + timedelta(minutes=1)),
    session("expired"),
)
EVES = session("eves", OTHER)


@pytest.fixture
async def kept(storage: Storage) -> Storage:
    """Storage with sessions of two people, each with a token that is good for two hours, or for none."""
    for owner, sessions in ((OTHER, (EVES,)), (OWNER, (OLD, USED, BARE, EXPIRED))):
        async with storage.units.of(owner.user_id) as work:
            await work.users.add(owner)
            for one in sessions:
                await work.sessions.add(one)
                await work.sessions.add_token(
                    RefreshToken(
                        token_digest=digest(one.session_id),
                        session_id=one.session_id,
                        user_id=owner.user_id,
                        issued_at=NOW,
                        expires_at=NOW if one is EXPIRED else NOW + timedelta(hours=2),
                    )
                )
    return storage


async def test_open_sessions_come_back(kept: Storage) -> None:
    """Every field, those that were used last first; at most as many as are asked for."""
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.sessions.open(OWNER.user_id, NOW, limit=9) == [USED, BARE, OLD]
        assert await work.sessions.open(OWNER.user_id, NOW, limit=1) == [USED]
        await work.sessions.end(USED.ended(NOW, EndReason.ENDED_BY_USER))
        await work.sessions.mark_used(digest(OLD.session_id), NOW)
        assert await work.sessions.open(OWNER.user_id, NOW, limit=9) == [BARE]


async def test_sessions_are_their_owners(kept: Storage) -> None:
    """Another account reads none, and knows no place of theirs."""
    async with kept.units.of(OTHER.user_id) as work:
        assert await work.sessions.open(OWNER.user_id, NOW, limit=9) == []
        assert await work.sessions.clients(OWNER.user_id, browser="Firefox", system="Linux") == []
        assert await work.sessions.end_all(OWNER.user_id, NOW, EndReason.ENDED_BY_USER) == 0
        for unknown in (OLD.session_id, SessionId("ses_never")):
            with pytest.raises(SessionNotFound):
                await work.sessions.lock(unknown)


async def test_places_are_remembered_after_the_end(kept: Storage) -> None:
    """Each once, of the software that is asked about."""
    async with kept.units.of(OWNER.user_id) as work:
        await work.sessions.end_all(OWNER.user_id, NOW, EndReason.ENDED_BY_USER)
        known = await work.sessions.clients(OWNER.user_id, browser="Firefox", system="Linux")
        assert sorted(client.address or "" for client in known) == [AWAY.address, HOME.address]
        assert await work.sessions.clients(OWNER.user_id, browser="Firefox", system=None) == []


async def test_all_but_one_end(kept: Storage) -> None:
    """The one that is kept stays as it is, and so does another person's."""
    async with kept.units.of(OWNER.user_id) as work:
        ended = await work.sessions.end_all(
            OWNER.user_id, LATER, EndReason.ENDED_BY_USER, kept=USED.session_id
        )
        assert ended == 3
    ids = [OLD.session_id, USED.session_id, BARE.session_id, EVES.session_id]
    assert set(await kept.directory.open_sessions(ids)) == {USED.session_id, EVES.session_id}


async def test_a_proof_is_kept(kept: Storage) -> None:
    """Of one session alone; nothing else of it changes."""
    async with kept.units.of(OWNER.user_id) as work:
        await work.sessions.prove(OLD.proven(LATER))
        assert await work.sessions.lock(OLD.session_id) == replace(OLD, proven_at=LATER)
        assert await work.sessions.lock(BARE.session_id) == BARE


async def test_use_is_noted(kept: Storage) -> None:
    """Of many at once, of whomever; the others stay, and so does where it came from."""
    await kept.directory.note_session_use([OLD.session_id, EVES.session_id], LATER)
    assert await kept.directory.open_sessions([OLD.session_id, BARE.session_id, EVES.session_id]) == {
        OLD.session_id: LATER,
        BARE.session_id: None,
        EVES.session_id: LATER,
    }
    async with kept.units.of(OWNER.user_id) as work:
        assert await work.sessions.lock(OLD.session_id) == replace(OLD, last_used_at=LATER)
        await work.sessions.carry_on(BARE.carried_on(AWAY, LATER))
        assert await work.sessions.lock(BARE.session_id) == replace(BARE, client=AWAY, last_used_at=LATER)
