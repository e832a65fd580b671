"""The viewer on Compare as a visitor meets it: tools, keys and the pointer change what is seen, most without the server."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from cam.paper.figure7 import paper_figure
from tests.browser.viewing import PANEL, change, choose, count_messages, figure, pixels


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("compare-light", {}),
        pytest.param("compare-dark", {"theme": "dark"}, marks=pytest.mark.slow),
        pytest.param("compare-phone", {"width": 390, "height": 844}, marks=pytest.mark.slow),
        ("compare-phone-dark", {"width": 390, "height": 844, "theme": "dark"}),
        ("compare-dense", {"density": 2}),
    ],
)
def test_the_page_shows_five_panels_without_errors(visit, screenshot, name, options):
    page = visit("compare", **options)
    figure(page)
    assert page.locator(".row").count() == 3
    assert page.locator(".row").first.locator(".panel").count() == 6
    width = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert width, "the page is wider than the window"
    side = page.locator(PANEL.format(row=0, column=1)).evaluate("panel => panel.clientWidth")
    assert pixels(page).shape[0] == pytest.approx(side * options.get("density", 1), abs=1)
    screenshot(page, name)


def test_opacity_and_colours_change_pixels_without_the_server(visit):
    page = visit("?images=cat")
    figure(page)
    before = pixels(page)
    count_messages(page)
    change(page, "opacity", 0.2)
    faint = pixels(page)
    change(page, "opacity", 0.7)
    assert np.array_equal(pixels(page), before)
    change(page, "colours", "viridis")
    assert np.abs(faint - before).mean() > 3
    assert np.abs(pixels(page) - before).mean() > 3
    assert page.evaluate("window.sent") == 0


def test_every_tool_changes_the_panel_and_changes_it_back(visit, screenshot):
    page = visit("?images=spaniels")
    figure(page)
    before = {column: pixels(page, column=column) for column in (1, 5)}
    tools = [("scale", "row", "map"), ("contour", 0.5, 0)]
    tools += [("placement", other, "registered") for other in ("nominal", "half-pixel")]
    tools += [(name, True, False) for name in ("signed", "difference", "cells", "paper")]
    for name, on, off in tools:
        column = 1 if name == "scale" else 5
        change(page, name, on)
        assert np.abs(pixels(page, column=column) - before[column]).max() > 40, name
        screenshot(page, f"tool-{name}-{on}")
        change(page, name, off)
        assert np.array_equal(pixels(page, column=column), before[column]), name


def test_a_panel_at_opacity_nought_is_the_photograph(visit):
    page = visit("?images=cat")
    figure(page)
    change(page, "opacity", 0)
    assert np.abs(pixels(page, column=5) - pixels(page, column=0)).max() <= 1


def test_the_cross_hair_reads_every_panel_of_the_row(visit):
    page = visit("?images=cat")
    figure(page).hover(position={"x": 60, "y": 60})
    chips = page.locator(".row .chip").all_inner_texts()
    assert len(chips) == 6
    assert all(re.fullmatch(r"[+−]?[\d.]+(e[+−-]?\d+)? logit", chip) for chip in chips[1:])


def test_zoom_is_linked_over_the_row(visit):
    page = visit("?images=cat,spaniels")
    figure(page).focus()
    before = [pixels(page, column=column) for column in range(6)]
    other = pixels(page, row=1)
    page.keyboard.press("+")
    page.wait_for_timeout(150)
    assert all(np.abs(pixels(page, column=column) - before[column]).mean() > 2 for column in range(6))
    assert np.array_equal(pixels(page, row=1), other)
    page.get_by_role("button", name="Whole image").first.click()
    page.wait_for_timeout(150)
    assert np.array_equal(pixels(page, column=0), before[0])


def test_keys_move_between_variants_and_photographs(visit, screenshot):
    page = visit("?images=cat,spaniels")
    figure(page)
    page.keyboard.press("3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = "document.activeElement.shadowRoot.activeElement"
    assert page.evaluate(f"[{focused}.dataset.row, {focused}.dataset.column].join()") == "1,4"
    page.keyboard.press("Enter")
    page.keyboard.press("s")
    page.wait_for_timeout(150)
    screenshot(page, "compare-large")
    assert page.locator("dialog.stage.swiping").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_text("move the cross-hair").is_visible()
    assert page.get_by_text("before softmax").is_visible()
    screenshot(page, "compare-keys")


def number_of(page, name: str) -> float:
    """A number shown for a map that is taken apart."""
    return float(page.locator(f".apart [data-sum={name}]").inner_text().replace("−", "-"))


def test_a_map_is_taken_apart_cell_by_cell(visit, screenshot):
    """The numbers are those of the panel, the tiles and all other channels add up, and the mean plus the bias is the logit."""
    page = visit("?images=spaniels&look=%7B%22cells%22%3Atrue%7D")
    figure(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    panel = page.locator(".panel.large")
    box = panel.bounding_box()
    assert box["height"] > 0.85 * 720, "as large as the window"
    assert page.locator(".beside .strip").is_visible(), "with its bar of colour"
    page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.66)
    page.locator(".apart .tile").nth(7).wait_for()
    page.wait_for_timeout(300)
    read = float(re.search(r"here ([+−][\d.]+)", page.locator(".reading").inner_text())[1].replace("−", "-"))
    assert number_of(page, "cell") == pytest.approx(read, abs=0.06)
    assert number_of(page, "mean") + number_of(page, "bias") == pytest.approx(number_of(page, "logit"), abs=0.0015)
    mark = page.locator(".mark").bounding_box()
    assert mark["x"] <= box["x"] + box["width"] * 0.62 <= mark["x"] + mark["width"]
    assert mark["width"] == pytest.approx(box["width"] / 7, rel=0.02)
    screenshot(page, "compare-apart")
    before = page.locator(".cell-words").inner_text()
    page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".cell-words").inner_text() != before
    page.keyboard.press("5")
    page.locator(".whole-words", has_text="All 100 cells").wait_for()
    page.keyboard.press("t")
    assert not page.locator(".apart").is_visible()
    page.keyboard.press("Escape")
    choose(page, "Method", "FEM")
    page.wait_for_url(re.compile("method=FEM"))
    figure(page).click()
    page.keyboard.press("t")
    page.locator(".cell-words", has_text="Only CAM at the last layer is a sum over channels").wait_for()


def test_a_lecture_hides_the_controls_and_keeps_the_keys(visit, screenshot):
    page = visit("?mode=lecture&scene=5&live=1&images=red-panda,taj-mahal")
    figure(page)
    assert not page.get_by_role("button", name="Photographs").is_visible()
    assert not page.locator(".tools").is_visible()
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    assert page.locator("dialog.stage").is_visible()
    page.keyboard.press("Escape")
    screenshot(page, "compare-lecture")


def test_the_papers_own_maps_stand_above_ours_in_paper_style(visit, screenshot):
    page = visit("?images=spaniels")
    figure(page)
    printed = page.locator(".theirs")
    assert not printed.is_visible()
    change(page, "paper", True)
    assert printed.locator("canvas").count() == 10
    assert printed.get_by_text("Tan & Le, ICML 2019").is_visible()
    assert printed.bounding_box()["y"] < page.locator(".rows").bounding_box()["y"]
    canvas = printed.get_by_label("The paper's map: compound scaling").last.locator("canvas")
    content = base64.b64decode(canvas.evaluate("canvas => canvas.toDataURL()").split(",")[1])
    shown = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=int)
    drawn = paper_figure().maps["maze"]["compound"].picture(256).astype(int)
    assert np.abs(shown - drawn).max() <= 8
    screenshot(page, "compare-papers-own")
    change(page, "theirs", False)
    assert not printed.is_visible()
