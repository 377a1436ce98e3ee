"""Opening sessions with a password."""

import pytest
from identity.domain.errors import InvalidCredentials, TooManyAttempts, UserDisabled
from identity.domain.user import EmailAddress, PasswordHash
from identity.ports.password_hasher import Verdict
from identity_world import ADA, EVE, OTHER_PASSWORD, PASSWORD, World


async def test_a_session_opens(world: World) -> None:
    """The right password opens a session of its own, whatever the address's capitals."""
    first = await world.sign_up()
    second = await world.log_in("ADA@EXAMPLE.COM")
    assert second.user.user_id == first.user.user_id
    assert second.refresh_token != first.refresh_token
    assert len(world.store.sessions) == 2


@pytest.mark.parametrize(("email", "password"), [(ADA, OTHER_PASSWORD), (EVE, PASSWORD)])
async def test_wrong_password_and_unknown_address_look_alike(world: World, email: str, password: str) -> None:
    """Both are refused in the same words, after the same one comparison."""
    await world.sign_up()
    before = world.store.snapshot()
    with pytest.raises(InvalidCredentials, match="email address or the password is wrong"):
        await world.log_in(email, password)
    assert len(world.hasher.compared) == 1
    assert world.store == before


async def test_a_disabled_user_is_told_only_with_the_right_password(world: World) -> None:
    """Who can't prove to be the user learns nothing, and nobody gets in."""
    opened = await world.sign_up()
    world.change(opened.user.user_id, disabled_at=world.clock.now())
    before = world.store.snapshot()
    with pytest.raises(UserDisabled):
        await world.log_in()
    with pytest.raises(InvalidCredentials):
        await world.log_in(password=OTHER_PASSWORD)
    assert world.store == before


async def test_guessing_is_stopped(world: World) -> None:
    """After five wrong guesses even the right password has to wait, and nothing is compared."""
    await world.sign_up()
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.log_in(password=OTHER_PASSWORD)
    with pytest.raises(TooManyAttempts) as stopped:
        await world.log_in()
    assert 0 < stopped.value.retry_after_s <= 60
    assert len(world.hasher.compared) == 5
    assert len(world.store.sessions) == 1


async def test_nobody_locks_somebody_else_out(world: World) -> None:
    """One client's guesses leave another client alone."""
    await world.sign_up()
    for _ in range(6):
        with pytest.raises((InvalidCredentials, TooManyAttempts)):
            await world.log_in(password=OTHER_PASSWORD, client="198.51.100.1")
    assert (await world.log_in()).user.email == ADA


async def test_one_client_can_not_try_every_account(world: World) -> None:
    """A client has a limit over all addresses."""
    for number in range(20):
        with pytest.raises(InvalidCredentials):
            await world.log_in(EmailAddress(f"user{number}@example.com"))
    with pytest.raises(TooManyAttempts):
        await world.log_in(EmailAddress("user20@example.com"))


async def test_success_forgives(world: World) -> None:
    """Typing mistakes before a success do not count against the next ones."""
    await world.sign_up()
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(InvalidCredentials):
                await world.log_in(password=OTHER_PASSWORD)
        await world.log_in()


async def test_new_parameters_renew_the_hash(world: World) -> None:
    """A hash of the past is replaced at the first chance, and only then."""
    opened = await world.sign_up()
    world.hasher.generation = 2
    await world.log_in()
    assert str(world.store.users[opened.user.user_id].password_hash).startswith("2:")
    renewed = world.store.users[opened.user.user_id]
    await world.log_in()
    assert world.store.users[opened.user.user_id] == renewed


async def test_a_password_replaced_during_the_comparison_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reset that commits while the old password is being compared keeps the old password out."""
    opened = await world.sign_up()
    verify = world.hasher.verify

    async def reset_meanwhile(password: str, password_hash: PasswordHash | None) -> Verdict:
        verdict = await verify(password, password_hash)
        world.change(opened.user.user_id, password_hash=await world.hasher.hash(OTHER_PASSWORD))
        return verdict

    monkeypatch.setattr(world.hasher, "verify", reset_meanwhile)
    with pytest.raises(InvalidCredentials):
        await world.log_in()
    assert len(world.store.sessions) == 1
