"""Whoever was erased leaves no row behind, whether or not a fact was heard."""

import pytest
from gateway.bootstrap.parts import wire
from gateway.domain.errors import Unavailable
from gateway_world import Door, enter


async def test_the_row_of_a_session_that_ended_goes(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only then; while identity can't say, nothing goes."""
    await enter(door)
    deps, rows = wire(door.world.ports), door.world.sessions.rows
    assert (await deps.remove_ended_sessions(), len(rows)) == (0, 1)

    async def away(*_: object) -> None:
        raise Unavailable("identity is away")

    door.world.identity.sessions.clear()
    with monkeypatch.context() as silent:
        silent.setattr(type(door.world.identity), "open_sessions", away)
        with pytest.raises(Unavailable):
            await deps.remove_ended_sessions()
    assert len(rows) == 1
    assert (await deps.remove_ended_sessions(), len(rows)) == (1, 0)
