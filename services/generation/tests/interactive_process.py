"""API, worker and the interactive process, with OpenAI's stand-in as a provider."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.grpc_client import channel
from embedded.ports import free_ports
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation.adapters.inbound.grpc_interactive import MESSAGE_MAX_BYTES
from generation_stack import TOKENS, Stack
from tintype.generation.v1 import interactive_pb2_grpc as pb_grpc


@asynccontextmanager
async def interactive_process(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    folder: Path,
    *,
    standin: str,
    **settings: str,
) -> AsyncIterator[tuple[Stack, asyncio.subprocess.Process, pb_grpc.InteractiveGenerationServiceStub]]:
    """The others, the process, and how the gateway calls it."""
    more = {
        "GENERATION_PROVIDERS": "local,openai",
        "GENERATION_OPENAI_BASE_URL": f"{standin}/v1",
        "GENERATION_OPENAI_API_KEY": "sk-test",
        **settings,
    }
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    commands = ("serve-api", "serve-worker")
    async with Stack.started(database, nats_account, s3_bucket, folder, *commands, more=more) as stack:
        stack.ledger.available = 100_000
        process = await stack.process("serve-interactive", GENERATION_GRPC_LISTEN=listen)
        opened = channel(listen, token=TOKENS["gateway"], message_max_bytes=MESSAGE_MAX_BYTES)
        yield stack, process, pb_grpc.InteractiveGenerationServiceStub(opened)
        await opened.close()
