"""Everything in memory, for tests."""

from dataclasses import dataclass

from chassis.clock import SystemClock
from chassis.ids import UuidIds
from cryptography.fernet import Fernet

from gateway.adapters.inbound.deps import Web
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.administration import MemoryAdministration
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.adapters.outbound.memory.collections import MemoryCollections
from gateway.adapters.outbound.memory.console_sessions import MemoryConsoleSessions
from gateway.adapters.outbound.memory.corrections import MemoryCorrectedLedger
from gateway.adapters.outbound.memory.dead_letters import MemoryDeadLetters
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.identity import AUDIENCE, ISSUER, MemoryIdentity
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.output_contents import MemoryOutputContents
from gateway.adapters.outbound.memory.output_files import MemoryOutputFiles
from gateway.adapters.outbound.memory.passkeys import MemoryPasskeys
from gateway.adapters.outbound.memory.shares import MemoryShares
from gateway.adapters.outbound.memory.sign_in import MemorySignIn
from gateway.adapters.outbound.memory.text_outputs import MemoryTextOutputs
from gateway.adapters.outbound.memory.uploads import MemoryUploads
from gateway.adapters.outbound.memory.usage_log import MemoryUsageLog
from gateway.adapters.outbound.memory.webhook_sender import MemoryWebhookSender
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.adapters.outbound.sealed_event_ids import SealedEventIds
from gateway.bootstrap.parts import Ports
from gateway.ports.clock import Clock
from gateway.ports.rate_limits import Limit


@dataclass(frozen=True, kw_only=True)
class MemoryWorld:
    """Adapters in memory, by what they are, so that tests can move them."""

    clock: Clock
    identity: MemoryIdentity
    administration: MemoryAdministration
    dead_letters: dict[str, MemoryDeadLetters]
    sign_in: MemorySignIn
    passkeys: MemoryPasskeys
    billing: MemoryBilling
    ledger: MemoryCorrectedLedger
    generations: MemoryGenerations
    interactive: MemoryInteractiveGenerations
    shares: MemoryShares
    collections: MemoryCollections
    uploads: MemoryUploads
    usage_log: MemoryUsageLog
    feed: MemoryEventFeed
    sessions: MemoryConsoleSessions
    texts: MemoryTextOutputs
    output_files: MemoryOutputFiles
    output_contents: MemoryOutputContents
    webhooks: MemoryWebhooks
    ports: Ports


# Those that hear events.
SERVICES = ("identity", "billing", "ledger", "generation")


def memory_world(
    *,
    clock: Clock | None = None,
    public_url: str = "http://gateway.test",
    rates: str = "10000/minute",
    shows_components: bool = False,
) -> MemoryWorld:
    """Everything in memory; `rates` is the limit on everything that is limited."""
    clock = clock or SystemClock()
    identity = MemoryIdentity(clock)
    administration = MemoryAdministration(identity)
    dead_letters = {service: MemoryDeadLetters(service, administration) for service in SERVICES}
    sign_in, passkeys = MemorySignIn(identity), MemoryPasskeys(identity)
    ledger = MemoryCorrectedLedger(clock)
    generations = MemoryGenerations(clock, ledger)
    billing, feed, sessions = MemoryBilling(clock), MemoryEventFeed(), MemoryConsoleSessions()
    texts, shares = MemoryTextOutputs(), MemoryShares(generations)
    output_files, collections = MemoryOutputFiles(), MemoryCollections(generations)
    generations.uploads = uploads = MemoryUploads(clock)
    output_contents = MemoryOutputContents()
    usage_log, webhooks = MemoryUsageLog(generations), MemoryWebhooks()
    interactive = MemoryInteractiveGenerations(generations)
    ports = Ports(
        identity=identity,
        administration=administration,
        dead_letters=dead_letters,
        sign_in=sign_in,
        passkeys=passkeys,
        billing=billing,
        ledger=ledger,
        generations=generations,
        interactive=interactive,
        shares=shares,
        collections=collections,
        uploads=uploads,
        usage_log=usage_log,
        feed=feed,
        event_ids=SealedEventIds([Fernet.generate_key().decode()]),
        tokens=JwtAccessTokens(identity, clock, issuer=ISSUER, audience=AUDIENCE),
        limits=LimitsRateLimits("memory://", dict.fromkeys(Limit, rates)),
        sessions=sessions,
        texts=texts,
        output_files=output_files,
        output_contents=output_contents,
        webhook_endpoints=webhooks,
        webhook_queue=webhooks,
        webhook_addresses=MemoryWebhookSender(),
        ids=UuidIds(),
        clock=clock,
        monotonic=lambda: clock.now().timestamp(),
        web=Web(
            public_url=public_url,
            media_origin="https://media.example",
            checkout_origin="https://checkout.example",
            portal_origin="https://portal.example",
            shows_components=shows_components,
        ),
    )
    return MemoryWorld(
        clock=clock,
        identity=identity,
        administration=administration,
        dead_letters=dead_letters,
        sign_in=sign_in,
        passkeys=passkeys,
        billing=billing,
        ledger=ledger,
        generations=generations,
        interactive=interactive,
        shares=shares,
        collections=collections,
        uploads=uploads,
        usage_log=usage_log,
        feed=feed,
        sessions=sessions,
        texts=texts,
        output_files=output_files,
        output_contents=output_contents,
        webhooks=webhooks,
        ports=ports,
    )
