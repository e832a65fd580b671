"""Ten visitors at once, each with another photograph: every one gets the maps of theirs, and memory stays bounded."""

import base64
import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cam import compare
from cam.figures.colours import display_scale, overlay, scaled
from cam.maps.cells import CellGrid
from models import load_study

MOST = 4.0  # GiB of the server's memory
NAMES = (
    "airplane",
    "cat",
    "coffee-cup",
    "crab",
    "djembe-and-wine",
    "dolphin",
    "guitar-and-drums",
    "kitten",
    "meerkats",
    "red-panda",
)
PANELS = 6


def shown(page, column: int) -> np.ndarray:
    """RGB pixels of a panel's canvas."""
    canvas = page.locator(f".rows .panel[data-row='0'][data-column='{column}'] canvas")
    content = base64.b64decode(canvas.evaluate("canvas => canvas.toDataURL()").split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.int16)


def memory(pid: int) -> float:
    """Peak resident memory of a process, in GiB."""
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        pytest.skip("this system does not say how much memory a process takes")
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 2**20


def expected(network, picture: Path, side: int) -> np.ndarray:
    """The overlay of the network's own map of its most probable class, drawn by the library."""
    found = compare({"one": network}, [picture], target="own")
    return overlaid(found, network, side)


def overlaid(found, network, side: int) -> np.ndarray:
    drawn = CellGrid.of(network).drawn(found.maps["one"], side)[0]
    image = np.asarray(Image.fromarray(found.images[0]).resize((side, side), Image.Resampling.LANCZOS))
    return overlay(image, scaled(drawn, *display_scale(found.maps["one"][0], "map")), "inferno", 0.7).astype(np.int16)


@pytest.mark.slow
def test_ten_visitors_at_once_see_their_own_maps(visit, server, samples):
    """All ten ask before any is answered. Each panel is closer to its own overlay than to that of any other photograph."""
    start = time.perf_counter()
    pages = [visit(f"?images={name}&target=Each+its+own", wait="commit") for name in NAMES]
    for page in pages:
        page.locator(".rows .panel canvas").nth(PANELS - 1).wait_for()
    print(f"all ten see their maps after {time.perf_counter() - start:.0f} s")  # pytest -s shows it
    study = load_study("photographs")
    for column, key in ((1, "baseline"), (5, "compound")):
        network = study.load(key, "cpu")
        overlays = None
        for place, page in enumerate(pages):
            page.wait_for_timeout(300)
            found = shown(page, column)
            if overlays is None:
                overlays = [expected(network, samples / f"{name}.jpg", len(found)) for name in NAMES]
            distances = [float(np.abs(found - one).mean()) for one in overlays]
            assert int(np.argmin(distances)) == place, NAMES[place]
            assert distances[place] < 12, (NAMES[place], key, distances[place])
    taken = memory(server.pid)
    print(f"the server took {taken:.2f} GiB at most")
    assert taken < MOST
