"""A person is mailed of a sign-in from where nobody signed in before, once."""

import asyncio
from dataclasses import replace

import pytest
from identity.application.reset_password import ResetPassword
from identity.domain.client import Client
from identity.domain.errors import InvalidCredentials
from identity.domain.mail import Mail, Notice, Purpose
from identity_world import ADA, EVE, OTHER_PASSWORD, World

HOME = Client(address="203.0.113.7", browser="Firefox", system="Linux")
AWAY = Client(address="198.51.100.20", browser="Chrome", system="Windows")


def told(world: World) -> list[Mail]:
    """The mails of new sign-ins."""
    return [row.mail for row in world.store.mails.values() if row.mail.purpose is Notice.NEW_SIGN_IN]


async def signed_up(world: World, email: str = ADA) -> str:
    """Somebody at home, whose address is proven; returns their device's token."""
    opened = await world.sign_up(type(ADA)(email), client=HOME)
    world.change(opened.user.user_id, email_verified_at=world.clock.now())
    return opened.device_token or ""


async def test_a_new_place_is_told_once(world: World) -> None:
    """With what it was and from where; the next sign-in from there is none."""
    await signed_up(world)
    assert told(world) == []
    await world.log_in(client=AWAY)
    (mail,) = told(world)
    assert (mail.recipient, mail.token) == (ADA, "")
    assert mail.details["device"] == "Chrome on Windows"
    assert mail.details["address"] == "198.51.100.20"
    await world.log_in(client=AWAY)
    await world.log_in(client=replace(AWAY, address="198.51.100.21"))
    assert len(told(world)) == 1


async def test_a_place_and_a_device_that_are_known_are_not_told(world: World) -> None:
    """By its token wherever it is, or by what it looks like where it was; nor is a refresh."""
    device = await signed_up(world)
    await world.log_in(client=HOME)
    moved = await world.log_in(client=AWAY, device=device)
    await world.refresh(moved.refresh_token, client=replace(AWAY, address="192.0.2.1"))
    assert told(world) == []


@pytest.mark.parametrize(
    "client",
    [
        replace(HOME, browser="Chrome"),
        replace(HOME, system="Windows"),
        replace(HOME, address="198.51.100.20"),
        replace(HOME, address=None),
        Client(),
    ],
)
async def test_what_differs_is_new(world: World, client: Client) -> None:
    """Another program, another system, another network; what says nothing of itself is known nowhere."""
    await signed_up(world)
    await world.log_in(client=client)
    assert len(told(world)) == 1


async def test_two_at_once_are_one_mail(world: World) -> None:
    """The second sees the first one's session."""
    await signed_up(world)
    await asyncio.gather(world.log_in(client=AWAY), world.log_in(client=AWAY))
    assert len(told(world)) == 1


async def test_another_persons_places_count_for_them_alone(world: World) -> None:
    """Where Eve signs in makes no place known for Ada."""
    await signed_up(world)
    await signed_up(world, EVE)
    await world.log_in(EVE, client=AWAY)
    await world.log_in(client=AWAY)
    assert [mail.recipient for mail in told(world)] == [EVE, ADA]


async def test_nobody_is_told_of_what_was_none(world: World) -> None:
    """A refused sign-in, and an account whose address is not proven."""
    await world.sign_up(client=HOME)
    await world.log_in(client=AWAY)
    with pytest.raises(InvalidCredentials):
        await world.log_in(password=OTHER_PASSWORD, client=AWAY)
    assert told(world) == []


async def test_a_reset_makes_its_device_known(world: World) -> None:
    """Whoever reads the owner's mail need not be told by mail."""
    await signed_up(world)
    await world.ask_for_reset()
    device = await world.handlers.reset_password(
        ResetPassword(world.mailed_token(Purpose.RESET_PASSWORD), OTHER_PASSWORD)
    )
    await world.log_in(password=OTHER_PASSWORD, client=AWAY, device=device)
    assert told(world) == []
