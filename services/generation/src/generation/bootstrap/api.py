"""The API."""

from chassis.process import forever
from chassis.service import CallRules, service
from tintype.generation.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server

from generation.adapters.inbound import plan_changes
from generation.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GenerationServicer, Handlers
from generation.adapters.inbound.grpc_collections import CollectionHandlers
from generation.adapters.inbound.grpc_shares import ShareHandlers
from generation.adapters.inbound.plan_changes import PlanChanges
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.system_dice import SystemDice
from generation.adapters.outbound.system_tokens import SystemTokens
from generation.application.add_to_collection import AddToCollectionHandler
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.create_collection import CreateCollectionHandler
from generation.application.create_generation import CreateGenerationHandler
from generation.application.create_quote import CreateQuoteHandler
from generation.application.create_share import CreateShareHandler
from generation.application.delete_collection import DeleteCollectionHandler
from generation.application.delete_generation import DeleteGenerationHandler
from generation.application.discard_generation import DiscardGenerationHandler
from generation.application.entitlement_check import EntitlementCheck
from generation.application.keep_entitlements import KeepEntitlementsHandler
from generation.application.mark_favourite import MarkFavouriteHandler
from generation.application.queue_view import QueueView
from generation.application.read_collections import ReadCollections
from generation.application.read_generations import ReadGenerations
from generation.application.read_models import ReadModels
from generation.application.read_settlements import ReadSettlements
from generation.application.read_shares import ReadShares
from generation.application.remove_from_collection import RemoveFromCollectionHandler
from generation.application.rename_collection import RenameCollectionHandler
from generation.application.restore_generation import RestoreGenerationHandler
from generation.application.summarize_usage import SummarizeUsageHandler
from generation.application.usual_durations import UsualDurations
from generation.application.withdraw_share import WithdrawShareHandler
from generation.bootstrap.parts import Parts, parts_of, shared_loops
from generation.settings import ApiSettings

LEARN_DURATIONS_EVERY_S = 30.0


async def serve_api(settings: ApiSettings) -> None:
    """Answer gRPC until cancelled."""
    async with service(settings, "generation") as running:
        parts = parts_of(settings, running)
        changes = PlanChanges(KeepEntitlementsHandler(parts.units))
        durations = UsualDurations(parts.units, parts.catalogue, parts.clock)
        await running.run(
            running.grpc(
                add_GenerationServiceServicer_to_server,
                GenerationServicer(handlers(settings, parts, durations)),
                CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN),
            ),
            running.consumer(
                plan_changes.STREAM, plan_changes.SUBJECTS, changes.handle, durable=plan_changes.DURABLE
            ).run(),
            forever(durations.learn, every_s=LEARN_DURATIONS_EVERY_S, name="learn durations"),
            *shared_loops(running, parts),
        )


def handlers(settings: ApiSettings, parts: Parts, durations: UsualDurations) -> Handlers:
    """Return the use cases that the API answers with."""
    checker = JsonSchemaChecker()
    signer = JoseQuoteSigner(settings.quote_key.get_secret_value())
    read = ReadGenerations(
        parts.units,
        parts.store,
        parts.clock,
        QueueView(parts.units, parts.clock),
        durations,
        url_ttl_s=settings.output_url_ttl_s,
    )
    return Handlers(
        models=ReadModels(parts.units, parts.catalogue, durations, EntitlementCheck(parts.clock)),
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
            queue_timeout_s=settings.queue_timeout_s,
        ),
        mark_favourite=MarkFavouriteHandler(parts.units),
        read=read,
        cancel=CancelGenerationHandler(parts.units, parts.clock, parts.meter),
        delete=DeleteGenerationHandler(parts.units, parts.clock),
        usage=SummarizeUsageHandler(parts.units),
        discard=DiscardGenerationHandler(parts.units, parts.clock),
        restore=RestoreGenerationHandler(parts.units, parts.clock),
        settlements=ReadSettlements(parts.units),
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
    )
