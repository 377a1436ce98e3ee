"""The API."""

from chassis.grpc_server import GrpcServer
from chassis.health import HealthServer
from chassis.process import run_all
from tintype.generation.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server

from generation.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GenerationServicer, Handlers
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.system_dice import SystemDice
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.create_generation import CreateGenerationHandler
from generation.application.create_quote import CreateQuoteHandler
from generation.application.delete_generation import DeleteGenerationHandler
from generation.application.read_generations import ReadGenerations
from generation.application.read_models import ReadModels
from generation.application.read_settlements import ReadSettlements
from generation.bootstrap.parts import Parts, checks, parts_of, shared_loops
from generation.settings import ApiSettings


async def serve_api(settings: ApiSettings) -> None:
    """Answers gRPC until cancelled."""
    async with parts_of(settings) as parts:
        server = GrpcServer(
            settings.grpc_listen, errors=ERRORS, callers=settings.callers, allowed=ALLOWED, domain=DOMAIN
        )
        add_GenerationServiceServicer_to_server(GenerationServicer(handlers(settings, parts)), server.server)
        health = HealthServer(settings.http_listen, checks(parts), alive={"broker": parts.broker.is_alive})
        await run_all(*shared_loops(settings, parts), server.run(), health.run())


def handlers(settings: ApiSettings, parts: Parts) -> Handlers:
    """The use cases that the API answers with."""
    checker = JsonSchemaChecker()
    signer = JoseQuoteSigner(settings.quote_key.get_secret_value())
    return Handlers(
        models=ReadModels(parts.catalogue),
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
            queue_timeout_s=settings.queue_timeout_s,
        ),
        read=ReadGenerations(parts.units, parts.store, parts.clock, url_ttl_s=settings.output_url_ttl_s),
        cancel=CancelGenerationHandler(parts.units, parts.clock, parts.meter),
        delete=DeleteGenerationHandler(parts.units, parts.clock),
        settlements=ReadSettlements(parts.units),
    )
