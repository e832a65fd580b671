"""Evidence as a visitor meets it: every part in both themes, the way from a photograph to its maps, and the film's slider."""

import re

import pytest

from tests.browser.viewing import count_messages

LITE = "evaluated=ImageNet%2C+EfficientNet-Lite"
PARTS = {
    "numbers": "[class*=st-key-answer-] .main-svg",
    "photographs": ".st-key-points .main-svg",
    "pointing": ".mosaic .variants figure",
    "deletion": ".film .reel img",
    "own": ".st-key-evaluate button",
}


@pytest.fixture
def evidence(visit):
    """Open a part of the page, and wait until it is shown and the page is at rest."""

    def opened(part: str = "numbers", **options):
        page = visit(f"evidence?{LITE}&part={part}", **options)
        return rested(page, part)

    return opened


def rested(page, part: str):
    page.locator(PARTS[part]).first.wait_for()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(400)
    return page


@pytest.mark.parametrize(
    ("name", "parts", "options"),
    [
        ("light", list(PARTS), {}),
        pytest.param("dark", ["numbers", "deletion"], {"theme": "dark", "height": 1700}, marks=pytest.mark.slow),
        ("phone", list(PARTS), {"width": 390, "height": 844, "theme": "dark"}),
    ],
)
def test_every_part_shows_and_fits(evidence, screenshot, name, parts, options):
    page = evidence("numbers", **options)
    for part in parts:
        page.locator(".st-key-part button").nth(list(PARTS).index(part)).click()
        rested(page, part)
        spare = page.locator("[data-testid=stMain]").evaluate("main => main.clientWidth - main.scrollWidth")
        assert spare >= 0, "the page is wider than the window"
        assert not page.locator("[data-testid=stAlertContentError]").count()
        screenshot(page, f"evidence-{part}-{name}")


def test_a_point_leads_to_the_maps_of_its_photograph(evidence):
    page = evidence("photographs")
    point = page.locator(".st-key-points .point").nth(3).bounding_box()
    page.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    page.get_by_role("button", name="See its maps on Compare").click()
    page.locator(".rows .panel canvas").nth(3).wait_for()
    name = page.locator(".row .name").inner_text()
    assert page.locator(".row").count() == 1
    assert re.search(f"images={name.lower().replace(' ', '-')}", page.url)


def test_a_line_around_points_lists_them_alone(evidence, screenshot):
    page = evidence("photographs")
    grid = page.locator(".st-key-rows [role=grid]")
    before = int(grid.get_attribute("aria-rowcount"))
    boxes = [point.bounding_box() for point in page.locator(".st-key-points .point").all()]
    left, right = (side(box["x"] for box in boxes) for side in (min, max))
    top, bottom = (side(box["y"] for box in boxes) for side in (min, max))
    middle = (left + right) / 2
    page.locator(".st-key-points [data-val=lasso]").click()
    page.mouse.move(left - 8, top - 8)
    page.mouse.down()
    for x, y in ((middle, top - 8), (middle, bottom + 16), (left - 8, bottom + 16), (left - 8, top - 4)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    inside = sum(box["x"] + box["width"] / 2 < middle for box in boxes)
    assert 1 < inside < len(boxes)
    page.wait_for_function(
        "([found, rows]) => Math.abs(document.querySelector('.st-key-rows [role=grid]').ariaRowCount - 1 - rows) <= 1",
        arg=[before, inside],
    )
    screenshot(page, "evidence-circled")


def test_a_tile_is_explained_without_the_server(evidence):
    page = evidence("pointing")
    shown = page.locator(".variants .frame").last
    before = shown.get_attribute("style"), page.locator(".variants figcaption").last.inner_text()
    count_messages(page)
    page.locator(".original .tile").nth(2).click()
    assert (shown.get_attribute("style"), page.locator(".variants figcaption").last.inner_text()) != before
    assert (
        page.locator(".original figcaption").inner_text().endswith(page.locator(".original .tile").nth(2).inner_text())
    )
    assert page.evaluate("window.sent") == 0


def test_the_slider_moves_both_films(evidence):
    page = evidence("deletion")
    images = page.locator(".reel img")
    first = [images.nth(place).get_attribute("src") for place in (0, 1)]
    page.locator(".slide input").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator(".slide output").inner_text() == "15 %"
    assert all(images.nth(place).get_attribute("src") != first[place] for place in (0, 1))
    readings = page.locator(".reading").all_inner_texts()
    assert all(re.search(r": cocker spaniel (< )?\d+ %$", reading) for reading in readings)


def test_chosen_photographs_are_evaluated_with_progress(evidence, screenshot):
    page = evidence("own")
    names = (
        "airplane",
        "coffee cup",
        "djembe and wine",
        "guitar and drums",
        "kitten",
        "proboscis monkeys",
        "red panda",
    )
    for name in (*names, "spaniels", "spoonbills", "taj mahal"):
        page.locator(".st-key-own-photographs").get_by_text(name, exact=True).click()
        page.wait_for_timeout(150)
    page.get_by_role("button", name="Evaluate 2 photographs").click()
    page.get_by_role("progressbar").first.wait_for()
    page.get_by_text("too few to tell").first.wait_for()
    assert page.get_by_text("2 photographs").first.is_visible()
    screenshot(page, "evidence-own-evaluated")
