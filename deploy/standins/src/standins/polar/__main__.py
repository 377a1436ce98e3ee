"""`python -m standins.polar`."""

from __future__ import annotations

from standins.polar.app import create_app
from standins.polar.settings import PolarSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(PolarSettings)
    serve(create_app(settings), settings.listen)
