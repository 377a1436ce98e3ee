"""Who runs jobs in the call itself."""

from collections.abc import Mapping

from chassis.service import CallRules, service
from tintype.generation.v1.interactive_pb2_grpc import add_InteractiveGenerationServiceServicer_to_server

from generation.adapters.inbound.grpc_interactive import (
    ALLOWED,
    DOMAIN,
    ERRORS,
    MESSAGE_MAX_BYTES,
    InteractiveServicer,
)
from generation.adapters.inbound.streams import Streams
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.postgres.presence import present
from generation.adapters.outbound.provider_limits import Limits
from generation.adapters.outbound.providers.registry import ProviderSettings
from generation.application.cost_of_run import RunCosts
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.entitlement_check import EntitlementCheck
from generation.application.keep_answer import AnswerKeeper
from generation.application.keep_leases import LeaseKeeper
from generation.application.queue_view import QueueView
from generation.application.read_generations import ReadGenerations
from generation.application.run_chat import RunChatHandler
from generation.application.stream_generation import StreamGenerationHandler
from generation.application.usual_durations import UsualDurations
from generation.bootstrap.attempts import finisher_of, moderator_of
from generation.bootstrap.content_signer import signer_of
from generation.bootstrap.moderation import moderation_of
from generation.bootstrap.parts import Parts, parts_of, shared_loops
from generation.bootstrap.providers import gate_of, limits_of, providers_of
from generation.ports.chat_provider import ChatProvider
from generation.ports.media_provider import MediaProvider
from generation.ports.moderation import Moderation
from generation.settings import InteractiveSettings


async def serve_interactive(settings: InteractiveSettings, providers: ProviderSettings) -> None:
    """Answer gRPC until cancelled; chats that run then have `drain_s` to end."""
    async with service(settings, "generation", pool_size=settings.interactive_connections_max) as running:
        parts = parts_of(settings, running)
        intake = FileIntake(settings.output_size_max_bytes)
        making = await running.opened(providers_of(settings, providers, parts))
        moderation = await running.opened(moderation_of(settings))
        keeper = AnswerKeeper(
            OutputDeliverer(
                parts.units,
                intake,
                parts.store,
                parts.ids,
                parts.clock,
                signer=signer_of(settings, parts, making),
            )
        )
        streams = streams_of(settings, parts, making, limits_of(providers), keeper, moderation)
        await running.opened(present(parts.engine, streams.name))
        await running.opened(streams.renewing())
        read = ReadGenerations(
            parts.units,
            parts.store,
            parts.clock,
            QueueView(parts.units, parts.clock),
            UsualDurations(parts.units, parts.catalogue, parts.clock),
        )
        await running.run(
            running.grpc(
                add_InteractiveGenerationServiceServicer_to_server,
                InteractiveServicer(streams, read, keeper),
                CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN),
                message_max_bytes=MESSAGE_MAX_BYTES,
                grace_s=settings.drain_s,
            ),
            *shared_loops(running, parts),
            checks={"store": parts.store.ping, "room for files": intake.check},
        )


def streams_of(
    settings: InteractiveSettings,
    parts: Parts,
    providers: Mapping[str, MediaProvider],
    limits: Mapping[str, Limits],
    keeper: AnswerKeeper,
    moderation: Moderation | None,
) -> Streams:
    """Under a name of its own, as a worker has one."""
    units, ids, clock = parts.units, parts.ids, parts.clock
    name, lease_s = ids.new("wrk"), settings.lease_s
    chats = {called: chats for called, chats in providers.items() if isinstance(chats, ChatProvider)}
    gate = gate_of(clock, parts.meter, limits)
    finish = finisher_of(settings, parts, worker=name)
    moderate = moderator_of(settings, parts, moderation)
    return Streams(
        StreamGenerationHandler(
            units,
            parts.catalogue,
            parts.credits,
            ids,
            clock,
            EntitlementCheck(clock),
            gate,
            frozenset(chats),
            worker=name,
            lease_s=lease_s,
        ),
        RunChatHandler(chats, keeper, finish, gate, moderate, RunCosts(parts.catalogue), clock),
        LeaseKeeper(units, clock, worker=name, lease_s=lease_s),
        most=settings.interactive_streams_max,
        per_account_most=settings.interactive_streams_per_account_max,
    )
