"""What one downloads is what one saw: the viewer's display choices in PNG, PDF, SVG and in the interactive page."""

import io
import os
import re
import signal

import numpy as np
import pytest
from PIL import Image

from cam import Comparison
from cam.figures.display import Display, Swipe
from cam.figures.figure import figure_layout, save_figure
from tests.browser.viewing import PANEL, change, count_messages, figure, pixels

DPI = 200
CHOSEN = {"colours": "viridis", "opacity": 0.9, "cells": True, "contour": 0.5, "placement": "nominal"}
LABELS = {".png": "PNG", ".pdf": "PDF", ".svg": "SVG", ".npz": "Raw maps", ".html": "Interactive page"}


def at_rest(page) -> None:
    """Wait until the server has answered."""
    page.wait_for_timeout(250)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")


def downloaded(page, folder, *suffixes: str) -> dict:
    """Files of the figure, by suffix."""
    at_rest(page)
    page.get_by_role("button", name="Download").click()
    at_rest(page)
    paths = {}
    for suffix in suffixes:
        with page.expect_download() as download:
            page.get_by_role("button", name=LABELS[suffix], exact=True).click()
        paths[suffix] = folder / f"downloaded{suffix}"
        download.value.save_as(paths[suffix])
    page.keyboard.press("Escape")
    return paths


def require_drawn_by(paths: dict, display: Display, folder) -> Comparison:
    """Every picture that came is what these choices make of the raw maps that came, byte for byte."""
    comparison = Comparison.load(paths[".npz"])
    for suffix in paths.keys() - {".npz", ".html"}:
        save_figure(comparison, folder / f"drawn{suffix}", display)
        assert (folder / f"drawn{suffix}").read_bytes() == paths[suffix].read_bytes(), suffix
    return comparison


def in_file(path, comparison: Comparison, display: Display) -> list[np.ndarray]:
    """The panels of a downloaded PNG, the original first, row by row."""
    page = np.asarray(Image.open(path).convert("RGB"), dtype=np.int16)
    boxes = [[round(length * DPI / 72) for length in one.box] for one in figure_layout(comparison, display).pictures]
    return [page[top : top + height, left : left + width] for left, top, width, height in boxes]


