"""Everything that a request handler may use, made once by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.health import Check
from fastapi import FastAPI, Request

from gateway.application.add_webhook_endpoint import AddWebhookEndpointHandler
from gateway.application.change_plan import ChangePlanHandler
from gateway.application.change_webhook_endpoint import ChangeWebhookEndpointHandler
from gateway.application.complete_log_in import CompleteLogInHandler
from gateway.application.complete_sign_in import CompleteSignInHandler
from gateway.application.correct_balance import CorrectBalanceHandler
from gateway.application.discard_selected import DiscardSelectedHandler
from gateway.application.explain_generation import ExplainGenerationHandler
from gateway.application.export_records import ExportRecordsHandler
from gateway.application.export_statement import ExportStatementHandler
from gateway.application.export_usage import ExportUsageHandler
from gateway.application.follow_events import FollowEventsHandler
from gateway.application.known_entitlements import KnownEntitlements
from gateway.application.known_keys import KnownKeys
from gateway.application.known_sign_in import KnownSignInOptions
from gateway.application.log_in import LogInHandler
from gateway.application.log_out import LogOutHandler
from gateway.application.open_checkout import OpenCheckoutHandler
from gateway.application.open_portal import OpenPortalHandler
from gateway.application.open_sessions import OpenSessions
from gateway.application.read_account import AccountReader
from gateway.application.read_dead_letters import ReadDeadLetters
from gateway.application.read_list_of_person import ReadListOfPersonHandler
from gateway.application.read_person import ReadPersonHandler
from gateway.application.read_selected import ReadSelectedHandler
from gateway.application.read_texts import ReadTextsHandler
from gateway.application.remove_ended_sessions import RemoveEndedSessionsHandler
from gateway.application.remove_expired_sessions import RemoveExpiredSessionsHandler
from gateway.application.replay_dead_letter import ReplayDeadLetterHandler
from gateway.application.restore_selected import RestoreSelectedHandler
from gateway.application.resume_session import ResumeSessionHandler
from gateway.application.rotate_webhook_secret import RotateWebhookSecretHandler
from gateway.application.run_chat import RunChatHandler
from gateway.application.run_generation import RunGenerationHandler
from gateway.application.send_test_webhook import SendTestWebhookHandler
from gateway.application.set_auto_top_up import SetAutoTopUpHandler
from gateway.application.set_avatar import SetAvatarHandler
from gateway.application.sign_in_with_passkey import SignInWithPasskeyHandler
from gateway.application.sign_up import SignUpHandler
from gateway.application.start_generation import StartGenerationHandler
from gateway.application.unanswered_generations import UnansweredGenerations
from gateway.application.wait_as_preferred import WaitAsPreferredHandler
from gateway.application.wait_for_generation import WaitForGenerationHandler
from gateway.domain.credits import Entry
from gateway.domain.generation import Generation
from gateway.domain.identifiers import ModelId
from gateway.domain.purchase import Purchase
from gateway.ports.access_tokens import AccessTokens
from gateway.ports.administration import Administration
from gateway.ports.billing import Billing
from gateway.ports.clock import Clock
from gateway.ports.collections import Collections
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger
from gateway.ports.output_contents import OutputContents
from gateway.ports.output_files import OutputFiles
from gateway.ports.passkeys import Passkeys
from gateway.ports.rate_limits import RateLimits
from gateway.ports.secret_source import SecretSource
from gateway.ports.shares import Shares
from gateway.ports.sign_in import SignIn
from gateway.ports.uploads import Uploads
from gateway.ports.usage_log import UsageLog
from gateway.ports.webhook_endpoints import WebhookEndpoints


@dataclass(frozen=True, kw_only=True)
class Web:
    """What the pages and headers need to know about where the gateway stands."""

    public_url: str
    """Without a slash at the end."""
    media_origin: str = ""
    checkout_origin: str = ""
    portal_origin: str = ""
    shows_components: bool = False
    """Whether it has the page for people who build pages."""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.public_url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """The session cookie's name; the prefix makes browsers hold it to this host (RFC 6265bis)."""
        return "__Host-tintype_session" if self.is_https else "tintype_session"

    @property
    def sign_in_cookie_name(self) -> str:
        """The name of the cookie that binds a provider's answer to the browser that asked for it."""
        return "__Host-tintype_sign_in" if self.is_https else "tintype_sign_in"

    @property
    def link_cookie_name(self) -> str:
        """The name of the cookie under which an identity waits for its person to sign in."""
        return "__Host-tintype_link" if self.is_https else "tintype_link"

    @property
    def device_cookie_name(self) -> str:
        """The name of the cookie by which identity knows a browser again."""
        return "__Host-tintype_devices" if self.is_https else "tintype_devices"


