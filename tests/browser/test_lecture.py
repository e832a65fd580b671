"""A lecture in a real browser: keys, builds, text that can be read from the last row, votes, and the speaker's window."""

import time

import pytest

from ui.lecture.scenes import EXAMPLE, read_scenes

SCENES = read_scenes(EXAMPLE, ("", "compare", "scaling", "evidence", "export"))
GUESS = next(number for number, scene in enumerate(SCENES, 1) if scene.show == "guess")
SMALLEST = 0.022  # of the window's height
# Finds texts that are too small, parts outside the window, and how far down and to the right a scene reaches.
LOOK_AT = """(least) => {
  const found = { small: [], cut: [], down: 0, right: 0 }
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot)
      if (!node.closest(".scene") || !node.checkVisibility({ visibilityProperty: true })) continue
      const words = [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join("")
      const box = node.getBoundingClientRect(), scale = node.ownerSVGElement ? node.getScreenCTM().d : 1
      if (words && parseFloat(getComputedStyle(node).fontSize) * scale < least * innerHeight - 0.01) found.small.push(words)
      if (!words && !node.matches("canvas, img, svg")) continue
      const beyond = box.right > innerWidth + 1 || box.left < -1 || box.top < -1
      if (beyond || box.bottom > innerHeight + 1) found.cut.push(words || node.tagName)
      if (node.closest(".body")) {
        found.down = Math.max(found.down, box.bottom / innerHeight)
        found.right = Math.max(found.right, box.right / innerWidth)
      }
    }
  }
  walk(document)
  return found
}"""


def shown(page, number: int) -> None:
    """Wait until a composed scene is shown."""
    page.locator(".shown .scene h1", has_text=SCENES[number - 1].title).wait_for()
    assert page.locator(".shown .place").inner_text() == f"{number} / {len(SCENES)}"


def at_rest(page) -> None:
    """Wait until a page of the app has come to rest."""
    page.wait_for_timeout(300)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(300)


@pytest.mark.parametrize(
    ("width", "height", "theme"), [(1280, 720, "light"), pytest.param(1920, 1080, "dark", marks=pytest.mark.slow)]
)
def test_keys_lead_through_every_build_and_the_last_row_can_read_it(visit, screenshot, width, height, theme):
    hosts = set()
    page = visit("", width, height, theme)
    page.emulate_media(reduced_motion="reduce")
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(page.url.split("?")[0] + "?mode=lecture")
    for number, scene in enumerate(SCENES, 1):
        shown(page, number)
        builds = 0
        while f"scene={number + 1}" not in page.url and builds < 12:
            page.wait_for_timeout(150)
            found = page.evaluate(LOOK_AT, SMALLEST)
            assert not found["small"] + found["cut"], (scene.title, builds, found)
            assert min(found["down"], found["right"]) > 0.75, ("half empty", scene.title, builds, found)
            screenshot(page, f"lecture-{number}-{builds}-{height}-{theme}")
            if page.locator(".bar [name=onward]").is_disabled():
                break
            page.keyboard.press("ArrowRight" if number % 2 else "PageDown")
            builds += 1
            page.wait_for_timeout(50)
    shown(page, len(SCENES))
    page.keyboard.press("Home")
    shown(page, 1)
    assert len(hosts) == 1, hosts


def test_going_back_shows_what_the_builds_had_brought(visit):
    page = visit("?mode=lecture&scene=5")
    shown(page, 5)
    page.keyboard.press("PageUp")
    shown(page, 4)
    assert "build=3" in page.url
    assert page.locator(".gain:visible").count() == 4
    page.keyboard.press("ArrowLeft")
    assert page.locator(".gain.later").count() == 1
    page.go_back()
    shown(page, 5)


def hall_and_phones(visit):
    """The screen with a question, and two phones that opened its code."""
    hall = visit(f"?mode=lecture&scene={GUESS}")
    shown(hall, GUESS)
    hall.keyboard.press("ArrowRight")
    hall.locator(".tally .number", has_text="No votes yet").wait_for()
    address = hall.locator(".tally .code").get_attribute("alt").removeprefix("QR code of ")
    assert "mode=vote" in address
    assert hall.url.split("hall=")[1].split("&")[0] not in address
    phones = [visit(address.split("/", 3)[3], 390, 844), visit(address.split("/", 3)[3], 390, 844, "dark")]
    for phone in phones:
        phone.locator(".choices button").nth(4).wait_for()
    return hall, phones


