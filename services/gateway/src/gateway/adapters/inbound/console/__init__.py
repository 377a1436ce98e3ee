"""The web console: server-rendered pages over the same ports as the REST resources."""

from fastapi import FastAPI

from gateway.adapters.inbound.deps import Deps


def mount_console(app: FastAPI, deps: Deps) -> None:
    """Add the console's pages and static files to the app."""
