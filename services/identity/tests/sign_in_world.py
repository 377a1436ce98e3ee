"""What tests of other providers' identities share: identity in memory, with two providers that are told."""

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from identity.adapters.outbound.fakes import MemoryProvider
from identity.application.begin_sign_in import BeginSignIn, BegunSignIn
from identity.application.complete_sign_in import CompleteSignIn, LinkWaits
from identity.application.open_session import OpenedSession
from identity.domain.client import Client
from identity.domain.identifiers import ProviderId, UserId
from identity_world import ADA, CLIENT, World

HOME = Client(address=CLIENT)
GITHUB = ProviderId("github")


@dataclass
class SignInWorld(World):
    """An identity service that two providers vouch for people at."""

    google: MemoryProvider = field(default_factory=MemoryProvider)
    github: MemoryProvider = field(
        default_factory=lambda: MemoryProvider(GITHUB, "GitHub", "https://github.test")
    )

    place: Client = HOME

    def __post_init__(self) -> None:
        super().__post_init__()
        providers = {one.provider_id: one for one in (self.google, self.github)}
        self.rewire(replace(self.ports, providers=providers))

    async def begin(
        self, *, user_id: UserId | None = None, provider: ProviderId | None = None
    ) -> tuple[BegunSignIn, str]:
        """Somebody picks a provider; returns the state beside what the browser keeps."""
        begun = await self.handlers.sign_in.begin(BeginSignIn(provider or self.google.provider_id, user_id))
        return begun, parse_qs(urlsplit(begun.authorization_url).query)["state"][0]

    async def complete(
        self, begun: BegunSignIn, state: str, code: str | None, *, provider: ProviderId | None = None
    ) -> OpenedSession | LinkWaits:
        """The browser comes back."""
        return await self.handlers.sign_in.complete(
            CompleteSignIn(
                provider_id=provider or self.google.provider_id,
                state=state,
                browser_secret=begun.browser_secret,
                code=code,
                client=self.place,
            )
        )

    async def sign_in(
        self, subject: str = "1", email: str = ADA, **told: object
    ) -> OpenedSession | LinkWaits:
        """Somebody signs in with Google, whole."""
        begun, state = await self.begin()
        told = {"email": email, "email_verified": True, "full_name": "Ada Lovelace", **told}
        return await self.complete(begun, state, self.google.person("code", subject, **told))

    async def opened(self, subject: str = "1", email: str = ADA, **told: object) -> OpenedSession:
        """Somebody signs in with Google, and has an account or gets one."""
        opened = await self.sign_in(subject, email, **told)
        assert isinstance(opened, OpenedSession)
        return opened

    async def waiting(self, subject: str = "1", email: str = ADA, **told: object) -> LinkWaits:
        """Somebody signs in with Google whose address has an account."""
        waits = await self.sign_in(subject, email, **told)
        assert isinstance(waits, LinkWaits)
        return waits
