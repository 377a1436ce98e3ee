"""`tintype models`: what generation says of its catalogue."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_without_a_stack_the_callers_settings_count(tmp_path: Path) -> None:
    """Models of providers that are named are on offer, and what is not there is said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENERATION_")}
    environment |= {"TINTYPE_DATA_FOLDER": str(tmp_path), "GENERATION_PROVIDERS": "fal"}
    done = subprocess.run(
        [sys.executable, "-m", "tintype_local", "models", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = {each["model"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert (found["bfl/flux-schnell"]["offered"], found["local/sketch"]["offered"]) == (True, False)
    assert found["bfl/flux-schnell"]["providers"]["fal"]["lacks"] == ["GENERATION_FAL_API_KEY"]
