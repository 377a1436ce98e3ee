"""What the gateway needs of identity for people with a role: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_identity_admin import GrpcAdministration
from gateway.adapters.outbound.memory.administration import MemoryAdministration
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.administration import Action, Actor, MailState, RecordFilter
from gateway.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Role
from gateway.ports.administration import Administration
from gateway.ports.identity import Identity
from identity.domain import audit
from identity_world import World

NOBODY = UserId("usr_" + "0" * 32)
PASSWORD = "the analytical engine"


@dataclass
class Office:
    """The port, and the people with what they are, which is set behind its back."""

    port: Administration
    identity: Identity
    people: dict[Any, Any]

    async def person(self, email: str, role: Role = Role.USER) -> UserId:
        """Somebody with an account."""
        opened = await self.identity.sign_up(email=email, password=PASSWORD, full_name="")
        known = self.people[opened.user.user_id]
        self.people[opened.user.user_id] = replace(known, role=type(known.role)(role.value))
        return opened.user.user_id

    async def actor(self, role: Role = Role.ADMIN, *, says: Role | None = None) -> Actor:
        """Somebody with a role, who may say to have another."""
        return Actor(
            user_id=await self.person(f"{role.value}@example.com", role),
            role=says or role,
            session_id=SessionId("ses_1"),
            client_address="203.0.113.7",
        )


@pytest.fixture(params=["fake", "real"])
async def office(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Office:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        identity = MemoryIdentity(SystemClock())
        return Office(MemoryAdministration(identity), identity, identity.users)
    world = World()
    world.rewire(replace(world.ports, clock=SystemClock()))
    channel = await connect(stack, await serve_identity(stack, world), "gateway")

    class Kept(dict[Any, Any]):
        """The service's users, whichever copy of them is the newest."""

        def __getitem__(self, user_id: Any) -> Any:
            return world.store.users[user_id]

        def __setitem__(self, user_id: Any, user: Any) -> None:
            world.store.users[user_id] = user

    return Office(GrpcAdministration(channel), GrpcIdentity(channel), Kept())


async def test_people_are_found_and_read(office: Office) -> None:
    """A part at a time; who looks at one leaves a record, who looks through the list does not."""
    support = await office.actor(Role.SUPPORT)
    ada, eve = await office.person("ada@example.com"), await office.person("eve@example.org")
    page = await office.port.people(support, None, cursor=None, limit=2)
    rest = await office.port.people(support, None, cursor=page.next_cursor, limit=2)
    found = [person.user.user_id for person in (*page.items, *rest.items)]
    assert (found, rest.next_cursor) == ([eve, ada, support.user_id], None)
    (only,) = (await office.port.people(support, "EXAMPLE.ORG", cursor=None, limit=10)).items
    assert (only.user.user_id, only.disabled_at) == (eve, None)
    assert (await office.port.person(support, ada)).user.email == "ada@example.com"
    (record,) = (await office.port.records(support, RecordFilter(), cursor=None, limit=10)).items
    assert (record.action, record.actor, record.subject_id) == (Action.PERSON_READ, support.user_id, ada)
    assert (record.session_id, record.client_address) == ("ses_1", "203.0.113.7")
    assert (record.before, record.after, record.reason) == ({}, {}, None)
    with pytest.raises(NotFound):
        await office.port.person(support, NOBODY)
    with pytest.raises(InvalidRequest):
        await office.port.people(support, None, cursor="nonsense", limit=10)


async def test_an_administrator_changes_people(office: Office) -> None:
    """Role and account, each with its record; sessions end."""
    admin, ada = await office.actor(), await office.person("ada@example.com")
    opened = await office.identity.log_in(email="ada@example.com", password=PASSWORD)
    changed = await office.port.change_person(admin, ada, role=Role.SUPPORT, disabled=None, reason="helps")
    assert (changed.user.role, changed.disabled_at) == (Role.SUPPORT, None)
    changed = await office.port.change_person(admin, ada, role=None, disabled=True, reason=None)
    assert changed.disabled_at is not None
    assert await office.identity.open_sessions([opened.tokens.session_id]) == frozenset()
    again = await office.port.change_person(admin, ada, role=Role.SUPPORT, disabled=True, reason="again")
    assert again == changed
    records = (await office.port.records(admin, RecordFilter(subject_id=ada), cursor=None, limit=10)).items
    told = [(record.action, record.before, record.after, record.reason) for record in records]
    assert sorted(told, key=str) == [
        (Action.ROLE_CHANGED, {"role": "user"}, {"role": "support"}, "helps"),
        (Action.USER_DISABLED, {"disabled": "false"}, {"disabled": "true"}, None),
    ]
    reopened = await office.port.change_person(admin, ada, role=None, disabled=False, reason=None)
    assert reopened.disabled_at is None


