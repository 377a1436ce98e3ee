"""The use cases over each store."""

import pytest
from greeter.application.greet import GreetHandler
from greeter.application.prepare_greeting import PrepareGreeting, PrepareGreetingHandler
from greeter.domain.errors import GreetingNotFound
from greeter.domain.identifiers import AccountId, EventId
from greeter.ports.unit_of_work import UnitsOfWork

ADA = AccountId("usr_ada")


def registered(name: str, event: str) -> PrepareGreeting:
    """Ada registers."""
    return PrepareGreeting(ADA, name, EventId(event))


async def test_who_registered_is_greeted_by_the_first_name_told(units: UnitsOfWork) -> None:
    """The same event again, and another one, change nothing."""
    prepare = PrepareGreetingHandler(units)
    await prepare(registered("Ada", "evt_1"))
    await prepare(registered("Eve", "evt_1"))
    await prepare(registered("Eve", "evt_2"))
    assert (await GreetHandler(units)(ADA)).text == "Welcome, Ada!"


async def test_nobody_else_is_greeted(units: UnitsOfWork) -> None:
    """An account that nobody registered has no greeting, and gets none by being asked for."""
    for _ in range(2):
        with pytest.raises(GreetingNotFound):
            await GreetHandler(units)(ADA)


async def handle_and_fail(units: UnitsOfWork, event_id: EventId) -> None:
    """Fail after the event was noted as handled."""
    async with units.of(ADA) as work:
        assert await work.first_time(event_id)
        raise RuntimeError


async def test_what_fails_leaves_nothing(units: UnitsOfWork) -> None:
    """The event is handled when it comes again."""
    with pytest.raises(RuntimeError):
        await handle_and_fail(units, EventId("evt_1"))
    await PrepareGreetingHandler(units)(registered("Ada", "evt_1"))
    assert (await GreetHandler(units)(ADA)).text == "Welcome, Ada!"
