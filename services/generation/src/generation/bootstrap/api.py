"""The API."""

from datetime import timedelta

import grpc
from chassis.process import forever
from chassis.service import CallRules, service
from deadletters.servicer import DeadLetterServicer, with_dead_letters
from deadletters.servicer import register as register_dead_letters
from tintype.generation.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server

from generation.adapters.inbound import gone_people, heard_pauses, plan_changes
from generation.adapters.inbound.gone_people import GonePeople
from generation.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GenerationServicer, Handlers
from generation.adapters.inbound.grpc_collections import CollectionHandlers
from generation.adapters.inbound.grpc_shares import ShareHandlers
from generation.adapters.inbound.grpc_uploads import UploadHandlers
from generation.adapters.inbound.plan_changes import PlanChanges
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.nats_nudges import NatsNudges
from generation.adapters.outbound.providers.registry import ProviderSettings
from generation.adapters.outbound.providers.webhooks import FolderWebhooks
from generation.adapters.outbound.system_dice import SystemDice
from generation.adapters.outbound.system_tokens import SystemTokens
from generation.adapters.outbound.upload_intake import FileUploadIntake
from generation.application.add_to_collection import AddToCollectionHandler
from generation.application.await_upload import AwaitUploadHandler
from generation.application.begin_erasure import BeginErasureHandler
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.chosen_media import MediaChooser
from generation.application.complete_upload import CompleteUploadHandler
from generation.application.create_collection import CreateCollectionHandler
from generation.application.create_generation import CreateGenerationHandler
from generation.application.create_quote import CreateQuoteHandler
from generation.application.create_share import CreateShareHandler
from generation.application.create_upload import CreateUploadHandler
from generation.application.delete_collection import DeleteCollectionHandler
from generation.application.delete_generation import DeleteGenerationHandler
from generation.application.delete_upload import DeleteUploadHandler
from generation.application.discard_generation import DiscardGenerationHandler
from generation.application.draw_avatar import DrawAvatarHandler
from generation.application.entitlement_check import EntitlementCheck
from generation.application.keep_entitlements import KeepEntitlementsHandler
from generation.application.known_pauses import KnownPauses
from generation.application.learn_statistics import LastDay
from generation.application.mark_favourite import MarkFavouriteHandler
from generation.application.queue_view import QueueView
from generation.application.read_collections import ReadCollections
from generation.application.read_generations import ReadGenerations
from generation.application.read_margin import ReadMarginHandler
from generation.application.read_models import ReadModels
from generation.application.read_output import ReadOutputHandler
from generation.application.read_settlements import ReadSettlements
from generation.application.read_shares import ReadShares
from generation.application.read_uploads import ReadUploads
from generation.application.read_usage import ReadUsage
from generation.application.receive_provider_webhook import ReceiveProviderWebhookHandler
from generation.application.remove_from_collection import RemoveFromCollectionHandler
from generation.application.rename_collection import RenameCollectionHandler
from generation.application.restore_generation import RestoreGenerationHandler
from generation.application.start_generation import StartGenerationHandler
from generation.application.upload_keeper import UploadKeeper
from generation.application.uploads_in_hand import UploadsInHand
from generation.application.usual_durations import UsualDurations
from generation.application.withdraw_generation import WithdrawGenerationHandler
from generation.application.withdraw_share import WithdrawShareHandler
from generation.bootstrap.dead_letters import applying, dead_letters_of
from generation.bootstrap.parts import Parts, parts_of, shared_loops
from generation.domain.upload import UploadQuota
from generation.settings import ApiSettings

LEARN_DURATIONS_EVERY_S = 30.0
LEARN_LAST_DAY_EVERY_S = 60.0


async def serve_api(settings: ApiSettings, webhooks: ProviderSettings) -> None:
    """Answer gRPC until cancelled; `webhooks` are the settings of the providers that call us."""
    async with service(settings, "generation") as running:
        parts = parts_of(settings, running)
        changes = PlanChanges(KeepEntitlementsHandler(parts.units))
        gone = GonePeople(BeginErasureHandler(parts.units, parts.clock))
        durations = UsualDurations(parts.units, parts.catalogue, parts.clock)
        last_day = LastDay(parts.units, parts.clock)
        receive = ReceiveProviderWebhookHandler(
            parts.units, FolderWebhooks(webhooks), NatsNudges(running.nats)
        )
        pauses = KnownPauses(parts.clock)
        await running.opened(heard_pauses.listening(running.nats, pauses.hear))
        await running.run(
            running.grpc(
                _register,
                (
                    GenerationServicer(handlers(settings, parts, durations, last_day, receive, pauses)),
                    DeadLetterServicer(
                        dead_letters_of(running.engine), applying(parts.units, parts.catalogue)
                    ),
                ),
                with_dead_letters(CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN)),
            ),
            running.consumer(
                plan_changes.STREAM, plan_changes.SUBJECTS, changes.handle, durable=plan_changes.DURABLE
            ).run(),
            running.consumer(
                gone_people.STREAM, gone_people.SUBJECTS, gone.handle, durable=gone_people.DURABLE
            ).run(),
            forever(durations.learn, every_s=LEARN_DURATIONS_EVERY_S, name="learn durations"),
            forever(last_day.learn, every_s=LEARN_LAST_DAY_EVERY_S, name="learn the last day"),
            *shared_loops(running, parts),
        )


