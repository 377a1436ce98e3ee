"""A person has one picture: the one that was chosen last; it is theirs, and goes with them."""

import pytest
from identity.application.erase_user import EraseUser
from identity.application.update_profile import UpdateProfile
from identity.bootstrap.parts import wire_erase_user
from identity.domain.avatar import PICTURE_BYTES_MAX
from identity.domain.errors import AvatarNotFound, InvalidField, UserNotFound
from identity.domain.identifiers import UserId
from identity_world import EVE, World

ADDRESS = "https://example.com/a.png"


def webp(content: bytes = b"ada") -> bytes:
    """What begins as a WebP."""
    return b"RIFF\x20\0\0\0WEBP" + content


@pytest.fixture
async def ada(world: World) -> UserId:
    """A person with a picture elsewhere."""
    user_id = (await world.sign_up()).user.user_id
    await world.handlers.update_profile(UpdateProfile(user_id, avatar_url=ADDRESS))
    return user_id


async def test_a_picture_is_kept_read_and_removed(world: World, ada: UserId) -> None:
    """It takes the place of the address and of the one before; each has a version of its own."""
    avatars = world.handlers.avatars
    first = await avatars.set(ada, webp())
    assert (first.avatar_url, first.avatar_version) == (None, (await avatars.read(ada)).version)
    second = await avatars.set(ada, webp(b"eve"))
    assert second.avatar_version not in (None, first.avatar_version)
    assert (await avatars.read(ada)).picture == webp(b"eve")
    assert (await avatars.set(ada, webp())).avatar_version == first.avatar_version
    for _ in range(2):
        assert (await avatars.remove(ada)).avatar_version is None
        with pytest.raises(AvatarNotFound):
            await avatars.read(ada)
    assert not world.store.avatars


async def test_an_address_that_is_given_later_takes_its_place(world: World, ada: UserId) -> None:
    """Another name, or no address, leaves it where it is."""
    kept = await world.handlers.avatars.set(ada, webp())
    for change in (UpdateProfile(ada, full_name="Ada"), UpdateProfile(ada, avatar_url=None)):
        assert (await world.handlers.update_profile(change)).avatar_version == kept.avatar_version
    changed = await world.handlers.update_profile(UpdateProfile(ada, avatar_url=ADDRESS))
    assert (changed.avatar_url, changed.avatar_version) == (ADDRESS, None)
    assert not world.store.avatars


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"RIFF",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        webp(bytes(PICTURE_BYTES_MAX)),
    ],
)
async def test_what_is_no_small_webp_is_refused(world: World, ada: UserId, picture: bytes) -> None:
    """And what there was stays."""
    kept = await world.handlers.avatars.set(ada, webp())
    with pytest.raises(InvalidField) as refused:
        await world.handlers.avatars.set(ada, picture)
    assert refused.value.field == "picture"
    assert (await world.handlers.read_user(ada)).avatar_version == kept.avatar_version
    assert (await world.handlers.avatars.read(ada)).picture == webp()


async def test_it_is_nobody_elses(world: World, ada: UserId) -> None:
    """Another has none of it; who is unknown gets none."""
    await world.handlers.avatars.set(ada, webp())
    eve = (await world.sign_up(email=EVE)).user.user_id
    with pytest.raises(AvatarNotFound):
        await world.handlers.avatars.read(eve)
    for change in (
        world.handlers.avatars.set(UserId("usr_nobody"), webp()),
        world.handlers.avatars.remove(UserId("usr_nobody")),
    ):
        with pytest.raises(UserNotFound):
            await change
    assert list(world.store.avatars) == [ada]


async def test_it_goes_with_the_account(world: World, ada: UserId) -> None:
    """Nothing of it is left."""
    await world.handlers.avatars.set(ada, webp())
    assert await wire_erase_user(world.ports)(EraseUser(user_id=ada))
    assert not world.store.avatars
