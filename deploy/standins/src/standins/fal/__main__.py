"""`python -m standins.fal`."""

from __future__ import annotations

from standins.fal.app import create_app
from standins.fal.settings import FalSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(FalSettings)
    serve(create_app(settings), settings.listen)
