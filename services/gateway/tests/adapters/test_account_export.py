"""A person takes everything along: what is in it, what is named as missing, and what is never in it."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from gateway.adapters.inbound.rest.account_export import exported
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.bootstrap.parts import wire
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import UserId
from gateway.domain.user import NEVER, Principal, Role
from gateway_world import HTML, ORIGIN, Door, assert_problem, enter, hidden
from key_ring import KeyRing
from staff import become, log_in

NAMES_AND_DATES = ("id", "name", "backed_up", "created_at", "last_used_at", "copy_seen_at")
KEY = {"name": "Shop", "scopes": ["billing:read"]}


async def made(door: Door, prompt: str, *parts: bytes | None) -> str:
    """A job that is done, whose file is in the store in these parts."""
    answer = await door.http.post(
        "/v1/generations", json={"model": "local/sketch", "input": {"prompt": prompt}}
    )
    job = answer.json()["id"]
    done = door.world.generations.finish(job, GenerationStatus.SUCCEEDED)
    output = replace(done.outputs[0], size_bytes=sum(len(part or b"") for part in parts))
    door.world.generations.jobs[job] = replace(done, outputs=(output,))
    if parts:
        door.world.output_files.files[output.output_id] = parts
    return str(job)


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files, each with its checksum checked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
async def ada(door: Door) -> str:
    """A person with credits."""
    return await door.sign_up(welcome_credits=10_000)


async def test_everything_is_in_it(door: Door, ada: str) -> None:
    """Lists as JSON, each generation with its file, and a manifest; no secret and no passing address."""
    job = await made(door, "A fox: crossing", b"one", b"two")
    key = (await door.http.post("/v1/api-keys", json=KEY, headers={"Idempotency-Key": "k"})).json()["key"]
    shared = await door.http.post(f"/v1/generations/{job}/shares", json={"expires_in_s": 3600})
    door.confirm_addresses()
    asked, ring = await door.http.post("/v1/me/passkeys/options"), KeyRing()
    phone = {"name": "Phone", "passkey": ring.create(asked.json()["public_key"])}
    await door.http.post("/v1/me/passkeys", json=phone)
    hook = {"url": "https://shop.example/", "event_types": ["credits.low"]}
    secret = (await door.http.post("/v1/webhook-endpoints", json=hook)).json()["secret"]
    answer = await door.http.get("/v1/me/export")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="tintype-account-2030-01-02.zip"'
    files = unpacked(answer.content)
    folder = f"generations/2030-01-02 {job}"
    assert files[f"{folder}/2030-01-02 A fox crossing.png"] == b"onetwo"
    told = json.loads(files[f"{folder}/generation.json"])
    assert (told["id"], told["input"]) == (job, {"prompt": "A fox: crossing"})
    assert "url" not in told["outputs"][0]
    (link,) = json.loads(files[f"{folder}/shares.json"])
    assert (link["id"], link["shows_prompt"]) == (shared.json()["id"], False)
    assert shared.json()["url"].rpartition("/")[2].encode() not in b"".join(files.values())
    assert json.loads(files["profile.json"])["email"] == "ada@example.com"
    assert [entry["kind"] for entry in json.loads(files["statement.json"])][-1] == "grant"
    assert [each["name"] for each in json.loads(files["api-keys.json"])] == ["Shop"]
    assert [each["url"] for each in json.loads(files["webhook-endpoints.json"])] == [hook["url"]]
    assert secret.encode() not in b"".join(files.values())
    ((passkey),) = json.loads(files["passkeys.json"])
    assert (passkey["name"], set(passkey) - set(NAMES_AND_DATES)) == ("Phone", set())
    assert ring.credential_id.encode() not in b"".join(files.values())
    for name in ("sessions.json", "purchases.json", "invoices.json", "collections.json"):
        assert isinstance(json.loads(files[name]), list), name
    manifest = json.loads(files["manifest.json"])
    assert (manifest["account"], manifest["missing"]) == (ada, [])
    assert {*manifest["files"], "manifest.json"} == set(files)
    assert key.encode() not in b"".join(files.values())


async def test_who_acted_on_the_account_is_told_by_their_role_alone(door: Door, ada: str) -> None:
    """What was done and why, all of it; neither who it was nor from where; nothing about anybody else."""
    grace = await become(door)
    for reason in ("spams", "did not"):
        body = {"disabled": reason == "spams", "reason": reason}
        assert (await door.http.patch(f"/v1/admin/users/{ada}", json=body)).status_code == 200
    assert (await door.http.get(f"/v1/admin/users/{ada}")).status_code == 200
    assert (await door.http.get(f"/v1/admin/users/{grace}")).status_code == 200
    (_, session) = door.world.identity.sessions
    await log_in(door, "ada@example.com")
    acts = unpacked((await door.http.get("/v1/me/export")).content)["acts.json"]
    told = [(act["action"], act["acted_as"], act["after"], act["reason"]) for act in json.loads(acts)]
    assert told == [
        ("person.read", "staff", {}, None),
        ("user.enabled", "admin", {"disabled": "false"}, "did not"),
        ("user.disabled", "admin", {"disabled": "true"}, "spams"),
    ]
    for theirs in (grace, session, "admin@example.com", "client_address", "session_id"):
        assert theirs.encode() not in acts, theirs


async def test_only_addresses_of_files_are_left_out(door: Door, ada: str) -> None:
    """What a person wrote stays whatever it is called, and until when a key works is told."""
    wrote = {"url": "https://shop.example/order/7", "expires_at": "never"}
    body = {"model": "local/sketch", "input": {"prompt": "A fox"}, "metadata": wrote}
    job = (await door.http.post("/v1/generations", json=body)).json()["id"]
    until = "2030-06-01T00:00:00Z"
    await door.http.post("/v1/api-keys", json=KEY | {"expires_at": until}, headers={"Idempotency-Key": "k"})
    files = unpacked((await door.http.get("/v1/me/export")).content)
    assert json.loads(files[f"generations/2030-01-02 {job}/generation.json"])["metadata"] == wrote
    (key,) = json.loads(files["api-keys.json"])
    assert key["expires_at"] == until


async def test_what_can_not_be_read_is_named_and_stops_nothing(
    door: Door, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that breaks off, one that is gone, and a whole service that is away."""
    broken = await made(door, "Broken", b"half", None)
    gone = await made(door, "Gone")
    whole = await made(door, "Whole", b"all")

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("billing is away")

    monkeypatch.setattr(MemoryBilling, "purchases", away)
    files = unpacked((await door.http.get("/v1/me/export")).content)
    missing = {each["name"]: each["why"] for each in json.loads(files["manifest.json"])["missing"]}
    assert set(missing) == {
        "purchases.json",
        f"generations/2030-01-02 {broken}/2030-01-02 Broken.png",
        f"generations/2030-01-02 {gone}/2030-01-02 Gone.png",
    }
    assert "billing is away" in missing["purchases.json"]
    assert json.loads(files["purchases.json"]) == []
    assert files[f"generations/2030-01-02 {whole}/2030-01-02 Whole.png"] == b"all"


