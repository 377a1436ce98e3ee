"""Take the README's pictures of the console: `python docs/images/make.py` beside a running `make up`.

Needs Chromium (TINTYPE_CHROMIUM, or as the system has it). Opens an account of its own, with a dozen
pictures.
"""

import io
import os
import shutil
import time
from pathlib import Path
from uuid import uuid4

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from tintype_local import state

HERE = Path(__file__).parent
SIZE = {"width": 1400, "height": 875}
PASSWORD = "a sentence is a good password"  # noqa: S105 - of an account that nobody keeps
PICTURES = (
    ("A fox crossing fresh snow at dawn", "16:9"),
    ("A lighthouse keeper counting waves", "4:3"),
    ("Paper lanterns on a slow river", "3:4"),
    ("Northern lights over a harbour", "16:9"),
    ("A violin made of rain", "1:1"),
    ("Copper leaves", "9:16"),
    ("Ferns under glass", "4:3"),
    ("Cities of salt", "1:1"),
    ("A tram that climbs into the clouds", "16:9"),
    ("The last orchard of the year", "4:3"),
    ("Moths around a paper moon", "1:1"),
)


def main() -> None:
    """Write console-studio and console-library, light and dark."""
    running = state.read(Path(os.environ.get("TINTYPE_DATA_FOLDER", ".tintype")).resolve())
    if running is None:
        raise SystemExit("No stack is running: start one with make up.")
    gateway = running.url("gateway")
    email = filled_account(gateway)
    chromium = os.environ.get("TINTYPE_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            take(browser, gateway, email, scheme)
        browser.close()


def filled_account(gateway: str) -> str:
    """Open an account that has made something of each kind; returns its address once all is done."""
    email = f"pictures-{uuid4().hex[:8]}@example.com"
    with httpx.Client(base_url=gateway, timeout=30) as api:
        opened = api.post("/v1/auth/signup", json={"email": email, "password": PASSWORD}).raise_for_status()
        api.headers["Authorization"] = f"Bearer {opened.json()['access_token']}"
        while api.get("/v1/balance").json()["available"] == 0:
            time.sleep(0.2)
        generate(api, "local/motion", prompt="Waves that breathe", duration_s=3)
        for prompt, ratio in PICTURES:
            generate(api, "local/sketch", prompt=prompt, ratio=ratio)
        # One that stays as it develops.
        generate(api, "local/sketch", prompt="Fog over the salt flats", ratio="4:3", simulate="stall")
        while api.get("/v1/balance").json()["held"] > 5:
            time.sleep(0.5)
    return email


def generate(api: httpx.Client, model: str, **given: object) -> None:
    """Start one."""
    key = {"Idempotency-Key": uuid4().hex}
    api.post("/v1/generations", json={"model": model, "input": given}, headers=key).raise_for_status()


def take(browser: Browser, gateway: str, email: str, scheme: str) -> None:
    """Take both pages in one scheme of colours."""
    context = browser.new_context(base_url=gateway, color_scheme=scheme, viewport=SIZE)  # type: ignore[arg-type]
    form = {"email": email, "password": PASSWORD}
    context.request.post("/login", form=form, headers={"Origin": gateway}).dispose()
    page = context.new_page()
    for name, path in (("studio", "/generate"), ("library", "/library")):
        page.goto(path)
        page.locator("#balance", has_text="credits").wait_for()
        page.wait_for_function("[...document.images].every((picture) => picture.complete)")
        shot = Image.open(io.BytesIO(page.screenshot()))
        shot.convert("RGB").save(HERE / f"console-{name}-{scheme}.webp", quality=84, method=6)
    context.close()


if __name__ == "__main__":
    main()
