"""Take the README's pictures of the console: `python docs/images/make.py` beside a running `make up`.

The moving one is made of frames: a prompt is typed, and what it asks for appears.

Needs Chromium (TINTYPE_CHROMIUM, or as the system has it). Opens an account of its own, with a dozen
pictures.
"""

import io
import os
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
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
SHOWN = "A fox crossing fresh snow at dawn"
FILMED = "Storm light over a field of rye"
# What is further down is loaded when it is looked at.
DRAWN = """[...document.images].every((picture) =>
    picture.complete || picture.getBoundingClientRect().top > innerHeight)"""
FILM_SIZE = {"width": 1040, "height": 650}
# How many letters a frame adds, how long one lasts, and how many wait for a picture.
TYPED, FRAME_MS, PAUSE_MS, FRAMES_MAX = 3, 120, 900, 120


def main() -> None:
    """Write the studio, the library and a generation, light and dark, and the studio as it works."""
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
        film(browser, gateway, email)
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
    page = signed_in(browser, gateway, email, color_scheme=scheme, viewport=SIZE)
    for name, path in (("studio", "/generate"), ("library", "/library"), ("generation", "/library")):
        page.goto(path)
        if name == "generation":
            page.get_by_role("link", name=SHOWN).first.click()
            page.wait_for_url("**/library/gen_*")
        settle(page)
        seen(page).save(HERE / f"console-{name}-{scheme}.webp", quality=84, method=6)
    page.context.close()


def film(browser: Browser, gateway: str, email: str) -> None:
    """Film how a prompt becomes a picture, small enough for a README."""
    page = signed_in(browser, gateway, email, color_scheme="light", viewport=FILM_SIZE)
    page.goto("/generate")
    settle(page)
    frames = [(seen(page), PAUSE_MS)]
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.focus()
    for at in range(0, len(FILMED), TYPED):
        prompt.press_sequentially(FILMED[at : at + TYPED])
        frames.append((seen(page), 90))
    page.get_by_role("radio", name="16:9").check()
    frames.append((seen(page), PAUSE_MS))
    page.locator("form[data-quick] button[type=submit]").click()
    tile = page.get_by_role("article", name=FILMED)
    for _ in range(FRAMES_MAX):
        frames.append((seen(page), FRAME_MS))
        if tile.get_attribute("data-status") == "succeeded" and tile.locator("img").count():
            break
        time.sleep(FRAME_MS / 2000)
    settle(page)
    frames.append((seen(page), 3 * PAUSE_MS))
    pictures, durations = zip(*frames, strict=True)
    pictures[0].save(
        HERE / "console-studio.webp",
        save_all=True,
        append_images=pictures[1:],
        duration=list(durations),
        loop=0,
        quality=70,
        method=6,
    )
    page.context.close()


def signed_in(browser: Browser, gateway: str, email: str, **options: Any) -> Page:
    """Return a page of that account's."""
    context = browser.new_context(base_url=gateway, **options)
    form = {"email": email, "password": PASSWORD}
    context.request.post("/login", form=form, headers={"Origin": gateway}).dispose()
    return context.new_page()


def settle(page: Page) -> None:
    """Wait until everything is drawn."""
    page.locator("#balance", has_text="credits").wait_for()
    # Not by wait_for_function, which evaluates a text in the page: its content policy forbids that.
    for _ in range(FRAMES_MAX):
        if page.evaluate(DRAWN):
            break
        time.sleep(0.05)


def seen(page: Page) -> Image.Image:
    """Return the page as it stands."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


if __name__ == "__main__":
    main()
