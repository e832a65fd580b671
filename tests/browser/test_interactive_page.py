"""The figure as one HTML file, opened from disk by a browser without a network connection."""

import re

import pytest
from PIL import Image, ImageChops

CANVAS = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module")
def file(server, browser, tmp_path_factory):
    """The file that the app offers for download, and the pixels of the app's own panels."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server}/?images=red-panda,meerkats")
    page.locator(".rows .panel").nth(11).wait_for()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Interactive page").click()
    path = tmp_path_factory.mktemp("interactive") / "figure.html"
    download.value.save_as(path)
    page.keyboard.press("Escape")
    shown = page.locator(".rows .panel").nth(1).locator("canvas")
    shown.screenshot(path=path.with_name("app.png"))
    context.close()
    return path


@pytest.fixture
def opened(file, browser):
    """The file in a browser without a network connection; fails on errors in its console."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.goto(file.as_uri())
    page.locator(".rows .panel").nth(11).wait_for()
    yield page
    context.close()
    assert not problems


def test_it_draws_what_the_app_drew(opened, file, screenshot):
    panel = opened.locator(".rows .panel").nth(1).locator("canvas")
    opened.wait_for_timeout(500)
    with Image.open(file.with_name("app.png")) as app:
        width = app.width
    opened.set_viewport_size({"width": 1280 + 6 * round(width - panel.bounding_box()["width"]), "height": 720})
    opened.wait_for_timeout(500)
    panel.screenshot(path=file.with_name("own.png"))
    screenshot(opened, "interactive-page")
    app, own = (Image.open(file.with_name(name)).convert("RGB") for name in ("app.png", "own.png"))
    levels = ImageChops.difference(app, own.resize(app.size)).histogram()
    far = sum(count for level, count in enumerate(levels) if level % 256 > 24)
    assert far < 0.02 * 3 * app.width * app.height


def test_another_class_is_another_map(opened):
    """The file has the maps of all classes that the networks guess."""
    panel = opened.locator(".rows .panel").nth(1).locator("canvas")
    menu = opened.locator("[name=asked]")
    words = menu.locator("option").all_text_contents()
    assert words[:2] == ["what most networks see in each photograph", "what each network sees itself"]
    assert len(words) > 4
    assert "meerkat" in words
    before = panel.evaluate(CANVAS)
    menu.select_option(label="meerkat")
    opened.wait_for_timeout(300)
    assert panel.evaluate(CANVAS) != before
    menu.select_option(label=words[0])
    opened.wait_for_timeout(300)
    assert panel.evaluate(CANVAS) == before


def test_values_zoom_and_the_large_view_work_without_a_server(opened):
    panel = opened.locator(".rows .panel").nth(1)
    panel.hover()
    assert re.search(r"[+−-]?\d", opened.locator(".rows .panel").nth(2).locator(".chip").text_content())
    panel.click()
    assert opened.locator("dialog.stage").evaluate("dialog => dialog.open")


def test_it_is_small_and_offers_nothing_that_needs_a_server(opened, file):
    assert file.stat().st_size < 3e6
    for name in ("[name=link]", ".remove"):
        assert not any(one.is_visible() for one in opened.locator(name).all())