def flat_places(one: np.ndarray, other: np.ndarray, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Colours of both at the same places, as far as neither has an edge there."""
    pairs = []
    for row, column in np.ndindex(count, count):
        patches = [
            picture[
                (y := int((row + 0.5) / count * len(picture))) - 2 : y + 3,
                (x := int((column + 0.5) / count * len(picture))) - 2 : x + 3,
            ]
            for picture in (one, other)
        ]
        if all(patch.size and np.ptp(patch, axis=(0, 1)).max() <= 2 for patch in patches):
            pairs.append([patch[len(patch) // 2, patch.shape[1] // 2] for patch in patches])
    found = np.array(pairs)
    return found[:, 0], found[:, 1]


def test_as_it_comes_the_files_are_the_default_figure(visit, tmp_path):
    page = visit("?images=cat")
    figure(page)
    require_drawn_by(downloaded(page, tmp_path, ".png", ".pdf", ".svg", ".npz"), Display(), tmp_path)


def test_the_files_carry_what_was_chosen(visit, tmp_path, screenshot):
    page = visit("?images=cat")
    figure(page)
    for name, value in CHOSEN.items():
        change(page, name, value)
    files = downloaded(page, tmp_path, ".png", ".pdf", ".svg", ".npz")
    require_drawn_by(files, Display(**CHOSEN), tmp_path)
    screenshot(page, "compare-before-download")
    change(page, "cells", False)
    change(page, "contour", 0)
    change(page, "difference", True)
    change(page, "scale", "row")
    page.get_by_role("button", name="Download").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="PNG").wait_for()
    screenshot(page, "compare-downloads")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="PNG").wait_for(state="detached")
    changed = Display("row", colours="viridis", opacity=0.9, signed=True, difference="baseline", placement="nominal")
    require_drawn_by(downloaded(page, tmp_path, ".png", ".npz"), changed, tmp_path)
    change(page, "difference", False)
    change(page, "paper", True)
    change(page, "cells", True)
    require_drawn_by(downloaded(page, tmp_path, ".svg", ".npz"), Display(style="paper", cells=True), tmp_path)


def test_what_changes_beside_the_open_files_is_in_them(visit, tmp_path):
    """The files are those of the figure as it is seen when their button is pressed, at once after a change too."""
    page = visit("?images=cat")
    figure(page)
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="PNG").wait_for()
    at_rest(page)
    paths = {}
    for suffix, colours in {".png": "viridis", ".svg": "cividis", ".npz": "cividis"}.items():
        page.locator(".tools select[name=colours]").select_option(colours)
        with page.expect_download() as download:
            page.get_by_role("button", name=LABELS[suffix], exact=True).click()
        paths[suffix] = tmp_path / f"downloaded{suffix}"
        download.value.save_as(paths[suffix])
    for suffix, colours in {".png": "viridis", ".svg": "cividis"}.items():
        require_drawn_by({one: paths[one] for one in (suffix, ".npz")}, Display(colours=colours), tmp_path)


@pytest.mark.linux
def test_a_file_that_no_longer_waits_behind_closed_buttons_does_not_come_later(visit, server):
    """The server sleeps while a button is pressed and all of them are closed, so that the new one comes after that."""
    page = visit("?images=cat")
    figure(page)
    page.get_by_role("button", name="Download").click()
    png = page.get_by_role("button", name="PNG", exact=True)
    png.wait_for()
    at_rest(page)
    came = []
    page.on("download", lambda download: came.append(download))
    os.kill(server.pid, signal.SIGSTOP)
    try:
        page.locator(".tools select[name=colours]").select_option("viridis")
        png.click()
        page.keyboard.press("Escape")
        png.wait_for(state="detached")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    at_rest(page)
    page.get_by_role("button", name="Download").click()
    png.wait_for()
    at_rest(page)
    page.wait_for_timeout(1000)
    assert not came
    with page.expect_download():
        png.click()


def test_a_panel_of_the_file_has_the_colours_of_the_canvas(visit, tmp_path):
    """Of a photograph of one colour, which no decoding or scaling changes: within two levels of 255 everywhere but at edges."""
    page = visit("?images=cat")
    figure(page)
    buffer = io.BytesIO()
    Image.new("RGB", (500, 500), (120, 90, 60)).save(buffer, "PNG")
    page.get_by_role("button", name="Photographs").click()
    page.locator("input[type=file]").first.set_input_files(
        [{"name": "flat.png", "mimeType": "image/png", "buffer": buffer.getvalue()}]
    )
    page.locator(".name", has_text="flat.png").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take cat away").click()
    page.locator(".name", has_text="cat").wait_for(state="detached")
    figure(page)
    display = Display(**CHOSEN | {"placement": "registered"})
    for name, value in CHOSEN.items():
        if name != "placement":
            change(page, name, value)
    files = downloaded(page, tmp_path, ".png", ".npz")
    panels = in_file(files[".png"], require_drawn_by(files, display, tmp_path), display)
    colours = set()
    for column, panel in enumerate(panels):
        here, there = flat_places(pixels(page, column=column), panel)
        assert len(here) > 500
        assert np.abs(here - there).max() <= 2, column
        colours |= set(map(tuple, there))
    assert len(colours) > 50


def test_a_panel_of_a_photograph_looks_like_the_canvas(visit, tmp_path):
    page = visit("?images=red-panda")
    figure(page)
    change(page, "colours", "viridis")
    change(page, "opacity", 1)
    display = Display(colours="viridis", opacity=1)
    files = downloaded(page, tmp_path, ".png", ".npz")
    panels = in_file(files[".png"], Comparison.load(files[".npz"]), display)
    for column in range(6):
        shown = pixels(page, column=column)
        panel = np.asarray(Image.fromarray(panels[column].astype(np.uint8)).resize(shown.shape[:2]), dtype=np.int16)
        small = [np.asarray(Image.fromarray(one.astype(np.uint8)).reduce(6), dtype=int) for one in (shown, panel)]
        assert np.abs(small[0] - small[1]).mean() < 2.5, column


def test_the_pair_of_the_swipe_is_offered_and_drawn(visit, tmp_path, screenshot):
    page = visit("?images=red-panda")
    figure(page, column=1).click()
    page.keyboard.press("s")
    page.locator("dialog.stage select[name=other]").select_option("5")
    page.locator("dialog.stage [name=divide]").fill("0.4")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Download").click()
    page.get_by_text("Baseline | Compound, swiped").click()
    at_rest(page)
    screenshot(page, "compare-downloads-pair")
    paths = {}
    for suffix in (".png", ".npz"):
        with page.expect_download() as download:
            page.get_by_role("button", name=LABELS[suffix], exact=True).click()
        paths[suffix] = tmp_path / f"downloaded{suffix}"
        download.value.save_as(paths[suffix])
    require_drawn_by(paths, Display(swipe=Swipe("baseline", "compound", 0.4)), tmp_path)


def test_the_interactive_page_opens_as_it_was_seen(visit, browser, tmp_path):
    page = visit("?images=red-panda")
    figure(page)
    for name, value in CHOSEN.items():
        change(page, name, value)
    path = downloaded(page, tmp_path, ".html")[".html"]
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    own = context.new_page()
    own.goto(path.as_uri())
    own.locator(PANEL.format(row=0, column=5)).wait_for()
    for name, value in CHOSEN.items():
        tool = own.locator(f".tools [name={name}]:not(output)").first
        assert (tool.is_checked() if value is True else tool.input_value()) == (True if value is True else str(value))
    context.close()


def test_choices_are_told_when_a_visitor_turns_to_the_files_and_not_before(visit):
    page = visit("?images=cat")
    figure(page)
    count_messages(page)
    change(page, "colours", "cividis")
    page.get_by_role("heading", name="Where do").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.sent") == 0
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="PNG").wait_for()
    assert page.evaluate("window.sent") >= 1


@pytest.mark.parametrize("method", ["FEM"])
def test_maps_without_a_unit_have_no_difference_even_if_it_is_still_chosen(visit, tmp_path, method):
    page = visit(f"?images=cat&method={method}&look=%7B%22difference%22%3Atrue%7D")
    figure(page)
    assert not page.locator(".tools [name=difference]").is_checked()
    require_drawn_by(downloaded(page, tmp_path, ".png", ".npz"), Display(), tmp_path)
    assert re.search("method=FEM", page.url)
