"""A person leaves while everything that forgets them is killed: afterwards nothing says who they were."""

import io
import json
import os
import subprocess
import sys
import zipfile

import nats
import psycopg
import pytest
from customer import PACK, WELCOME, Customer, until
from minio import Minio
from nats.js.api import ConsumerConfig, DeliverPolicy
from tintype_local.demo.faults import kill_and_await
from tintype_local.secrets_file import SERVICES, load_or_make
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

PICTURES, SKETCH = 8, 5
VICTIMS = ("generation-worker", "billing", "generation-api", "identity", "gateway", "generation-worker")
NAMED = "Ada Who Leaves"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"


async def test_nobody_is_left_whatever_is_killed(stack: StackState) -> None:
    """With pictures, a purchase and running jobs; then every database, the store and the streams are read."""
    leaver = Customer(stack)
    leaver.wait_for(available=WELCOME)
    leaver.api.patch("/v1/me", json={"full_name": NAMED}).raise_for_status()
    leaver.buy()
    for number in range(PICTURES):
        leaver.generate("local/sketch", prompt=f"a heron of {NAMED}, {number}")
    leaver.wait_for(available=WELCOME + PACK - PICTURES * SKETCH)
    exported = leaver.api.get("/v1/me/export", timeout=60).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["missing"] == []
    assert sum(name.endswith(".png") for name in manifest["files"]) == PICTURES
    for _ in range(2):
        leaver.generate("local/motion", prompt=f"fog of {NAMED}", duration_s=2, simulate="stall")
    files = objects_of(stack, leaver.account_id)
    assert len(files) >= PICTURES

    erased = local(stack, "exec", "identity", "erase", leaver.email, "--at-once", "--reason", "asked to")
    assert erased.returncode == 0, erased.stderr
    for victim in VICTIMS:
        await kill_and_await(stack, victim)
    until(lambda: is_done(stack, leaver.account_id), "an erasure that is done everywhere")
    until(lambda: not objects_of(stack, leaver.account_id), "a store without the person's files")

    verified = local(stack, "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    words = (leaver.email, NAMED)
    assert told_in_databases(stack, words) == set()
    # Streams keep two weeks: a support case that is at once is in there for as long as it is younger.
    subjects = await told_in_streams(stack, words)
    assert subjects == {f"tintype.identity.v1.user_registered.{leaver.account_id}"}
    refused = leaver.api.get("/v1/me")
    assert refused.status_code == 401, refused.text


def is_done(stack: StackState, account_id: str) -> bool:
    """Whether every part says so."""
    shown = local(stack, "exec", "identity", "erasure", account_id).stdout
    return shown.count("erased") == 3 and "not yet" not in shown


def objects_of(stack: StackState, account_id: str) -> set[str]:
    """Every file of an account in the store."""
    secrets = load_or_make(stack.data_folder / "secrets.json")
    store = Minio(
        endpoint=f"127.0.0.1:{stack.ports['s3']}",
        access_key="admin",
        secret_key=secrets["s3_admin"],
        secure=False,
    )
    return {
        str(one.object_name)
        for bucket in store.list_buckets()
        for one in store.list_objects(bucket_name=bucket.name, recursive=True)
        if account_id in str(one.object_name)
    }


def told_in_databases(stack: StackState, words: tuple[str, ...]) -> set[str]:
    """Every table of every service with a row that holds a word, as text or as bytes."""
    secrets = load_or_make(stack.data_folder / "secrets.json")
    found = set()
    for service in SERVICES:
        dsn = (
            f"postgresql://postgres:{secrets['postgres_admin']}@127.0.0.1:{stack.ports['postgres']}"
            f"/tintype_{service}"
        )
        with psycopg.connect(dsn) as admin:
            for (table,) in admin.execute(TABLES).fetchall():
                for (row,) in admin.execute(f"SELECT t::text FROM {table} t"):
                    if any(word in row or word.encode().hex() in row for word in words):
                        found.add(f"{service}.{table}")
    return found


async def told_in_streams(stack: StackState, words: tuple[str, ...]) -> set[str]:
    """Every subject of the broker with a message that holds a word."""
    secrets = load_or_make(stack.data_folder / "secrets.json")
    client = await nats.connect(
        f"nats://127.0.0.1:{stack.ports['nats']}", user="admin", password=secrets["nats_admin"]
    )
    found = set()
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            left = stream.state.messages
            everything = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
            reader = await jetstream.subscribe(
                ">", stream=stream.config.name, config=everything, ordered_consumer=True
            )
            for _ in range(left):
                message = await reader.next_msg(timeout=10)
                said = message.data + repr(message.headers).encode()
                if any(word.encode() in said for word in words):
                    found.add(message.subject)
    finally:
        await client.close()
    return found


def local(stack: StackState, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the stack on this machine, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "tintype_local", *words],
        env={**os.environ, "TINTYPE_DATA_FOLDER": str(stack.data_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
