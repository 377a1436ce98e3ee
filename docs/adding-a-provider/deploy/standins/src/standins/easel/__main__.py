"""`python -m standins.easel`."""

from __future__ import annotations

from standins.easel.app import create_app
from standins.easel.settings import EaselSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(EaselSettings)
    serve(create_app(settings), settings.listen)
