"""`python -m standins.comfyui`."""

from __future__ import annotations

from standins.comfyui.app import create_app
from standins.comfyui.settings import ComfyUiSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(ComfyUiSettings)
    serve(create_app(settings), settings.listen)
