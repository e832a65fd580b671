"""Methods that take minutes: the page says how far they are, and Stop ends them within the running step."""

import re
import time

import pytest

SLOW = {"ScoreCAM": "ScoreCAM+%28minutes%29", "FullGrad": "FullGrad+%28slower%29"}


@pytest.mark.slow
@pytest.mark.parametrize("method", SLOW)
def test_progress_in_per_cent_and_a_stop_that_is_obeyed(visit, screenshot, method):
    page = visit(f"compare?images=cat,spaniels&method={SLOW[method]}")
    said = page.get_by_text(re.compile(r"Computing: \d+ %"))
    said.wait_for()
    page.get_by_text(re.compile(r"Computing: ([1-9]\d?) %; about .* left")).wait_for()
    screenshot(page, f"computing-{method}")
    begun = time.monotonic()
    page.get_by_role("button", name="Stop").first.click()
    page.get_by_text("Stopped, as you asked").first.wait_for()
    seconds = time.monotonic() - begun
    print(f"{method}: stopped after {seconds:.1f} s")
    assert seconds < 15
    page.get_by_role("button", name="Compute it after all").wait_for()
    assert not page.get_by_text("Nothing to show").is_visible()
    screenshot(page, f"stopped-{method}")
    assert not said.is_visible()
    page.get_by_role("button", name="Compute it after all").click()
    said.wait_for()
