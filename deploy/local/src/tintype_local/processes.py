"""Every process of the stack and its settings: the same names as in containers, other values."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx
from embedded.topology import Process, Service, target_setting, topology
from generation.adapters.outbound.providers.registry import chosen, folders

from tintype_local.environment import inherited, prefixed
from tintype_local.infrastructure import BUCKET, Infrastructure
from tintype_local.media_stand_ins import MEDIA_STAND_INS, Settings, filled
from tintype_local.overrides import NONE, Overrides
from tintype_local.own_stand_ins import own_stand_ins, sign_in_stand_in
from tintype_local.settings import StackSettings
from tintype_local.supervisor import ProcessSpec

# Who makes media until GENERATION_PROVIDERS says otherwise, and the commands that call them.
PROVIDERS = "local,openai"
CALL_PROVIDERS = ("serve-worker", "serve-interactive")

# Walls against strangers, by service: those who open accounts by the dozen for their welcome credits, and
# those who guess. Nobody reaches this machine's stack from outside, and whoever tries it opens many accounts
# from one address and wants to generate at once. Containers keep them, as production does.
_FOR_ONE_ADDRESS = "100000/minute"
WAIVED: Mapping[str, Mapping[str, str]] = {
    "identity": {
        "SIGNUP_LIMIT_PER_NETWORK": _FOR_ONE_ADDRESS,
        "LOGIN_LIMIT_PER_CLIENT": _FOR_ONE_ADDRESS,
        "RESET_LIMIT_PER_CLIENT": _FOR_ONE_ADDRESS,
        "WELCOME_AFTER_CONFIRMATION": "false",
        "WELCOME_ONCE_PER_MAILBOX": "false",
    },
    "gateway": {"AUTH_LIMIT": _FOR_ONE_ADDRESS, "SHARED_LIMIT": _FOR_ONE_ADDRESS},
}

# What only people who work on the product need.
DEVELOPMENT = {
    "COMPONENTS_PAGE": "true",
    # Whoever tries webhooks here receives them on this machine.
    "WEBHOOK_ALLOW_LOOPBACK": "true",
}


@dataclass(frozen=True, kw_only=True)
class Plan(Infrastructure):
    """What to run where, with which secrets."""

    settings: StackSettings
    overrides: Overrides = NONE

    @property
    def openai_is_standin(self) -> bool:
        """Whether nobody named an OpenAI-compatible endpoint."""
        return not (self.settings.openai_base_url or "GENERATION_OPENAI_BASE_URL" in self.overrides.by_name)

    @property
    def sign_in_is_standin(self) -> bool:
        """Whether nobody named a provider that people sign in with."""
        return "IDENTITY_SIGN_IN_PROVIDERS" not in self.overrides.by_name

    @property
    def media_stand_ins(self) -> list[str]:
        """The other providers of media that a stand-in answers for: those that the caller has not set."""
        if self.settings.stand_ins != "all":
            return []
        named = [name for name in MEDIA_STAND_INS if name in folders()]
        return [name for name in named if not self.overrides.of(f"generation_{name}")]

    @property
    def _standing_in(self) -> list[str]:
        return [*(["openai"] if self.openai_is_standin else []), *self.media_stand_ins]

    @property
    def payment_processor(self) -> str:
        """Which payment back end billing was told to use; its stand-in is the page where people pay."""
        return "polar" if self.overrides.by_name.get("BILLING_PAYMENT_PROCESSOR") == "polar" else "stripe"

    def stand_ins(self) -> list[ProcessSpec]:
        """Return what stands in for the world outside."""
        own = own_stand_ins(self.settings, ports=self.ports, secrets=self.secrets, data=self.data)
        runs = {
            "stripe": True,
            "polar": self.payment_processor == "polar",
            "mailbox": True,
            "openai": self.openai_is_standin,
            "oidc": self.sign_in_is_standin,
        }
        return [
            *(self._stand_in(name, own[name]) for name, is_wanted in runs.items() if is_wanted),
            *(self._media_stand_in(name) for name in self.media_stand_ins),
        ]

    def services(self) -> list[ProcessSpec]:
        """Return the product's processes."""
        return [self._service(process) for process in topology().processes]

    def environment(self, service: str, *, process: Process | None = None) -> dict[str, str]:
        """Return a service's settings as one of its processes reads them, the first unless another is named,
        without anybody else's secrets."""
        about = topology().services[service]
        process = process or about.processes[0]
        values = {
            "DATABASE_URL": self._database_url(about, about.service_role, self.secrets[f"service_{service}"]),
            "MIGRATION_DATABASE_URL": self._database_url(
                about, about.owner_role, self.secrets[f"owner_{service}"]
            ),
            "SERVICE_ROLE": about.service_role,
            "NATS_URL": f"nats://{self.ports.address('nats')}",
            "NATS_USER": service,
            "NATS_PASSWORD": self.secrets[f"nats_{service}"],
            # A process that answers no calls needs no port that anybody knows.
            "GRPC_LISTEN": self.ports.address(process.grpc.name) if process.grpc else "127.0.0.1:0",
            "HTTP_LISTEN": self.ports.address(process.http.name),
            "CALLERS": json.dumps(self._callers(service)),
            "LOG_LEVEL": self.settings.log_level,
            **self._targets(topology().calls_of(process)),
            **self._own(service),
        }
        if process.metrics is not None:
            values["METRICS_LISTEN"] = self.ports.address(process.metrics.name)
        if topology().calls_of(process):
            values["CALLER_TOKEN"] = self.secrets[f"token_{process.caller}"]
        own = self.meant_for(process, prefixed(service.upper(), values))
        return inherited() | own | self.callers_own(process)

    def callers_own(self, process: Process) -> dict[str, str]:
        """Return the settings of the caller's environment that a process is given."""
        return self.meant_for(process, self.overrides.of(process.service))

    def meant_for(self, process: Process, values: Mapping[str, str]) -> dict[str, str]:
        """Return the settings without those that another process of the service is told.

        Media providers' keys are their caller's, what verifies their webhooks is the API's, and what opens
        sessions is not for who calls in a name of its own.
        """
        keys, webhooks = self._of_providers
        withheld = webhooks if process.command in CALL_PROVIDERS else keys
        if process.own_calls is not None:
            withheld |= {"GATEWAY_SESSION_KEY"}
        return {name: value for name, value in values.items() if name not in withheld}

    def auditor_environment(self) -> dict[str, str]:
        """Return the settings of `tintype verify`."""
        values = self._targets(topology().clients["auditor"])
        return prefixed("AUDITOR", {**values, "CALLER_TOKEN": self.secrets["token_auditor"]})

    def _targets(self, calls: Sequence[str]) -> dict[str, str]:
        return {target_setting(other): self.ports.address(topology().grpc_port(other)) for other in calls}

    def _own(self, service: str) -> dict[str, str]:
        public = self.ports.url("gateway")
        match service:
            case "identity":
                return {
                    "PUBLIC_URL": public,
                    "SIGNING_KEYS": self.secrets["signing_key"],
                    "SECOND_FACTOR_KEY": self.secrets["second_factor_key"],
                    "SMTP_HOST": "127.0.0.1",
                    "SMTP_PORT": str(self.ports["smtp"]),
                    "SMTP_STARTTLS": "false",
                    **self._sign_in(),
                    **WAIVED[service],
                }
            case "billing":
                return {
                    "PUBLIC_URL": public,
                    "STRIPE_API_URL": self.ports.url("stripe"),
                    "STRIPE_SECRET_KEY": self.secrets["stripe_key"],
                    "STRIPE_WEBHOOK_SECRET": self.secrets["stripe_webhook"],
                    # So that auto top-up can be tried.
                    "KEEP_CARDS": "true",
                    **self._polar(),
                    # The stand-in is on this machine: it may be asked more often than Stripe.
                    "RECONCILE_MONEY_BACK_EVERY_S": "10",
                }
            case "ledger":
                return {"WELCOME_CREDITS": str(self.settings.welcome_credits)}
            case "generation":
                return {
                    "S3_URL": self.ports.url("s3"),
                    "S3_ACCESS_KEY": "generation",
                    "S3_SECRET_KEY": self.secrets["s3_service"],
                    "S3_BUCKET": BUCKET,
                    "QUOTE_KEY": self.secrets["quote_key"],
                    "WORKER_CONCURRENCY": str(self.settings.worker_concurrency),
                    # Processes start within seconds here: what a dead worker held is soon taken over.
                    "LEASE_S": "5",
                    # The stack's own stand-ins live on loopback.
                    "FETCH_ALLOW_LOOPBACK": "true",
                    "PROVIDERS": ",".join((PROVIDERS, *self.media_stand_ins)),
                    # Models say where nothing but a program answers.
                    "STAND_INS": ",".join(self._standing_in),
                    **self._openai(),
                    **self._led_to_stand_ins(),
                }
            case "gateway":
                return {
                    "PUBLIC_URL": public,
                    "MEDIA_ORIGIN": self.ports.url("s3"),
                    "CHECKOUT_ORIGIN": self.ports.url(self.payment_processor),
                    "PORTAL_ORIGIN": self.ports.url(self.payment_processor),
                    "SESSION_KEY": self.secrets["session_key"],
                    "WEBHOOK_KEY": self.secrets["webhook_key"],
                    **WAIVED[service],
                    **DEVELOPMENT,
                }
            case _:
                return {}

    @property
    def _of_providers(self) -> tuple[frozenset[str], frozenset[str]]:
        named = self.overrides.by_name.get("GENERATION_PROVIDERS", PROVIDERS)
        in_use = (*chosen(named), *chosen(",".join(folders())))
        keys = frozenset(name for provider in in_use for name in provider.setting_names)
        return keys, frozenset(name for provider in in_use for name in provider.webhook_setting_names)

    def _sign_in(self) -> dict[str, str]:
        """Return who vouches for people: a stand-in, which says so, where nobody else is named."""
        if not self.sign_in_is_standin:
            return {}
        return {"SIGN_IN_PROVIDERS": sign_in_stand_in(self.ports.url("oidc"), self.secrets["oidc_client"])}

    def _polar(self) -> dict[str, str]:
        if self.payment_processor != "polar":
            return {}
        return {
            "POLAR_API_URL": self.ports.url("polar"),
            "POLAR_ACCESS_TOKEN": self.secrets["polar_token"],
            "POLAR_WEBHOOK_SECRET": self.secrets["polar_webhook"],
        }

    def _openai(self) -> dict[str, str]:
        if self.openai_is_standin:
            base_url: str | None = f"{self.ports.url('openai')}/v1"
            key: str | None = self.secrets["openai_key"]
        else:
            base_url, key = self.settings.openai_base_url, self.settings.openai_api_key
        named = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key}
        return {name: value for name, value in named.items() if value}

    def _led_to_stand_ins(self) -> dict[str, str]:
        """Return the settings of providers that have one; process by process each is given its own."""
        found = {"PUBLIC_URL": self.ports.url("gateway")} if self.media_stand_ins else {}
        for name in self.media_stand_ins:
            given = MEDIA_STAND_INS[name]
            found |= prefixed(name.upper(), self._filled(name, {**given.worker, **given.api}))
        return found

    def _media_stand_in(self, name: str) -> ProcessSpec:
        own = self._filled(name, MEDIA_STAND_INS[name].own)
        listens = {"LISTEN": self.ports.address(name), "API_KEY": self.secrets["provider_key"]}
        return self._stand_in(name, {**listens, **own})

    def _filled(self, name: str, settings: Settings) -> dict[str, str]:
        return filled(
            settings,
            url=self.ports.url(name),
            key=self.secrets["provider_key"],
            secret=self.secrets["provider_webhook"],
            webhooks=f"{self.ports.url('gateway')}/webhooks/providers/{name}",
        )

    def _callers(self, service: str) -> dict[str, str]:
        others = [other for other in topology().callers if other != service]
        return {
            other: hashlib.sha256(self.secrets[f"token_{other}"].encode()).hexdigest() for other in others
        }

    def _database_url(self, service: Service, role: str, password: str) -> str:
        return f"postgresql+psycopg://{role}:{password}@{self.ports.address('postgres')}/{service.database}"

    def _service(self, process: Process) -> ProcessSpec:
        environment = self.environment(process.service, process=process)
        # Only `migrate` acts as the owner.
        environment.pop(f"{process.service.upper()}_MIGRATION_DATABASE_URL")
        module = [process.service, process.command]
        spec = self._process(process.name, module, environment, process.http.name, "readyz")
        if process.stop_timeout_s is None:
            return spec
        return replace(spec, stop_timeout_s=process.stop_timeout_s)

    def _stand_in(self, name: str, values: Mapping[str, str]) -> ProcessSpec:
        environment = prefixed(f"STANDIN_{name.upper()}", values)
        return self._process(name, [f"standins.{name}"], environment, name, "healthz")

    def _process(
        self, name: str, module: list[str], environment: dict[str, str], port: str, path: str
    ) -> ProcessSpec:
        url = f"{self.ports.url(port)}/{path}"
        return ProcessSpec(
            name=name,
            command=[sys.executable, "-m", *module],
            environment=inherited() | environment,
            ready=lambda: answers_ok(url),
        )


def answers_ok(url: str) -> bool:
    """Whether a GET answers 200."""
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
