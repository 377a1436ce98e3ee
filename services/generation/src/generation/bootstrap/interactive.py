"""Who runs jobs in the call itself."""

from collections.abc import Mapping

from chassis.service import CallRules, service
from tintype.generation.v1.interactive_pb2_grpc import add_InteractiveGenerationServiceServicer_to_server

from generation.adapters.inbound.account_slots import AccountSlots
from generation.adapters.inbound.grpc_interactive import (
    ALLOWED,
    DOMAIN,
    ERRORS,
    MESSAGE_MAX_BYTES,
    InteractiveServicer,
)
from generation.adapters.inbound.jobs_in_hand import JobsInHand
from generation.adapters.inbound.previewed_jobs import PreviewedJobs
from generation.adapters.inbound.streams import Streams
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.postgres.presence import present
from generation.adapters.outbound.providers.registry import ProviderSettings
from generation.adapters.outbound.system_dice import SystemDice
from generation.application.chosen_media import MediaChooser
from generation.application.cost_of_run import RunCosts
from generation.application.create_generation import CreateGenerationHandler
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.entitlement_check import EntitlementCheck
from generation.application.keep_answer import AnswerKeeper
from generation.application.keep_leases import LeaseKeeper
from generation.application.preview_generation import PreviewGenerationHandler
from generation.application.provider_gate import ProviderGate
from generation.application.queue_view import QueueView
from generation.application.read_generations import ReadGenerations
from generation.application.run_chat import RunChatHandler
from generation.application.run_job import RunJobHandler
from generation.application.show_previews import PREVIEW_BYTES_MAX
from generation.application.start_in_call import InCallStarter
from generation.application.stream_generation import StreamGenerationHandler
from generation.application.usual_durations import UsualDurations
from generation.bootstrap.attempts import finisher_of, moderator_of, runner_of
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
        # One for both: what a provider's settings allow, they allow the process.
        gate = gate_of(parts.clock, parts.meter, limits_of(providers))
        streams = streams_of(settings, parts, making, gate, keeper, moderation)
        await running.opened(present(parts.engine, streams.name))
        await running.opened(streams.renewing())
        previewed, name = previewed_of(settings, parts, making, gate, intake, moderation)
        await running.opened(present(parts.engine, name))
        await running.opened(previewed.renewing())
        read = ReadGenerations(
            parts.units,
            parts.store,
            parts.clock,
            QueueView(parts.units, parts.clock),
            UsualDurations(parts.units, parts.catalogue, parts.clock),
            parts.grants,
        )
        await running.run(
            running.grpc(
                add_InteractiveGenerationServiceServicer_to_server,
                InteractiveServicer(streams, previewed, read, keeper),
                CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN),
                message_max_bytes=MESSAGE_MAX_BYTES,
                grace_s=settings.drain_s,
            ),
            previewed.let_go_at_the_end(),
            *shared_loops(running, parts),
            checks={"store": parts.store.ping, "room for files": intake.check},
        )


def streams_of(
    settings: InteractiveSettings,
    parts: Parts,
    providers: Mapping[str, MediaProvider],
    gate: ProviderGate,
    keeper: AnswerKeeper,
    moderation: Moderation | None,
) -> Streams:
    """Under a name of its own, as a worker has one."""
    units, ids, clock = parts.units, parts.ids, parts.clock
    name, lease_s = ids.new("wrk"), settings.lease_s
    chats = {called: chats for called, chats in providers.items() if isinstance(chats, ChatProvider)}
    finish = finisher_of(settings, parts, worker=name)
    moderate = moderator_of(settings, parts, moderation)
    return Streams(
        StreamGenerationHandler(
            units,
            parts.catalogue,
            InCallStarter(units, parts.credits, ids, clock, gate, worker=name, lease_s=lease_s),
            ids,
            clock,
            EntitlementCheck(clock),
            frozenset(chats),
        ),
        RunChatHandler(chats, keeper, finish, gate, moderate, RunCosts(parts.catalogue), clock),
        LeaseKeeper(units, clock, worker=name, lease_s=lease_s),
        most=settings.interactive_streams_max,
        per_account_most=settings.interactive_streams_per_account_max,
    )


def previewed_of(
    settings: InteractiveSettings,
    parts: Parts,
    providers: Mapping[str, MediaProvider],
    gate: ProviderGate,
    intake: FileIntake,
    moderation: Moderation | None,
) -> tuple[PreviewedJobs, str]:
    """Return what runs jobs with previews, and the name that its leases have: jobs are let go of by name."""
    units, ids, clock = parts.units, parts.ids, parts.clock
    name, lease_s = ids.new("wrk"), settings.lease_s
    finish = finisher_of(settings, parts, worker=name)
    attempts = runner_of(settings, parts, providers, gate, finish, intake, moderation)
    showing = frozenset(called for called, each in providers.items() if each.capabilities.previews)
    create = CreateGenerationHandler(
        units,
        parts.catalogue,
        JsonSchemaChecker(),
        None,
        parts.credits,
        ids,
        SystemDice(),
        clock,
        EntitlementCheck(clock),
        MediaChooser(clock),
        queue_timeout_s=settings.queue_timeout_s,
    )
    accept = PreviewGenerationHandler(
        create,
        parts.catalogue,
        InCallStarter(units, parts.credits, ids, clock, gate, worker=name, lease_s=lease_s),
        # One of their own: a preview that is looked into keeps no picture waiting.
        FileIntake(PREVIEW_BYTES_MAX, decoded_at_once=1),
        showing,
    )
    in_hand = JobsInHand(
        RunJobHandler(attempts, finish, clock),
        LeaseKeeper(units, clock, worker=name, lease_s=lease_s),
        drain_s=settings.drain_s,
    )
    slots = AccountSlots(
        "jobs with previews",
        most=settings.interactive_previews_max,
        per_account_most=settings.interactive_previews_per_account_max,
    )
    return PreviewedJobs(accept, in_hand, slots), name
