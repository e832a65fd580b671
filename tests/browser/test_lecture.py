"""A lecture in a real browser: arrow keys and a presenter's remote go from scene to scene, without any network."""

import time

from ui.lecture.scenes import EXAMPLE, read_scenes

SCENES = read_scenes(EXAMPLE, ("", "scaling", "evidence"))
READY = {
    "": ".rows .panel canvas",
    "scaling": "svg.network",
    "evidence": "[data-testid=stMain] .stPlotlyChart, .mosaic figure",
}


def shown(page, number: int) -> None:
    """Wait until a scene is there and the page has come to rest."""
    page.locator(".steps h1", has_text=SCENES[number - 1].title).wait_for()
    page.locator(READY[SCENES[number - 1].page]).first.wait_for()
    page.wait_for_timeout(300)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(300)
    assert f"scene={number}" in page.url
    assert page.locator(".steps output").inner_text() == f"{number} / {len(SCENES)}"


def test_keys_and_a_remote_step_through_every_scene(visit, screenshot):
    hosts = set()
    page = visit("")
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(page.url + "?mode=lecture")
    for number in range(1, len(SCENES) + 1):
        shown(page, number)
        assert not page.locator("[data-testid=stSidebar], [data-testid=stHeader]").locator("visible=true").count()
        assert not page.locator("[data-testid=stAlertContentError]").count()
        screenshot(page, f"lecture-{number}")
        page.keyboard.press("ArrowRight" if number % 2 else "PageDown")
    shown(page, len(SCENES))
    page.keyboard.press("PageUp")
    shown(page, len(SCENES) - 1)
    page.keyboard.press("ArrowLeft")
    shown(page, len(SCENES) - 2)
    assert len(hosts) == 1, hosts


def test_a_scene_shows_what_its_link_shows_whatever_was_chosen_before(visit):
    page = visit("?mode=lecture&scene=2&images=meerkats%2Cspoonbills")
    shown(page, 2)
    page.keyboard.press("PageDown")
    shown(page, 3)
    assert page.locator("[name=cells]").is_checked()
    page.keyboard.press("PageDown")
    shown(page, 4)
    assert "rather than" in page.locator(".explained").inner_text()
    assert not page.locator("[name=cells]").is_checked()
    page.keyboard.press("PageUp")
    shown(page, 3)
    assert [name.lower() for name in page.locator(".name").all_inner_texts()] == ["meerkats", "spoonbills"]
    assert "rather than" not in page.locator(".explained").first.inner_text()


def test_arrow_keys_belong_to_the_large_view_while_it_is_open(visit):
    page = visit("")
    page.goto(page.url + "?mode=lecture&scene=1&images=butterfly%2Crhinoceros")
    shown(page, 1)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert page.locator("dialog.stage").is_visible()
    assert page.locator("[name=one]").input_value() == "3"
    assert "scene=1" in page.url
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    shown(page, 2)


def test_a_step_does_not_take_long(visit):
    """From one scene of Compare to the next, photographs seen before: the best of three."""
    page = visit("?mode=lecture&scene=3&images=meerkats%2Cspoonbills")
    shown(page, 3)
    waits = []
    for number in (2, 3, 2, 3, 2, 3):
        start = time.perf_counter()
        page.keyboard.press("PageUp" if number == 2 else "PageDown")
        page.locator(".steps h1", has_text=SCENES[number - 1].title).wait_for()
        page.locator(".row .name", has_text="spoonbills").wait_for()
        waits.append(time.perf_counter() - start)
        page.wait_for_timeout(600)
    assert min(waits) < 1.5
