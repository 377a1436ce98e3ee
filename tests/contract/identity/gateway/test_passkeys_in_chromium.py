"""Passkeys in Chromium, with an authenticator of the browser's own: the console before the real identity.

Browsers make none for an address of numbers, so the console is reached by `localhost`.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pyotp
import pytest
import uvicorn
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from embedded.ports import free_ports
from gateway.adapters.inbound.app import make_app
from gateway.adapters.inbound.console import mount_console
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_identity_passkeys import GrpcPasskeys
from gateway.adapters.outbound.grpc_identity_sign_in import GrpcSignIn
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.identity import AUDIENCE, ISSUER
from gateway.bootstrap.memory import memory_world
from gateway.bootstrap.parts import wire
from identity.adapters.outbound.webauthn import WebAuthn, relying_party
from identity.application.begin_second_factor import BeginSecondFactor
from identity.application.confirm_second_factor import ConfirmSecondFactor
from identity_world import ADA, PASSWORD, World
from playwright.async_api import Browser, CDPSession, Page, async_playwright, expect

pytestmark = [pytest.mark.browser, pytest.mark.real_time, pytest.mark.timeout(300)]
PAGE, OPTIONS = "/account/passkeys", "/v1/auth/passkey/options"
# A browser beside everything else that a busy machine does.
expect.set_options(timeout=30_000)


@dataclass
class Console:
    """Where it is, and the identity behind it."""

    url: str
    world: World


async def opened(stack: AsyncExitStack, host: str) -> Console:
    """Serve the console at this host."""
    (port,) = free_ports(1)
    url, world, clock = f"http://{host}:{port}", World(), SystemClock()
    world.rewire(replace(world.ports, clock=clock, authenticators=WebAuthn(relying_party(url))))
    channel = await connect(stack, await serve_identity(stack, world), "gateway")
    identity = GrpcIdentity(channel)
    deps = wire(
        replace(
            memory_world(public_url=url).ports,
            identity=identity,
            passkeys=GrpcPasskeys(channel),
            sign_in=GrpcSignIn(channel),
            tokens=JwtAccessTokens(identity, clock, issuer=ISSUER, audience=AUDIENCE),
        )
    )
    app = make_app(deps)
    mount_console(app, deps)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    serving = asyncio.create_task(server.serve())

    async def close() -> None:
        server.force_exit = server.should_exit = True
        await serving

    stack.push_async_callback(close)
    while not server.started:
        await asyncio.sleep(0.05)
    return Console(url, world)


@pytest.fixture
async def console(stack: AsyncExitStack) -> Console:
    """The console at a name, with Ada, whose address is proven."""
    console = await opened(stack, "localhost")
    await console.world.confirmed()
    return console


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium as the system has it; without one the test is skipped."""
    found = os.environ.get("TINTYPE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed (apt-get install chromium, or TINTYPE_CHROMIUM=path)")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        await running.close()


@dataclass
class Visitor:
    """A page, and the key ring of its browser."""

    page: Page
    devtools: CDPSession
    ring: str

    async def touches(self, enabled: bool) -> None:
        """Let the person answer by themselves whatever the key ring asks, or nothing."""
        told = {"authenticatorId": self.ring, "enabled": enabled}
        await self.devtools.send("WebAuthn.setAutomaticPresenceSimulation", told)

    async def log_in(self) -> None:
        """Say the address and the password."""
        await self.page.goto("/login")
        await self.page.get_by_label("Email").fill(ADA)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()

    async def add(self, name: str) -> None:
        """Make a passkey on the page for that."""
        await self.page.goto(PAGE)
        await self.page.get_by_label("Name", exact=True).fill(name)
        await self.page.get_by_role("button", name="Add a passkey").click()
        await expect(self.page.get_by_text("Added. From now on it signs you in.")).to_be_visible()

    async def press(self) -> None:
        """Sign out, and press the button for passkeys."""
        await self.page.context.clear_cookies()
        # What the email field suggests is answered by itself, and may be faster: it gets no challenge.
        await self.page.route(f"**{OPTIONS}", lambda route: route.abort(), times=1)
        # The page before may have let its stream of events go, which has failed as well.
        failed = self.page.expect_event("requestfailed", lambda request: request.url.endswith(OPTIONS))
        async with failed:
            await self.page.goto(f"/login?next={PAGE}")
        await self.page.get_by_role("button", name="Sign in with a passkey").click()


