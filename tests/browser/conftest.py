"""A real server and a real browser, started once; every test gets a fresh page and fails on errors in its console."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROBE = re.compile(r"^http://[^/]+/\w+/_stcore/")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--use-fake-device-for-media-stream"]


class Address(str):
    """Address of a server, with its process."""

    pid: int


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Address of the app, served from this tree."""
    yield from served(tmp_path_factory)


def served(tmp_path_factory):
    """Start a server for a fixture, and stop it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    homes = {name: str(tmp_path_factory.mktemp("home")) for name in ("TORCH_HOME", "XDG_STATE_HOME")}
    environment = {**os.environ, **homes}
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    address = Address(f"http://127.0.0.1:{port}")
    address.pid = process.pid
    try:
        _wait_for(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(url: str, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    """An installed Chromium, run without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no browser is installed: apt install chromium")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def _is_problem(message) -> bool:
    """Whether a console message is an error, other than the 404 that Streamlit logs when it first looks below the page's path."""
    return message.type == "error" and not PROBE.search(message.location.get("url", ""))


@pytest.fixture
def visit(server, browser):
    """Open the app in a new browser session: ``visit("?images=cat", width=390)``."""
    contexts, problems = [], []

    def opened(
        path: str = "", width: int = 1280, height: int = 720, theme: str = "light", density: float = 1, wait="load"
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            device_scale_factor=density,
            accept_downloads=True,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: problems.append(message.text) if _is_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{server}/{path}", wait_until=wait)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def screenshot():
    """Keep what a page looks like, for people to look at."""

    def keep(page, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep
