"""The page Export in a real browser: upload, close the page, come back, download; and the gallery, from its file."""

import io
import re
import zipfile

import pytest
from PIL import Image

LITE = "study=ImageNet%2C+EfficientNet-Lite"


def rested(page):
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(300)
    return page


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {}),
        pytest.param("dark", {"theme": "dark"}, marks=pytest.mark.slow),
        ("phone", {"width": 390, "height": 844, "theme": "dark"}),
    ],
)
def test_the_page_fits(visit, screenshot, name, options):
    page = visit("export", **options)
    page.get_by_text("What you get").wait_for()
    rested(page)
    spare = page.locator("[data-testid=stMain]").evaluate("main => main.clientWidth - main.scrollWidth")
    assert spare >= 0, "the page is wider than the window"
    assert page.get_by_role("button", name="Start the export").is_disabled()
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Transparent background").wait_for()
    page.wait_for_timeout(300)
    screenshot(page, f"export-{name}")


def test_an_export_outlives_its_page_and_its_gallery_opens_from_a_file(visit, screenshot, samples, browser, tmp_path):
    page = visit(f"export?{LITE}&variants=Lite0")
    page.get_by_text("What you get").wait_for()
    page.locator("input[type=file]").set_input_files([samples / "meerkats.jpg", samples / "cat.jpg"])
    rested(page)
    page.get_by_role("button", name="Start the export").click()
    page.get_by_text("You may close this page").wait_for()
    address = page.url
    assert re.search(r"job=[0-9a-f]{32}", address)
    page.close()
    page = visit(address.split("/", 3)[3])
    page.get_by_text("2 photographs exported").wait_for(timeout=300_000)
    rested(page)
    screenshot(page, "export-finished")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download (").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    check_gallery(browser, tmp_path / "compound-cam", screenshot)


def check_gallery(browser, folder, screenshot):
    """Check a gallery opened from disk, without a server: pictures load, the search works, a click shows the figure."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith("file:") else None)
    page.goto((folder / "index.html").as_uri())
    page.locator(".card").nth(1).wait_for()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth)")
    screenshot(page, "export-gallery")
    names = page.locator(".card b:first-child").all_text_contents()
    assert {"cat.jpg", "meerkats.jpg"} <= set(names)
    page.get_by_label("Search names and classes").fill("meer")
    assert page.locator(".card").count() == 1
    assert page.get_by_role("status").text_content() == "1 of 2 images"
    page.get_by_label("Search names and classes").fill("")
    page.get_by_label("Sort by").select_option("entropy")
    lowest = page.locator(".card").first.get_attribute("title")
    page.get_by_text("Ascending").click()
    assert page.locator(".card").first.get_attribute("title") != lowest
    page.locator(".card[title='cat.jpg']").click()
    figure = page.locator("#picture img")
    page.wait_for_function("document.querySelector('#picture img').naturalWidth > 300")
    with Image.open(folder / figure.get_attribute("src")) as picture:
        assert figure.evaluate("image => image.naturalWidth") == picture.width
    page.keyboard.press("Escape")
    assert not page.locator("dialog").get_attribute("open")
    context.close()
    assert not problems