def _register(servicers: tuple[GenerationServicer, DeadLetterServicer], server: grpc.aio.Server) -> None:
    add_GenerationServiceServicer_to_server(servicers[0], server)
    register_dead_letters(servicers[1], server)


def handlers(
    settings: ApiSettings,
    parts: Parts,
    durations: UsualDurations,
    last_day: LastDay,
    receive: ReceiveProviderWebhookHandler,
    pauses: KnownPauses,
) -> Handlers:
    """Return the use cases that the API answers with."""
    checker = JsonSchemaChecker()
    signer = JoseQuoteSigner(settings.quote_key.get_secret_value())
    read = ReadGenerations(
        parts.units,
        parts.store,
        parts.clock,
        QueueView(parts.units, parts.clock),
        durations,
        parts.grants,
        url_ttl_s=settings.output_url_ttl_s,
    )
    cancel = CancelGenerationHandler(parts.units, parts.clock, parts.meter)
    return Handlers(
        models=ReadModels(
            parts.units,
            parts.catalogue,
            durations,
            last_day,
            EntitlementCheck(parts.clock),
            settings.stand_ins,
        ),
        quote=CreateQuoteHandler(parts.catalogue, checker, signer, parts.clock, ttl_s=settings.quote_ttl_s),
        create=CreateGenerationHandler(
            parts.units,
            parts.catalogue,
            checker,
            signer,
            parts.credits,
            parts.ids,
            SystemDice(),
            parts.clock,
            EntitlementCheck(parts.clock),
            MediaChooser(parts.clock),
            queue_timeout_s=settings.queue_timeout_s,
            start=StartGenerationHandler(
                parts.units, parts.catalogue, parts.ids, parts.clock, worker=parts.ids.new("wrk"), lease_s=0
            ),
        ),
        mark_favourite=MarkFavouriteHandler(parts.units),
        read=read,
        read_output=ReadOutputHandler(parts.units, parts.grants, parts.clock),
        cancel=cancel,
        withdraw=WithdrawGenerationHandler(parts.units, cancel),
        delete=DeleteGenerationHandler(parts.units, parts.clock),
        usage=ReadUsage(parts.units),
        margin=ReadMarginHandler(parts.units),
        pauses=pauses,
        discard=DiscardGenerationHandler(parts.units, parts.clock),
        restore=RestoreGenerationHandler(parts.units, parts.clock),
        settlements=ReadSettlements(parts.units),
        receive_webhook=receive,
        shares=ShareHandlers(
            create=CreateShareHandler(parts.units, SystemTokens(), parts.ids, parts.clock),
            read=ReadShares(parts.units, read, parts.clock),
            withdraw=WithdrawShareHandler(parts.units),
        ),
        collections=CollectionHandlers(
            read=ReadCollections(parts.units, read),
            create=CreateCollectionHandler(parts.units, parts.ids, parts.clock),
            rename=RenameCollectionHandler(parts.units),
            delete=DeleteCollectionHandler(parts.units),
            add=AddToCollectionHandler(parts.units),
            remove=RemoveFromCollectionHandler(parts.units),
        ),
        uploads=_uploads(settings, parts),
    )


def _uploads(settings: ApiSettings, parts: Parts) -> UploadHandlers:
    quota = UploadQuota(
        count_max=settings.uploads_per_account_max, bytes_max=settings.uploads_per_account_max_bytes
    )
    intake = FileUploadIntake(settings.upload_size_max_bytes)
    keeper = UploadKeeper(parts.units, parts.store, parts.ids, parts.clock, quota)
    return UploadHandlers(
        create=CreateUploadHandler(intake, keeper, UploadsInHand()),
        wait_for=AwaitUploadHandler(
            parts.units,
            parts.store,
            parts.ids,
            parts.clock,
            quota,
            settings.awaited_upload_size_max_bytes,
        ),
        # They are larger, and come as fast as the store reads them.
        complete=CompleteUploadHandler(intake, keeper, UploadsInHand(per_account_max=2, overall_max=4)),
        read=ReadUploads(
            parts.units,
            parts.store,
            parts.clock,
            timedelta(seconds=settings.upload_unused_ttl_s),
            url_ttl_s=settings.output_url_ttl_s,
        ),
        delete=DeleteUploadHandler(parts.units, parts.clock),
        # As large as they may be, none of them is large.
        draw_avatar=DrawAvatarHandler(
            intake,
            coming=UploadsInHand(per_account_max=1, overall_max=64),
            drawing=UploadsInHand(per_account_max=1, overall_max=8),
        ),
    )
