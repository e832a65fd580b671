"""Many visitors upload pictures of 100 megapixels in small files: the server's memory stays small, and it keeps answering."""

import threading
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_ten_visitors import MOST, memory

VISITORS = 30
SIDE = 10_000  # 100 megapixels
PATIENCE = 10.0  # seconds within which the server must answer a health check
CLOSED = 600.0  # seconds until the last visitor is answered


class Pulse(threading.Thread):
    """Checks the server's health all the time; the slowest answer took ``slowest`` seconds."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.slowest, self.asked, self.over = address, 0.0, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            before = time.perf_counter()
            with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=120) as answer:
                assert answer.status == 200
            self.slowest, self.asked = max(self.slowest, time.perf_counter() - before), self.asked + 1


@pytest.mark.slow
def test_thirty_visitors_bring_giant_pictures(visit, server, tmp_path):
    rows = np.add.outer(np.arange(SIDE, dtype=np.uint16), np.arange(SIDE, dtype=np.uint16)) // 80
    giant = tmp_path / "giant.webp"
    Image.fromarray(rows.astype(np.uint8)).convert("RGB").save(giant, quality=1)
    assert giant.stat().st_size < 2**20
    pages = [visit("compare", wait="commit") for _ in range(VISITORS)]
    for page in pages:
        page.get_by_role("button", name="Photographs").click()
        page.locator("input[type=file]").first.wait_for(state="attached")
    pulse = Pulse(server)
    pulse.start()
    start = time.perf_counter()
    for page in pages:
        page.locator("input[type=file]").first.set_input_files(giant)
    for page in pages:
        page.get_by_text("megapixels").first.wait_for(timeout=CLOSED * 1000)
    taken = time.perf_counter() - start
    pulse.over.set()
    pulse.join()
    print(
        f"{VISITORS} are answered after {taken:.0f} s; the server took {memory(server.pid):.2f} GiB at most and said "
        f"{pulse.asked} times that it is well, after {pulse.slowest:.2f} s at the latest"
    )
    assert memory(server.pid) < MOST
    assert pulse.slowest < PATIENCE
