"""Thirty visitors for ten minutes, who bring photographs of their own: right maps for each, in turn, and memory comes back.

``MINUTES=10 pytest -m slow -s tests/browser/test_thirty_visitors.py`` says what was seen. One Chromium with thirty contexts.
"""

import os
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cam import compare
from models import load_study
from tests.browser.conftest import served
from tests.browser.test_ten_visitors import PANELS, overlaid, shown

VISITORS, MINUTES = 30, float(os.environ.get("MINUTES", "10"))
LINK = "compare?images=&target=Each+its+own"
HEAVY = "&flip=true"  # the mirror image counts as well: computed in turn
TURNS = [None, *Image.Transpose]
PANEL = f".rows .panel[data-row='0'][data-column='{PANELS - 1}'] canvas"
TURN = 4.0  # seconds that one visitor may take of the line; nobody waits longer than all their turns
PATIENCE = 600_000
RESTED = "document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
# Notes when the panel is there, on the clock that all pages share.
WATCH = """(selector) => {
  const find = (root) => root.querySelector(selector) ??
    [...root.querySelectorAll("*")].reduce((found, node) => found ?? (node.shadowRoot && find(node.shadowRoot)), null)
  window.asked = Date.now()
  const look = setInterval(() => {
    if (!find(document)) return
    window.answered = Date.now()
    clearInterval(look)
  }, 200)
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Of its own: its memory is measured."""
    yield from served(tmp_path_factory)


@pytest.fixture
def pictures(samples, tmp_path):
    """Hundreds of photographs, no two the same: samples turned and mirrored, and then cut."""

    def made():
        for cut, turn, path in product(range(5), TURNS, sorted(samples.glob("*.jpg"))):
            picture = Image.open(path).convert("RGB")
            picture = picture.crop((0, 0, picture.width - 40 * cut, picture.height - 40 * cut))
            picture = picture.transpose(turn) if turn is not None else picture
            target = tmp_path / f"{path.stem}-{turn}-{cut}.jpg"
            picture.save(target, quality=92)
            yield target

    return made()


def resident(pid: int) -> float:
    """Memory that a process takes now, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def come(page, server, heavy: bool) -> None:
    """Come anew, to where photographs are brought."""
    page.goto(f"{server}/{LINK}{HEAVY * heavy}", wait_until="commit")
    button = page.get_by_role("button", name="Photographs")
    button.wait_for(timeout=PATIENCE)
    page.wait_for_function(RESTED, timeout=PATIENCE)  # a page that is still drawn closes what was opened
    button.click(timeout=PATIENCE)
    page.locator("input[type=file]").first.wait_for(state="attached", timeout=PATIENCE)


def ask(page, picture: Path) -> None:
    """Bring a photograph."""
    page.evaluate(WATCH, PANEL)
    page.locator("input[type=file]").first.set_input_files(picture)


def answer(page) -> tuple[float, float, dict[int, np.ndarray]]:
    """When the photograph was brought, when its maps were there, in seconds, and what two of the panels show."""
    page.wait_for_function("window.answered", timeout=PATIENCE)
    page.wait_for_timeout(300)
    asked, answered = page.evaluate("[window.asked, window.answered]")
    return asked / 1000, answered / 1000, {column: shown(page, column) for column in (1, 5)}


def check_maps(pictures: list[Path], panels: list[dict[int, np.ndarray]], heavy: bool) -> float:
    """Each panel is nearest to the map that the library makes of its own photograph; how far the farthest is."""
    study, distances = load_study("photographs"), []
    for column, key in ((1, "baseline"), (5, "compound")):
        network = study.load(key, "cpu")
        found = [compare({"one": network}, [picture], target="own", flip=heavy) for picture in pictures]
        overlays = [overlaid(one, network, len(panels[0][column])) for one in found]
        for place, panel in enumerate(panels):
            apart = [float(np.abs(panel[column] - one).mean()) for one in overlays]
            assert int(np.argmin(apart)) == place, (pictures[place].name, key, heavy)
            distances.append(apart[place])
    return max(distances)


def come_and_go(visit, server, pictures, visitors: int, heavy: bool) -> None:
    """So that everything is loaded, and the memory of a first crowd is taken."""
    pages = [visit("", wait="commit") for _ in range(visitors)]
    for page in pages:
        come(page, server, heavy)
        ask(page, next(pictures))
    for page in pages:
        answer(page)
        page.context.close()


def rested(pid: int, most: float) -> float:
    """Memory once everybody has left: as soon as it is small enough, else after three minutes."""
    end = time.monotonic() + 180
    while resident(pid) > most and time.monotonic() < end:
        time.sleep(5)
    return resident(pid)


@pytest.mark.slow
def test_thirty_visitors_for_ten_minutes(visit, server, pictures):
    for heavy in (False, True):
        come_and_go(visit, server, pictures, 3, heavy)
    before, seen = rested(server.pid, 0), []
    pages = [visit("", wait="commit") for _ in range(VISITORS)]
    end, most = time.monotonic() + 60 * MINUTES, before
    while time.monotonic() < end:
        heavy, brought = len(seen) % 2 == 1, [next(pictures) for _ in pages]
        for page in pages:
            come(page, server, heavy)
        for page, picture in zip(pages, brought, strict=True):
            ask(page, picture)
        answers = [answer(page) for page in pages]
        waits = [done - asked for asked, done, _ in answers]
        most = max(most, resident(server.pid))
        print(
            f"{'in turn' if heavy else 'at once'}: answers after {np.median(waits):.1f} s, the latest after {max(waits):.1f} s; "
            f"{resident(server.pid):.0f} MiB"
        )
        seen.append((heavy, brought, [panels for *_, panels in answers], max(waits)))
    for page in pages:
        page.context.close()
    after = rested(server.pid, 1.1 * before)
    farthest = max(check_maps(brought, panels, heavy) for heavy, brought, panels, _ in seen)
    print(
        f"{VISITORS * len(seen)} photographs, each with its own maps, {farthest:.1f} of 255 off at most; "
        f"memory {before:.0f} MiB before, {most:.0f} at most, {after:.0f} after"
    )
    assert after < 1.1 * before
    assert max(longest for *_, longest in seen) < VISITORS * TURN