@pytest.fixture
async def visitor(browser: Browser, console: Console) -> AsyncIterator[Visitor]:
    """Ada, signed in, in a browser with a key ring that knows who uses it."""
    context = await browser.new_context(base_url=console.url)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    # What the Content Security Policy refuses shows up here only.
    page.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    ring = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    visitor = Visitor(page, devtools, ring["authenticatorId"])
    await visitor.log_in()
    await page.wait_for_url("**/generate*")
    yield visitor
    await context.close()
    assert errors == []


async def test_a_passkey_from_its_making_to_its_end(visitor: Visitor) -> None:
    """Made once an authenticator, used without a word, renamed, and removed: then it opens nothing."""
    page = visitor.page
    await visitor.add("Ada's laptop")
    await page.get_by_label("Name", exact=True).fill("Again")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_text("The passkey was not used.")).to_be_visible()

    await visitor.press()
    # Whole: the address of the sign-in ends with where it leads to.
    await page.wait_for_url(PAGE)
    await page.context.clear_cookies()
    # Chosen from what the email field suggests, where nothing is pressed: perhaps before the page is whole.
    await page.goto(f"/login?next={PAGE}", wait_until="commit")
    await page.wait_for_url(PAGE)

    await page.get_by_text("Rename", exact=True).click()
    await page.get_by_label("New name of Ada's laptop").fill("Work laptop")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Remove Work laptop").click()
    await expect(page.get_by_text("The passkey signs you in no longer.")).to_be_visible()
    await visitor.press()
    await expect(page.get_by_text("This passkey opens nothing here.")).to_be_visible()


async def test_a_passkey_takes_a_codes_place_and_is_a_fresh_proof(visitor: Visitor, console: Console) -> None:
    """On the page after the password, and on the one before something dangerous."""
    page, factors = visitor.page, console.world.handlers.factors
    await visitor.add("Phone")
    (user_id,) = console.world.store.users
    made = await factors.begin(BeginSecondFactor(user_id, PASSWORD))
    await factors.confirm(ConfirmSecondFactor(user_id, pyotp.TOTP(made.secret).now()))
    await page.context.clear_cookies()
    await visitor.touches(False)
    await visitor.log_in()
    await page.wait_for_url("**/login")
    await visitor.touches(True)
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/generate*")
    await page.goto(f"/account/step-up?next={PAGE}")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_text("Thank you. Now go on")).to_be_visible()


async def test_who_uses_it_has_to_be_asked(visitor: Visitor, console: Console) -> None:
    """A key ring that recognises nobody signs nobody in."""
    await visitor.add("Phone")
    told = {"authenticatorId": visitor.ring, "isUserVerified": False}
    await visitor.devtools.send("WebAuthn.setUserVerified", told)
    sessions = len(console.world.store.sessions)
    await visitor.press()
    await expect(visitor.page.get_by_text("The passkey was not used.")).to_be_visible()
    assert len(console.world.store.sessions) == sessions


async def test_without_scripts_the_page_is_as_before(browser: Browser, console: Console) -> None:
    """No button that would do nothing; the password does."""
    context = await browser.new_context(base_url=console.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    await page.get_by_label("Email").fill(ADA)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.goto(PAGE)
    await expect(page.get_by_text("This browser makes no passkeys, or scripts are off.")).to_be_visible()
    await context.close()


async def test_an_address_of_numbers_says_why_there_are_none(browser: Browser, stack: AsyncExitStack) -> None:
    """Nothing is offered at the sign-in, and the page of passkeys says why."""
    console = await opened(stack, "127.0.0.1")
    await console.world.confirmed()
    context = await browser.new_context(base_url=console.url)
    page = await context.new_page()
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    await page.get_by_label("Email").fill(ADA)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/generate*")
    await page.goto(PAGE)
    await expect(page.get_by_text("Browsers make no passkeys for this address")).to_be_visible()
    await context.close()
