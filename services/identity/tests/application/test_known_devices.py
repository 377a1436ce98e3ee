"""Owners and guessers are told apart: a device on which the owner signed in is counted by itself."""

from datetime import timedelta

import pytest
from identity.application.log_in import LogIn
from identity.application.reset_password import ResetPassword
from identity.domain.errors import InvalidCredentials, TooManyAttempts
from identity.domain.mail import Purpose
from identity.domain.user import EmailAddress
from identity_world import ADA, CLIENT, EVE, OTHER_PASSWORD, PASSWORD, World, from_


async def guess(world: World, *, client: str, times: int, email: str = ADA) -> int:
    """Try wrong passwords; returns how many were compared."""
    before = len(world.hasher.compared)
    for _ in range(times):
        with pytest.raises((InvalidCredentials, TooManyAttempts)):
            await world.log_in(email, OTHER_PASSWORD, client=client)
    return len(world.hasher.compared) - before


async def besiege(world: World, email: str = ADA) -> None:
    """Guess from so many clients that the address itself is closed to strangers."""
    for number in range(10):
        await guess(world, client=f"198.51.100.{number}", times=5, email=email)
    with pytest.raises(TooManyAttempts):
        await world.log_in(email, client="192.0.2.1")


async def test_twelve_guesses_next_door_do_not_keep_the_owner_out(world: World) -> None:
    """Even from the owner's own address: the known device is let in, an unknown one there is not."""
    opened = await world.sign_up()
    assert await guess(world, client=CLIENT, times=12) == 5
    with pytest.raises(TooManyAttempts):
        await world.log_in()
    assert (await world.log_in(device=opened.device_token)).user == opened.user


async def test_guesses_from_everywhere_do_not_keep_the_owner_out(world: World) -> None:
    """They end at a bound for the address; the device that is known does not feel it."""
    opened = await world.sign_up()
    await besiege(world)
    for _ in range(20):
        await world.log_in(device=opened.device_token)
    # The successes opened nothing for strangers.
    with pytest.raises(TooManyAttempts):
        await world.log_in(client="192.0.2.2")


async def test_an_address_without_an_account_is_bounded_alike(world: World) -> None:
    """Nobody learns from the limits who has an account."""
    await besiege(world, EVE)


async def test_one_client_alone_does_not_use_the_address_up(world: World) -> None:
    """What it is refused counts no further."""
    await world.sign_up()
    await guess(world, client="198.51.100.1", times=100)
    assert (await world.log_in(client="192.0.2.1")).user.email == ADA


async def test_a_known_device_has_a_limit_of_its_own(world: World) -> None:
    """Whoever took it can guess no faster than a stranger, and closes nothing else."""
    opened = await world.sign_up()
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.log_in(password=OTHER_PASSWORD, device=opened.device_token)
    with pytest.raises(TooManyAttempts):
        await world.log_in(device=opened.device_token)
    another = await world.log_in()
    assert (await world.log_in(device=another.device_token)).user == opened.user


async def test_success_on_a_known_device_forgives_it(world: World) -> None:
    """Typing mistakes before it do not count against the next ones."""
    opened = await world.sign_up()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(InvalidCredentials):
                await world.log_in(password=OTHER_PASSWORD, device=opened.device_token)
        await world.log_in(device=opened.device_token)


async def test_a_device_is_known_for_its_own_address_alone(world: World) -> None:
    """A token for one's own account is no way around the limits on another."""
    await world.sign_up()
    eve = await world.sign_up(EVE)
    await besiege(world)
    for token in (eve.device_token, "", "garbage", "a.b.c", eve.access_token.token):
        with pytest.raises(TooManyAttempts):
            await world.log_in(device=token)


async def test_several_people_share_a_device(world: World) -> None:
    """Each token makes its own owner known, wherever it stands among the others."""
    opened, eve = await world.sign_up(), await world.sign_up(EVE)
    await besiege(world)
    tokens = [token for token in (eve.device_token, "garbage", opened.device_token) if token]
    again = await world.handlers.log_in(LogIn(ADA, PASSWORD, from_(CLIENT), tokens))
    assert again.user == opened.user


async def test_a_token_is_replaced_before_it_ends(world: World) -> None:
    """A fresh one is kept, one past its half is replaced, one past its end makes nothing known."""
    opened = await world.sign_up()
    assert (await world.log_in(device=opened.device_token)).device_token is None
    world.clock.advance(timedelta(days=200))
    following = await world.log_in(device=opened.device_token)
    assert following.device_token not in (None, opened.device_token)
    world.clock.advance(timedelta(days=166))
    await besiege(world)
    with pytest.raises(TooManyAttempts):
        await world.log_in(device=opened.device_token)
    assert (await world.log_in(device=following.device_token)).user.email == ADA


async def test_a_reset_by_mail_makes_a_device_known(world: World) -> None:
    """The owner's way in from a new device while strangers guess."""
    await world.sign_up()
    await besiege(world)
    await world.ask_for_reset()
    token = world.mailed_token(Purpose.RESET_PASSWORD)
    device = await world.handlers.reset_password(ResetPassword(token, OTHER_PASSWORD))
    assert (await world.log_in(password=OTHER_PASSWORD, device=device)).user.email == ADA


async def test_a_network_opens_only_so_many_accounts(world: World) -> None:
    """Neighbours share a limit, others do not, and refused passwords count against nobody."""
    for number in range(10):
        await world.sign_up(EmailAddress(f"user{number}@example.com"), client=f"203.0.113.{number}")
    before = world.store.snapshot()
    with pytest.raises(TooManyAttempts) as refused:
        await world.sign_up(client="203.0.113.200")
    assert 0 < refused.value.retry_after_s <= 60
    assert world.store == before
    assert (await world.sign_up(client="198.51.100.1")).user.email == ADA
