"""Choices on Compare that the server answers: class, method, study, photographs, links and downloads."""

import io
import re
import zipfile

import numpy as np
from PIL import Image

from tests.browser.viewing import change, choose, figure, pixels


def test_another_class_method_and_study_change_the_panels(visit, screenshot):
    page = visit("?images=cat")
    figure(page)
    before = pixels(page)
    choose(page, "Class", "lynx")
    page.locator(".explained", has_text="lynx").wait_for()
    figure(page)
    other_class = pixels(page)
    choose(page, "Method", "FEM")
    page.wait_for_function(
        "!document.querySelector('.stCustomComponent, [data-testid=stBidiComponentRegular]')?.hidden"
    )
    page.locator(".tools [name=scale][value=row]:disabled").wait_for(state="attached")
    figure(page)
    assert np.abs(other_class - before).mean() > 2
    assert np.abs(pixels(page) - other_class).mean() > 2
    choose(page, "Study", "official")
    page.get_by_text("None of these networks is here").wait_for()
    screenshot(page, "compare-nothing")


def test_uploads_show_beside_a_broken_one(visit, screenshot):
    page = visit("?images=cat")
    figure(page)
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, "JPEG")
    page.get_by_role("button", name="Photographs").click()
    page.locator("input[type=file]").first.set_input_files(
        [
            {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()},
            {"name": "broken.png", "mimeType": "image/png", "buffer": b"nothing"},
        ]
    )
    page.locator(".name", has_text="mine.jpg").wait_for()
    assert page.get_by_text("'broken.png' is not an image").is_visible()
    screenshot(page, "compare-upload")


def test_the_gallery_adds_and_the_cross_takes_away(visit, screenshot):
    page = visit("?images=cat,spaniels")
    figure(page)
    page.get_by_role("button", name="Photographs").click()
    page.get_by_role("button", name="red panda").click()
    page.locator(".name", has_text="red panda").wait_for()
    screenshot(page, "compare-gallery")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take cat away").click()
    page.locator(".name", has_text="cat").wait_for(state="detached")
    assert page.locator(".row").count() == 2


def test_a_bar_of_the_answers_becomes_the_class_by_keyboard_as_well(visit):
    page = visit("?images=cat")
    figure(page)
    bars = page.locator(".answers .guess")
    assert bars.count() == 25
    bars.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("target="))
    page.locator(".explained", has_not_text="Egyptian cat").wait_for()
    page.locator(".answers div:first-child li:nth-child(2) .guess[aria-pressed=true]").wait_for()
    page.locator(".answers .guess", has_text="Egyptian cat").first.click()
    page.locator(".explained", has_text="Egyptian cat").wait_for()


def test_a_link_restores_everything_in_another_browser(visit):
    page = visit("?images=cat,red-panda&target=Each+its+own&method=LayerCAM")
    figure(page)
    change(page, "colours", "cividis")
    change(page, "opacity", 0.4)
    change(page, "cells", 1)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    shown = pixels(page)
    other = visit(link.split("/", 3)[3])
    figure(other)
    assert np.array_equal(pixels(other), shown)
    assert other.locator(".name").all_inner_texts() == page.locator(".name").all_inner_texts()
    assert other.get_by_role("combobox", name="Method").input_value() == "LayerCAM"


def test_a_forged_link_is_said(visit, screenshot):
    page = visit('?images=cat,unicorn&method=nonsense&look={"opacity":"loud","colours":"pink"}')
    figure(page)
    assert page.get_by_text("unicorn").is_visible()
    assert page.locator("[name=colours]").input_value() == "inferno"
    screenshot(page, "compare-forged-link")


def test_downloads_open_and_hold_every_panel(visit, tmp_path):
    page = visit("?images=cat,spaniels")
    figure(page)
    page.get_by_role("button", name="Download").click()
    files = {}
    for label in ("PNG", "PDF", "SVG", "Raw maps"):
        with page.expect_download() as download:
            page.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        files[label] = path.read_bytes()
    assert Image.open(io.BytesIO(files["PNG"])).width > 1000
    assert files["PDF"].startswith(b"%PDF")
    assert files["PDF"].count(b"/Subtype /Image") >= 12
    assert files["SVG"].count(b"<image") >= 12
    names = zipfile.ZipFile(io.BytesIO(files["Raw maps"])).namelist()
    assert sum(name.startswith("maps/") for name in names) == 5


def test_a_photograph_of_no_class_leads_to_the_study_that_knows_it(visit):
    page = visit("?images=spaniels,rhinoceros&study=Caltech-101%2C+the+same+five")
    page.locator(".outside", has_text="none of the 101 classes may fit").wait_for()
    assert page.locator(".outside").count() == 1
    page.get_by_role("button", name="Everyday photographs: cocker spaniel").click()
    page.locator(".explained", has_text="cocker spaniel").wait_for()
    menu = page.get_by_role("combobox", name="Class")
    menu.click()
    menu.fill("dog")
    page.get_by_role("option", name="pug (dog)").click()
    page.wait_for_url(re.compile("target=pug"))
