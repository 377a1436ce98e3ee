"""`python -m standins.oidc`."""

from __future__ import annotations

from standins.oidc.app import create_app
from standins.oidc.settings import OidcSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(OidcSettings)
    serve(create_app(settings), settings.listen)