@dataclass(frozen=True, kw_only=True)
class Compatible:
    """How programs that speak OpenAI are served."""

    aliases: Mapping[str, ModelId] = field(default_factory=dict)
    """Models by the names that such programs have for others."""
    wait_max_s: float = 300.0
    """How long a request may wait for its pictures or its sound."""

    def model_id(self, name: str) -> ModelId:
        """Return the model that goes by a name here."""
        return self.aliases.get(name, ModelId(name))


@dataclass(frozen=True, kw_only=True)
class Deps:
    """Ports and use cases."""

    web: Web
    compatible: Compatible
    identity: Identity
    administration: Administration
    sign_in: SignIn
    passkeys: Passkeys
    sign_in_options: KnownSignInOptions
    complete_sign_in: CompleteSignInHandler
    billing: Billing
    ledger: Ledger
    generations: Generations
    shares: Shares
    collections: Collections
    uploads: Uploads
    usage_log: UsageLog
    tokens: AccessTokens
    open_sessions: OpenSessions
    known_keys: KnownKeys
    entitlements: KnownEntitlements
    limits: RateLimits
    secrets: SecretSource
    clock: Clock
    sign_up: SignUpHandler
    log_in: LogInHandler
    complete_log_in: CompleteLogInHandler
    sign_in_with_passkey: SignInWithPasskeyHandler
    log_out: LogOutHandler
    resume_session: ResumeSessionHandler
    remove_expired_sessions: RemoveExpiredSessionsHandler
    remove_ended_sessions: RemoveEndedSessionsHandler
    follow_events: FollowEventsHandler
    wait_for_generation: WaitForGenerationHandler
    wait_as_preferred: WaitAsPreferredHandler
    run_generation: RunGenerationHandler
    run_chat: RunChatHandler
    explain_generation: ExplainGenerationHandler
    read_person: ReadPersonHandler
    read_entries_of_person: ReadListOfPersonHandler[Entry]
    read_generations_of_person: ReadListOfPersonHandler[Generation]
    read_purchases_of_person: ReadListOfPersonHandler[Purchase]
    correct_balance: CorrectBalanceHandler
    dead_letters: ReadDeadLetters
    replay_dead_letter: ReplayDeadLetterHandler
    export_records: ExportRecordsHandler
    export_statement: ExportStatementHandler
    account: AccountReader
    export_usage: ExportUsageHandler
    open_checkout: OpenCheckoutHandler
    change_plan: ChangePlanHandler
    open_portal: OpenPortalHandler
    set_auto_top_up: SetAutoTopUpHandler
    set_avatar: SetAvatarHandler
    read_texts: ReadTextsHandler
    read_selected: ReadSelectedHandler
    restore_selected: RestoreSelectedHandler
    discard_selected: DiscardSelectedHandler
    output_files: OutputFiles
    output_contents: OutputContents
    webhook_endpoints: WebhookEndpoints
    add_webhook_endpoint: AddWebhookEndpointHandler
    change_webhook_endpoint: ChangeWebhookEndpointHandler
    rotate_webhook_secret: RotateWebhookSecretHandler
    send_test_webhook: SendTestWebhookHandler
    start_generation: StartGenerationHandler
    unanswered: UnansweredGenerations
    checks: Mapping[str, Check] = field(default_factory=dict)
    alive: Mapping[str, Check] = field(default_factory=dict)


def deps_of(request: Request) -> Deps:
    """Return the dependencies of the app that handles a request."""
    app: FastAPI = request.app
    deps: Deps = app.state.deps
    return deps


async def asked_deps(request: Request) -> Deps:
    """Return the same; for `Depends`, which has a thread call what is not async."""
    return deps_of(request)
