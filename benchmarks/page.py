"""How long a visitor waits, mostly on the page Compare, in a real browser: python benchmarks/page.py [--turns 5]

This starts its own server and drives an installed Chromium. Each wait is from the key or click to the moment at which the
panel shows other pixels; the median and the longest wait of the turns are printed.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PANEL = ".rows .panel[data-row='0'][data-column='5'] canvas"
STORY = ".story .plot .dot"
CLASSES = ("lynx", "goldfish", "lion", "teapot", "beagle", "canoe", "hammer", "pizza")
METHODS = ("LayerCAM", "GradCAM++", "XGradCAM", "AblationCAM", "GradCAM element", "EigenGradCAM", "FEM", "EigenCAM")
PHOTOGRAPHS = ("red panda", "rhinoceros", "pagoda", "crab", "dolphin", "butterfly", "coffee cup", "kitten")
WATCH = """
(panel, [selector, event]) => {
  const root = panel.getRootNode();
  const pixels = () => root.querySelector(selector)?.toDataURL();
  const before = pixels();
  window.waited = new Promise((resolve, reject) => addEventListener(event, () => {
    const start = performance.now();
    setTimeout(() => reject(new Error("the panel did not change")), 30000);
    const look = () => {
      const now = pixels();
      if (now && now !== before) resolve(performance.now() - start);
      else requestAnimationFrame(look);
    };
    look();
  }, {capture: true, once: true}));
}
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}"]
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        with sync_playwright() as playwright:
            path = next(filter(None, map(shutil.which, BROWSERS)))
            measure(
                playwright.chromium.launch(executable_path=path, args=FLAGS), f"http://127.0.0.1:{port}", start, turns
            )
    finally:
        server.terminate()
        server.wait(timeout=20)


def measure(browser: Browser, address: str, start: float, turns: int) -> None:
    """Time the first sight of several visitors to one server, then the changes that a visitor makes."""
    wait_for_server(address)
    show("the story after the server's start", [first_sight(browser, address, start, STORY)])
    show("the story of a second visitor", [first_sight(browser, address, time.perf_counter(), STORY)])
    start = time.perf_counter()
    show("first figure after that", [first_sight(browser, f"{address}/compare", start, PANEL)])
    show("first figure of a second visitor", [first_sight(browser, f"{address}/compare", time.perf_counter(), PANEL)])
    page = opened(browser, address, "?images=cat")
    show("another class", [changed(page, "keydown", choosing(page, "Class", name)) for name in CLASSES[:turns]])
    for method in METHODS:
        show(f"another method, {method}", [changed(page, "keydown", choosing(page, "Method", method))])
    page = opened(browser, address, "?images=cat")
    page.get_by_role("button", name="Photographs").click()
    show("another photograph", [added(page, name) for name in PHOTOGRAPHS[:turns]])
    show("opacity", [changed(page, "input", lambda value=value: slide(page, value)) for value in (0.2, 0.9, 0.4)])


def wait_for_server(address: str) -> None:
    """Wait until the server listens."""
    host, port = address.removeprefix("http://").split(":")
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


def opened(browser: Browser, address: str, link: str = "") -> Page:
    """The page of a new visitor, once its figure is drawn and the server has finished with it."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(f"{address}/{link}")
    page.locator(PANEL).wait_for(timeout=120_000)
    rest(page)
    return page


def rest(page: Page) -> None:
    """Wait until the server has nothing left to do for this visitor."""
    page.wait_for_timeout(500)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(500)


def first_sight(browser: Browser, address: str, start: float, wanted: str) -> float:
    """Milliseconds from ``start`` until the element ``wanted`` is on a new visitor's page."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(address, wait_until="commit")
    page.locator(wanted).first.wait_for(timeout=120_000)
    waited = 1000 * (time.perf_counter() - start)
    rest(page)
    return waited


def changed(page: Page, event: str, act: Callable[[], None]) -> float:
    """Milliseconds from the browser's first ``event`` of an act until the panel shows other pixels."""
    focus = getattr(act, "focus", None)
    if focus:
        focus()
    page.locator(PANEL).evaluate(WATCH, [PANEL, event])
    act()
    waited = page.evaluate("window.waited")
    rest(page)
    return waited


def choosing(page: Page, label: str, words: str) -> Callable[[], None]:
    """A function that takes the first match of a menu with Enter; ``words`` are typed before, by its ``focus``."""
    box = page.get_by_role("combobox", name=label)

    def focus() -> None:
        box.click()
        box.fill(words)
        page.wait_for_timeout(200)

    def act() -> None:
        box.press("Enter")

    act.focus = focus  # type: ignore[attr-defined]
    return act


def added(page: Page, name: str) -> float:
    """Milliseconds from a click in the gallery until the photograph's row is drawn."""
    rows = page.locator(".row").count()
    start = time.perf_counter()
    page.get_by_role("button", name=name, exact=False).first.click()
    page.locator(f".rows .panel[data-row='{rows}'][data-column='5'] canvas").wait_for()
    waited = 1000 * (time.perf_counter() - start)
    rest(page)
    return waited


def slide(page: Page, value: float) -> None:
    """Set the opacity."""
    page.locator(".tools input[name=opacity]").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', {bubbles: true, composed: true})) }",
        value,
    )


def show(name: str, waits: list[float]) -> None:
    """Print one line of the table."""
    print(f"{name:<42}{statistics.median(waits):8.0f} ms, longest {max(waits):.0f} ms", flush=True)


if __name__ == "__main__":
    main()
