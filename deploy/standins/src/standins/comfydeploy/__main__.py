"""`python -m standins.comfydeploy`."""

from __future__ import annotations

from standins.comfydeploy.app import create_app
from standins.comfydeploy.settings import ComfyDeploySettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(ComfyDeploySettings)
    serve(create_app(settings), settings.listen)
