"""The whole service over memory adapters."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chassis.testing.facts import ExactFacts
from generation.adapters.inbound.grpc_collections import CollectionHandlers
from generation.adapters.inbound.grpc_shares import ShareHandlers
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.jose_read_grants import JoseReadGrants
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.memory import MemoryUnitsOfWork
from generation.adapters.outbound.memory_ledger import MemoryLedger
from generation.adapters.outbound.memory_meter import MemoryMeter
from generation.adapters.outbound.memory_moderation import MemoryModeration
from generation.adapters.outbound.memory_services import (
    MemoryIntake,
    MemoryMediaStore,
    MemoryNudges,
    MemoryOutput,
    MemoryProgressFeed,
    MemoryProvider,
    MemoryUploadIntake,
    MemoryWebhooks,
)
from generation.adapters.outbound.provider_limits import Limits
from generation.adapters.outbound.system_tokens import SystemTokens
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.add_to_collection import AddToCollectionHandler
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.chosen_media import MediaChooser
from generation.application.cost_of_run import RunCosts
from generation.application.create_collection import CreateCollectionHandler
from generation.application.create_generation import CreateGeneration, CreateGenerationHandler
from generation.application.create_quote import CreateQuote, CreateQuoteHandler
from generation.application.create_share import CreateShareHandler
from generation.application.delete_collection import DeleteCollectionHandler
from generation.application.delete_generation import DeleteGenerationHandler
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.discard_generation import DiscardGenerationHandler
from generation.application.entitlement_check import EntitlementCheck
from generation.application.expire_outputs import ExpireOutputsHandler
from generation.application.finish_attempt import AttemptFinisher
from generation.application.follow_run import RunFollower
from generation.application.keep_entitlements import KeepEntitlementsHandler
from generation.application.keep_leases import LeaseKeeper
from generation.application.learn_statistics import LastDay
from generation.application.mark_favourite import MarkFavouriteHandler
from generation.application.moderate_job import JobModerator
from generation.application.purge_discarded import PurgeDiscardedHandler
from generation.application.queue_view import QueueView
from generation.application.read_collections import ReadCollections
from generation.application.read_generations import ReadGenerations
from generation.application.read_models import ReadModels
from generation.application.read_output import ReadOutputHandler
from generation.application.read_settlements import ReadSettlements
from generation.application.read_shares import ReadShares
from generation.application.read_usage import ReadUsage
from generation.application.receive_provider_webhook import ReceiveProviderWebhookHandler
from generation.application.remove_from_collection import RemoveFromCollectionHandler
from generation.application.rename_collection import RenameCollectionHandler
from generation.application.report_progress import ProgressReporter
from generation.application.reserve_credits import CreditReserver
from generation.application.restore_generation import RestoreGenerationHandler
from generation.application.run_attempt import AttemptRunner
from generation.application.run_job import RunJobHandler
from generation.application.run_media import RunMedia
from generation.application.start_generation import CreditsReserved, Job, StartGenerationHandler
from generation.application.sweep_answers import SweepAnswersHandler
from generation.application.sweep_deadlines import SweepDeadlinesHandler
from generation.application.sweep_deletions import SweepDeletionsHandler
from generation.application.sweep_reservations import SweepReservationsHandler
from generation.application.sweep_uploads import SweepUploadsHandler
from generation.application.take_due import TakeDueHandler
from generation.application.usual_durations import UsualDurations
from generation.application.withdraw_generation import WithdrawGenerationHandler
from generation.application.withdraw_share import WithdrawShareHandler
from generation.bootstrap.providers import gate_of
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, EventId, ModelId, QuoteId, ReservationId
from generation.domain.retention import FOR_GOOD, Retention
from generation.domain.upload import UploadQuota
from generation.ports.ledger import Reservation
from generation.ports.media_provider import RunReport, RunState
from generation_uploads import QUOTA, UNUSED_TTL, upload_handlers

ACCOUNT = AccountId("usr_alice")


@dataclass
class HandClock:
    """Moves when it is told to."""

    moment: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def forward(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


@dataclass
class CountingIds:
    """`gen_0000...1`, `gen_0000...2`: sorted by the time they were made."""

    count: int = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}_{self.count:032x}"


@dataclass
class CountingDice:
    """Throws 1, 2, 3."""

    thrown: int = 0

    def between(self, low: int, high: int) -> int:
        self.thrown += 1
        return low + self.thrown


@cache
def shipped_models() -> TomlCatalogue:
    """The models that come with the service, read once: nothing changes them."""
    return TomlCatalogue(None, providers={"local", "openai"})


@dataclass
class House:
    """Every use case over one memory database."""

    clock: HandClock = field(default_factory=HandClock)
    ids: CountingIds = field(default_factory=CountingIds)
    tokens: SystemTokens = field(default_factory=SystemTokens)
    dice: CountingDice = field(default_factory=CountingDice)
    units: MemoryUnitsOfWork = field(default_factory=MemoryUnitsOfWork)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    provider: MemoryProvider = field(default_factory=MemoryProvider)
    intake: MemoryIntake = field(default_factory=MemoryIntake)
    upload_intake: MemoryUploadIntake = field(default_factory=MemoryUploadIntake)
    upload_quota: UploadQuota = QUOTA
    store: MemoryMediaStore = field(default_factory=MemoryMediaStore)
    feed: MemoryProgressFeed = field(default_factory=MemoryProgressFeed)
    meter: MemoryMeter = field(default_factory=MemoryMeter)
    limits: dict[str, Limits] = field(default_factory=dict)
    moderation: MemoryModeration = field(default_factory=MemoryModeration)
    moderation_is_open: bool = False
    retention: Retention = FOR_GOOD
    catalogue: TomlCatalogue = field(default_factory=shipped_models)
    webhooks: MemoryWebhooks = field(default_factory=MemoryWebhooks)
    nudges: MemoryNudges = field(default_factory=MemoryNudges)
    signer: JoseQuoteSigner = field(default_factory=lambda: JoseQuoteSigner("k" * 32))
    grants: JoseReadGrants = field(default_factory=lambda: JoseReadGrants("s" * 32))
    checker: JsonSchemaChecker = field(default_factory=JsonSchemaChecker)

    def __post_init__(self) -> None:
        self.facts = ExactFacts(lambda: self.units.tables.events, in_words=lambda event: type(event).__name__)
        self.credits = CreditReserver(
            self.units, self.ledger, self.clock, deadline_s_max=600, queue_timeout_s=3600
        )
        self.create = CreateGenerationHandler(
            self.units,
            self.catalogue,
            self.checker,
            self.signer,
            self.credits,
            self.ids,
            self.dice,
            self.clock,
            EntitlementCheck(self.clock),
            MediaChooser(self.clock),
            queue_timeout_s=3600,
            start=StartGenerationHandler(
                self.units, self.catalogue, self.ids, self.clock, worker="wrk_api", lease_s=0
            ),
        )
        self.keep_entitlements = KeepEntitlementsHandler(self.units)
        self.quote = CreateQuoteHandler(self.catalogue, self.checker, self.signer, self.clock)
        self.durations = UsualDurations(self.units, self.catalogue, self.clock)
        self.last_day = LastDay(self.units, self.clock)
        self.models = ReadModels(
            self.units, self.catalogue, self.durations, self.last_day, EntitlementCheck(self.clock)
        )
        self.read = ReadGenerations(
            self.units,
            self.store,
            self.clock,
            QueueView(self.units, self.clock),
            self.durations,
            self.grants,
        )
        self.read_output = ReadOutputHandler(self.units, self.grants, self.clock)
        self.mark_favourite = MarkFavouriteHandler(self.units)
        self.shares = ShareHandlers(
            create=CreateShareHandler(self.units, self.tokens, self.ids, self.clock),
            read=ReadShares(self.units, self.read, self.clock),
            withdraw=WithdrawShareHandler(self.units),
        )
        self.collections = CollectionHandlers(
            read=ReadCollections(self.units, self.read),
            create=CreateCollectionHandler(self.units, self.ids, self.clock),
            rename=RenameCollectionHandler(self.units),
            delete=DeleteCollectionHandler(self.units),
            add=AddToCollectionHandler(self.units),
            remove=RemoveFromCollectionHandler(self.units),
        )
        self.uploads = upload_handlers(
            self.units, self.upload_intake, self.store, self.ids, self.clock, self.upload_quota
        )
        self.sweep_uploads = SweepUploadsHandler(self.units, self.store, self.clock, UNUSED_TTL)
        self.receive_webhook = ReceiveProviderWebhookHandler(self.units, self.webhooks, self.nudges)
        self.cancel = CancelGenerationHandler(self.units, self.clock, self.meter)
        self.withdraw = WithdrawGenerationHandler(self.units, self.cancel)
        self.delete = DeleteGenerationHandler(self.units, self.clock)
        self.usage = ReadUsage(self.units)
        self.discard = DiscardGenerationHandler(self.units, self.clock)
        self.restore = RestoreGenerationHandler(self.units, self.clock)
        self.purge_discarded = PurgeDiscardedHandler(self.units, self.clock)
        self.settlements = ReadSettlements(self.units)
        self.sweep_reservations = SweepReservationsHandler(
            self.units, self.credits, self.clock, give_up_s=900
        )
        self.sweep_deadlines = SweepDeadlinesHandler(self.units, self.clock, self.meter)
        self.sweep_deletions = SweepDeletionsHandler(self.units, self.store, self.clock)
        self.expire_outputs = ExpireOutputsHandler(self.units, self.clock)
        self.sweep_answers = SweepAnswersHandler(self.units)

    def worker(self, name: str = "w1", attempts_max: int = 3, backoff_s: float = 0) -> "Worker":
        return Worker(self, name, attempts_max, backoff_s)

    async def queued(self, **job: Any) -> Generation:
        """A job whose credits are held."""
        generation, _ = await self.create(command(**job))
        return generation

    def reserved(self, generation: Generation, event_id: str = "evt_1") -> CreditsReserved:
        """What the ledger would publish."""
        answer = self.ledger.answers.get(generation.generation_id)
        known = answer.reservation_id if isinstance(answer, Reservation) else ReservationId("res_late")
        return CreditsReserved(EventId(event_id), generation.generation_id, known)

    def stored(self, generation: Generation) -> Generation:
        return self.units.tables.generations[generation.generation_id]

    def events(self) -> list[str]:
        return [type(event).__name__ for event in self.units.tables.events]


@cache
def premium_models() -> TomlCatalogue:
    """The shipped models, of which films are for subscribers: a file of its own, with a line more."""
    shipped = (files("generation") / "models.toml").read_text(encoding="utf-8")
    premium = shipped.replace('id = "local/motion"\n', 'id = "local/motion"\nrequires = "premium"\n')
    with TemporaryDirectory() as folder:
        path = Path(folder) / "models.toml"
        path.write_text(premium, encoding="utf-8")
        return TomlCatalogue(path, providers={"local"})


def premium_house() -> House:
    """A house whose films are for subscribers."""
    return House(catalogue=premium_models())


class Worker:
    """One worker process over the same database."""

    def __init__(self, house: House, name: str, attempts_max: int, backoff_s: float = 0) -> None:
        units, clock = house.units, house.clock
        self.start = StartGenerationHandler(units, house.catalogue, house.ids, clock, worker=name, lease_s=15)
        self.finish = AttemptFinisher(
            units,
            house.ids,
            clock,
            house.meter,
            worker=name,
            lease_s=15,
            attempts_max=attempts_max,
            queue_timeout_s=3600,
            retention=house.retention,
        )
        self.leases = LeaseKeeper(units, clock, worker=name, lease_s=15)
        self.take_due = TakeDueHandler(
            units, self.finish, clock, worker=name, lease_s=15, in_call=frozenset({"openai"})
        )
        self.gate = gate_of(clock, house.meter, house.limits)
        self.attempts = AttemptRunner(
            RunFollower(
                units,
                {"local": house.provider, "openai": house.provider},
                house.catalogue,
                RunMedia(units, house.store),
                self.gate,
                ProgressReporter(units, house.feed, clock, every_s=0),
                clock,
            ),
            OutputDeliverer(units, house.intake, house.store, house.ids, clock, pause_s=0.001),
            self.finish,
            self.gate,
            JobModerator(
                house.moderation, house.catalogue, clock, house.meter, is_open=house.moderation_is_open
            ),
            RunCosts(house.catalogue),
            clock,
            backoff_s=backoff_s,
        )
        self.run_job = RunJobHandler(self.attempts, self.finish, clock, pause_s=0.001)

    async def run(self, job: Job) -> None:
        await self.attempts.run(job)

    async def started(self, event: CreditsReserved) -> Job:
        job = await self.start(event)
        assert job is not None
        return job


def command(
    *, key: str | None = None, model: str = "local/sketch", quote_id: QuoteId | None = None, **job: Any
) -> CreateGeneration:
    """A request of Alice's."""
    return CreateGeneration(
        account_id=ACCOUNT,
        model_id=ModelId(model),
        input={"prompt": "a red fox"} | job,
        idempotency_key=key,
        quote_id=quote_id,
    )


def quote_command(account: AccountId = ACCOUNT) -> CreateQuote:
    """What the command above would cost."""
    return CreateQuote(account_id=account, model_id=ModelId("local/sketch"), input={"prompt": "a red fox"})


def success(*contents: bytes) -> RunReport:
    """A run that made these files."""
    return RunReport(RunState.SUCCEEDED, 1.0, tuple(MemoryOutput(content) for content in contents))
