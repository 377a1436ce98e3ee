"""`python -m standins.babysea`."""

from __future__ import annotations

from standins.babysea.app import create_app
from standins.babysea.settings import BabySeaSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(BabySeaSettings)
    serve(create_app(settings), settings.listen)
