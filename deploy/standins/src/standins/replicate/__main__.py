"""`python -m standins.replicate`."""

from __future__ import annotations

from standins.replicate.app import create_app
from standins.replicate.settings import ReplicateSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(ReplicateSettings)
    serve(create_app(settings), settings.listen)
