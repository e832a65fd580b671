"""The lesson in a real browser: keys step through it, sliders move it, a link restores it, in both themes and on a phone."""

import time

import pytest

from ui.pages.scaling.steps import STEPS

PROBES = "/scaling/_stcore/"  # Streamlit looks for its server below the page's path first; the browser logs the 404
DRAWING = "svg.network"


@pytest.fixture
def lesson(server, browser):
    """Open the page in a new browser session: ``lesson("step=3", width=390)``; fails on errors in its console."""
    contexts, problems = [], []

    def note(message) -> None:
        if message.type == "error" and PROBES not in message.location.get("url", ""):
            problems.append(message.text)

    def opened(query: str = "", width: int = 1280, height: int = 720, theme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{server}/scaling?{query}")
        page.locator(DRAWING).wait_for()
        page.locator(".stPlotlyChart .main-svg").first.wait_for()
        return rested(page)

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def rested(page):
    """Wait until the server has run and neither the address nor the drawing has changed for half a second."""
    before = None
    while (now := (page.url, page.locator(DRAWING).inner_html())) != before:
        before = now
        page.wait_for_timeout(500)
        page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    return page


def headline(page, step: int) -> None:
    """Wait for a step's headline."""
    page.get_by_role("heading", name=STEPS[step - 1].headline).wait_for()


def move(page, slider: str, key: str, times: int = 1) -> None:
    """Move a slider with the keyboard and wait for its new number."""
    thumb = page.locator(f".st-key-{slider}").get_by_role("slider")
    thumb.focus()
    for _ in range(times):
        page.keyboard.press(key)
    rested(page)


def press(page, key: str, step: int) -> None:
    """Press a key that should lead to a step."""
    page.keyboard.press(key)
    headline(page, step)
    rested(page)


def test_arrow_keys_and_a_remote_step_through(lesson):
    page = lesson()
    for step in range(2, len(STEPS) + 1):
        press(page, "ArrowRight", step)
    press(page, "ArrowRight", len(STEPS))
    press(page, "PageUp", len(STEPS) - 1)
    press(page, "ArrowLeft", len(STEPS) - 2)
    assert "step=3" in page.url


def test_arrow_keys_step_after_a_click_but_belong_to_a_slider_in_focus(lesson):
    page = lesson()
    page.get_by_text("2 · Dependence").click()
    headline(page, 2)
    press(page, "ArrowRight", 3)
    move(page, "phi", "ArrowRight")
    headline(page, 3)
    assert "phi=3.1" in page.url


def test_a_slider_moves_the_drawing_soon(lesson):
    """The best of several times, because other programs run as well; Streamlit itself waits 200 ms for a slider to rest."""
    page = lesson("step=3")
    drawing, waits = page.locator(DRAWING), []
    page.locator(".st-key-phi").get_by_role("slider").focus()
    for _ in range(6):
        before, start = drawing.inner_html(), time.perf_counter()
        page.keyboard.press("ArrowUp")
        while drawing.inner_html() == before:
            assert time.perf_counter() - start < 10
            page.wait_for_timeout(5)
        waits.append(time.perf_counter() - start)
        rested(page)
    assert min(waits) < 0.6


def test_the_figure_marks_the_present_cost(lesson):
    page = lesson("step=1&d=3")
    assert "now 1.18 G" in page.locator(".stPlotlyChart").first.inner_text()
    move(page, "w", "End")
    assert "→" in page.locator(".stPlotlyChart").first.inner_text()


def test_a_link_restores_the_state_in_a_new_browser(lesson):
    page = lesson("step=3")
    move(page, "phi", "End")
    move(page, "alpha", "ArrowRight", times=2)
    sent, drawing = page.url.split("?")[1], page.locator(DRAWING).inner_html()
    again = lesson(sent)
    headline(again, 3)
    rested(again)
    assert again.locator(DRAWING).inner_html() == drawing


def test_a_figure_of_the_last_step_is_in_the_link(lesson):
    page = lesson("step=5")
    page.get_by_text("Figure 1", exact=True).click()
    page.get_by_text("GPipe").first.wait_for()
    rested(page)
    again = lesson(page.url.split("?")[1])
    assert "millions of parameters" in again.locator(".stPlotlyChart").first.inner_text()


def test_a_stage_opens_and_closes_by_pointer_and_by_keyboard(lesson):
    page = lesson("step=1&w=2.2")
    stages, maps = page.locator(f"{DRAWING} .choice"), page.locator(".activations img")
    assert stages.count() == 8
    stages.nth(4).click(position={"x": 20, "y": 120})
    page.get_by_role("heading", name="Stage 4 of the nearest trained network, Wider: 160 channels").wait_for()
    assert maps.count() == 10
    assert stages.nth(4).get_attribute("aria-pressed") == "true"
    assert "stage=4" in page.url
    page.get_by_text("butterfly", exact=True).click()
    page.locator(".activations img[alt^=butterfly]").first.wait_for()
    stages.nth(4).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Stage 5 of the nearest").wait_for()
    page.keyboard.press(" ")
    page.get_by_text("Choose a stage in the drawing").wait_for()
    rested(page)
    assert maps.count() == 0
    assert "stage=" not in page.url


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1280), pytest.param("dark", 1280, marks=pytest.mark.slow), ("dark", 390)]
)
def test_an_open_stage_fits_its_screen(lesson, screenshot, theme, width):
    page = lesson("step=3&stage=6", width=width, theme=theme)
    page.locator(".activations img").nth(9).wait_for()
    page.locator(".activations").scroll_into_view_if_needed()
    boxes = [page.locator(".activations img").nth(place).bounding_box() for place in range(10)]
    assert all(box["width"] > 60 and box["x"] + box["width"] <= width for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"scaling-stage-{theme}-{width}")


@pytest.mark.parametrize("theme", [pytest.param("light", marks=pytest.mark.slow), "dark"])
def test_words_in_the_drawing_follow_the_theme(lesson, theme):
    page = lesson("step=3", theme=theme)
    colours = [
        page.locator(place).first.evaluate(f"element => getComputedStyle(element).{style}")
        for place, style in ((f"{DRAWING} text", "fill"), ("[data-testid=stMarkdownContainer] p", "color"))
    ]
    assert colours[0] == colours[1]


@pytest.mark.parametrize(
    ("theme", "width", "height"),
    [
        ("light", 1280, 720),
        ("dark", 390, 844),
        pytest.param("dark", 1280, 720, marks=pytest.mark.slow),
        pytest.param("light", 390, 844, marks=pytest.mark.slow),
    ],
)
def test_every_step_fits_its_screen(lesson, screenshot, theme, width, height):
    page = lesson(width=width, height=height, theme=theme)
    for step in range(1, len(STEPS) + 1):
        if step > 1:
            press(page, "ArrowRight", step)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        screenshot(page, f"scaling-{step}-{theme}-{width}")


def test_the_stopwatch_measures_on_a_click(lesson):
    page = lesson()
    for name in ("Depth", "Width", "Resolution", "Compound", "EfficientNet-B1", "ResNet-152"):
        page.locator(".st-key-timed").get_by_text(name, exact=True).click()
        rested(page)
    page.get_by_role("button", name="Measure").click()
    page.locator(".st-key-latency-chart .main-svg").first.wait_for()
    assert " ms" in page.locator(".st-key-latency-chart").inner_text()