async def test_a_library_that_can_not_be_listed_to_its_end_is_named(
    door: Door, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was listed before is there."""
    await made(door, "First", b"1")

    async def breaking(self: object, user_id: UserId) -> AsyncIterator[Any]:
        for generation in door.world.generations.jobs.values():
            yield generation
        raise Unavailable("generation is away")

    monkeypatch.setattr("gateway.application.read_account.AccountReader.made", breaking)
    files = unpacked((await door.http.get("/v1/me/export")).content)
    (missing,) = json.loads(files["manifest.json"])["missing"]
    assert missing["name"] == "generations/"
    assert any(name.endswith("First.png") for name in files)


# A thousand take as long as ten other tests.
@pytest.mark.real_time
async def test_a_thousand_generations_and_never_two_files_at_a_time(door: Door, ada: str) -> None:
    """Read page by page; a part is handed on before the next one is asked for."""
    first = await made(door, "Many", b"x")
    job = door.world.generations.jobs[first]  # type: ignore[index]
    for number in range(1, 1_000):
        copy = replace(job, generation_id=f"gen_{number:032x}")  # type: ignore[arg-type]
        door.world.generations.jobs[copy.generation_id] = copy
    asking = Principal(
        user_id=UserId(ada),
        email="ada@example.com",
        role=Role.USER,
        expires_at=NEVER,
        session_id=None,
    )
    parts = [part async for part in exported(wire(door.world.ports), asking, has_avatar=False).body_iterator]
    assert max(map(len, parts)) < 256 * 1024
    content = b"".join(bytes(part) for part in parts if not isinstance(part, str))
    files = unpacked(content)
    assert sum(name.endswith(".png") for name in files) == 1_000
    assert json.loads(files["manifest.json"])["missing"] == []


async def test_it_is_for_people_and_counted(door: Door, ada: str) -> None:
    """No key takes everything along; past so many a day it is refused before anything is read."""
    made_key = await door.http.post("/v1/api-keys", json=KEY, headers={"Idempotency-Key": "k"})
    bearer = {"Authorization": f"Bearer {made_key.json()['key']}"}
    assert_problem(await door.http.get("/v1/me/export", headers=bearer), 403, "KEYS_NOT_ADMITTED")
    assert "exports" in (await door.http.get("/v1/me/export")).headers["ratelimit-policy"]


async def test_the_data_room(door: Door) -> None:
    """Download, delete with the address typed, and keep, without a script."""
    csrf = await enter(door)
    page = await door.http.get("/account/data", headers=HTML)
    assert "Download my data" in page.text
    assert 'href="/account/data"' in (await door.http.get("/account", headers=HTML)).text
    form = {"csrf_token": csrf}
    downloaded = await door.http.post("/account/data/download", data=form, headers={"Origin": ORIGIN})
    assert "manifest.json" in unpacked(downloaded.content)
    (user,) = door.world.identity.users.values()
    wrong = await door.http.post(
        "/account/data/delete", data=form | {"email": "eve@example.com"}, headers=HTML
    )
    assert "Type the address of this account." in wrong.text
    assert '<a href="/account/data" aria-current="page">' in wrong.text
    assert wrong.text.count('aria-current="page"') == page.text.count('aria-current="page"')
    assert door.world.identity.users[user.user_id].erased_from is None
    typed = form | {"email": " ADA@example.com "}
    assert (await door.http.post("/account/data/delete", data=typed, headers=HTML)).status_code == 303
    leaving = (await door.http.get("/account/data", headers=HTML)).text
    assert "Your account is deleted on" in leaving
    assert "Delete my account" not in leaving
    csrf = hidden(await door.http.get("/account/data", headers=HTML), "csrf_token")
    kept = await door.http.post("/account/data/keep", data={"csrf_token": csrf}, headers=HTML)
    assert kept.status_code == 303
    assert door.world.identity.users[user.user_id].erased_from is None