async def test_what_may_not_be_is_refused(office: Office) -> None:
    """Each with its reason, and nothing changes nor is recorded."""
    admin, ada = await office.actor(), await office.person("ada@example.com")
    change = office.port.change_person
    for actor, user_id, role, disabled, kind, reason in (
        (admin, admin.user_id, None, True, Conflict, "OWN_ACCOUNT"),
        (admin, admin.user_id, Role.USER, None, Conflict, "LAST_ADMINISTRATOR"),
        (admin, NOBODY, Role.USER, None, NotFound, "USER_NOT_FOUND"),
        (await office.actor(Role.SUPPORT), ada, Role.ADMIN, None, Forbidden, "NOT_AN_ADMIN"),
        # Whatever the gateway believes: identity knows who is what.
        (await office.actor(Role.USER, says=Role.ADMIN), ada, None, True, Forbidden, "NOT_AN_ADMIN"),
    ):
        with pytest.raises(kind) as refused:
            await change(actor, user_id, role=role, disabled=disabled, reason=None)
        assert refused.value.reason == reason
    assert (await office.port.records(admin, RecordFilter(), cursor=None, limit=10)).items == []


async def test_people_without_a_role_see_nothing(office: Office) -> None:
    """Not even of themselves, whatever role they are said to have; a disabled administrator neither."""
    admin = await office.actor()
    eve = await office.actor(Role.USER, says=Role.ADMIN)
    gone = replace(admin, user_id=await office.person("gone@example.com", Role.ADMIN))
    await office.port.change_person(admin, gone.user_id, role=None, disabled=True, reason=None)
    for actor in (eve, gone):
        for asked in (
            office.port.people(actor, None, cursor=None, limit=10),
            office.port.person(actor, actor.user_id),
            office.port.records(actor, RecordFilter(), cursor=None, limit=10),
            office.port.mails(actor, user_id=None, state=None, cursor=None, limit=10),
        ):
            with pytest.raises(Forbidden) as refused:
                await asked
            assert refused.value.reason == "NOT_STAFF"


async def test_records_are_chosen(office: Office) -> None:
    """By what was done, in parts."""
    admin = await office.actor()
    for number in range(3):
        user_id = await office.person(f"{number}@example.com")
        await office.port.person(admin, user_id)
        await office.port.change_person(admin, user_id, role=None, disabled=True, reason=f"{number}")
    which = RecordFilter(actor=admin.user_id, actions=(Action.USER_DISABLED,))
    page = await office.port.records(admin, which, cursor=None, limit=2)
    rest = await office.port.records(admin, which, cursor=page.next_cursor, limit=2)
    assert [record.reason for record in (*page.items, *rest.items)] == ["2", "1", "0"]
    with pytest.raises(InvalidRequest):
        await office.port.records(admin, which, cursor="nonsense", limit=2)


async def test_mails_are_told_of(office: Office) -> None:
    """Of everybody, of somebody, of nobody there is."""
    admin = await office.actor()
    page = await office.port.mails(
        admin, user_id=admin.user_id, state=MailState.QUEUED, cursor=None, limit=10
    )
    assert {(mail.purpose, mail.state, mail.recipient) for mail in page.items} <= {
        ("verify_email", "queued", "admin@example.com")
    }
    with pytest.raises(NotFound):
        await office.port.mails(admin, user_id=NOBODY, state=None, cursor=None, limit=10)


async def test_a_person_is_told_what_was_done_and_not_by_whom(office: Office) -> None:
    """In parts, the newest first; of others nothing."""
    admin, ada = await office.actor(), await office.person("ada@example.com")
    await office.port.change_person(admin, ada, role=Role.SUPPORT, disabled=None, reason="helps")
    await office.port.person(admin, ada)
    await office.port.person(admin, admin.user_id)
    page = await office.identity.own_records(ada, cursor=None, limit=1)
    rest = await office.identity.own_records(ada, cursor=page.next_cursor, limit=1)
    assert rest.next_cursor is None
    told = [
        (act.action, act.acted_as, act.before, act.after, act.reason) for act in (*page.items, *rest.items)
    ]
    assert told == [
        ("person.read", "staff", {}, {}, None),
        ("role.changed", "admin", {"role": "user"}, {"role": "support"}, "helps"),
    ]
    (own,) = (await office.identity.own_records(admin.user_id, cursor=None, limit=10)).items
    assert own.acted_as == "self"
    with pytest.raises(InvalidRequest):
        await office.identity.own_records(ada, cursor="nonsense", limit=10)


def test_every_action_can_be_chosen() -> None:
    """A new one of identity's is one that the gateway asks for."""
    assert {action.value for action in Action} == {action.value for action in audit.Action}


async def test_an_administrators_account_is_not_erased(office: Office) -> None:
    """The role goes first; then it may."""
    first = await office.actor()
    second = await office.person("second@example.com", Role.ADMIN)
    with pytest.raises(Conflict) as refused:
        await office.identity.request_erasure(second)
    assert refused.value.reason == "STILL_ADMINISTRATOR"
    await office.port.change_person(first, second, role=Role.USER, disabled=None, reason=None)
    assert (await office.identity.request_erasure(second)).erased_from