@pytest.mark.slow
def test_the_hall_shows_votes_within_a_second(visit):
    """The quickest of three questions; needs an idle machine."""
    hall, phones = hall_and_phones(visit)
    waits = [seconds_until_shown(hall, phones)]
    for question in (2, 3):
        hall.keyboard.press("ArrowRight")
        hall.keyboard.press("ArrowRight")
        for phone in phones:
            phone.locator("figcaption", has_text=f"photograph {question} of 3").wait_for()
        waits.append(seconds_until_shown(hall, phones))
    print(f"votes were shown after {', '.join(f'{wait:.2f}' for wait in waits)} s")
    assert min(waits) < 1, waits


def test_two_phones_vote_and_the_hall_shows_both(visit, screenshot):
    hall, phones = hall_and_phones(visit)
    for phone in phones:
        assert not phone.locator(".label", has_text="ompound").count(), "nothing says whose map it is"
    seconds_until_shown(hall, phones)
    phones[0].locator(".choices button").nth(1).click()
    phones[0].locator(".choices button[aria-pressed=true]", has_text="2").wait_for()
    phones[0].locator(".said", has_text="Your vote is in").wait_for()
    hall.wait_for_timeout(600)
    assert hall.locator(".tally .number").inner_text() == "2 votes", "one vote a browser, which may be changed"
    assert not hall.locator(".votes", has_text="1").count(), "nobody follows the others"
    hall.keyboard.press("ArrowRight")
    hall.locator(".alone.revealed").wait_for()
    assert [one.strip() for one in hall.locator(".choice .votes").all_inner_texts()] == ["0", "1", "1", "0", "0"]
    assert hall.locator(".sought .whose").inner_text() == "Compound"
    screenshot(hall, "lecture-votes")
    phones[1].locator("button.sought", has_text="Compound").wait_for()
    assert phones[1].locator(".choices button").nth(0).is_disabled()
    screenshot(phones[1], "lecture-phone")


def seconds_until_shown(hall, phones) -> float:
    """Let all phones choose the third map, one after the other; seconds until the slowest vote is on the hall's screen."""
    waits = []
    for count, phone in enumerate(phones, 1):
        phone.locator(".choices button").nth(2).click()
        began = time.perf_counter()
        hall.locator(".tally .number", has_text=f"{count} vote").wait_for()
        waits.append(time.perf_counter() - began)
    return max(waits)


def test_the_speakers_window_goes_along_both_ways(visit, screenshot):
    page = visit("?mode=lecture&scene=4")
    shown(page, 4)
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.locator(".now h2", has_text="4 / 11, step 1 of 4").wait_for()
    assert SCENES[3].notes[:30] in speaker.locator(".notes p").inner_text()
    assert speaker.locator(".next h1").inner_text() == SCENES[4].title
    page.keyboard.press("ArrowRight")
    speaker.locator(".now h2", has_text="step 2 of 4").wait_for()
    speaker.keyboard.press("End")
    shown(page, len(SCENES))
    speaker.locator(".end").wait_for()
    speaker.locator("[name=back]").click()
    shown(page, len(SCENES) - 1)
    page.locator(".verdict:not(.later)").wait_for()
    speaker.keyboard.press("Home")
    shown(page, 1)
    speaker.wait_for_timeout(300)
    screenshot(speaker, "lecture-speaker")


def test_the_page_behind_a_scene_is_one_key_away(visit):
    page = visit("?mode=lecture&scene=7")
    shown(page, 7)
    page.keyboard.press("l")
    page.locator(".rows .panel canvas").first.wait_for()
    at_rest(page)
    assert page.locator(".steps output").inner_text() == f"7 / {len(SCENES)}"
    assert page.locator("[name=cells]").is_checked()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert page.locator("dialog.stage").is_visible(), "arrow keys belong to the large view while it is open"
    assert page.locator("[name=one]").input_value() == "3"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    shown(page, 7)


def test_the_handout_is_a_page_for_each_scene(visit, tmp_path):
    page = visit("?mode=handout")
    page.locator(".handout[data-ready=yes] .scene").nth(len(SCENES) - 1).wait_for()
    path = tmp_path / "deck.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    content = path.read_bytes()
    assert content.count(b"/Type /Page\n") == len(SCENES)
    assert len(content) < 4e6
