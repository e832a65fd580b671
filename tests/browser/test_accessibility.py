"""axe-core finds nothing serious on any page in both themes, and the console stays empty: pytest -m slow, after npm ci."""

import json
from pathlib import Path

import pytest

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
PAGES = {
    "": ".story .plots .dot",
    "compare?images=red-panda": ".rows .panel canvas",
    "scaling?step=1": ".nearest canvas",
    "scaling?step=3&stage=4": ".activations img",
    "evidence?evaluated=Caltech-101%2C+the+same+five": ".stPlotlyChart .main-svg",
    "export": "[data-testid=stFileUploader]",
    "?mode=lecture&scene=1": ".scene .printed-maps canvas",
    "?mode=lecture&scene=2&build=3": ".scene .tiles canvas",
    "?mode=lecture&scene=3&build=2": ".scene .drawing rect",
    "?mode=lecture&scene=4&build=3": ".scene .gain",
    "?mode=lecture&scene=8": ".scene .legend",
    "?mode=lecture&scene=9": ".scene .joining",
    "?mode=lecture&scene=9&build=2": ".scene .sought",
    "?mode=lecture&scene=10&build=3": ".scene .dots",
    "?mode=lecture&scene=11&build=2": ".scene .points",
    "?mode=speaker": ".speaking .notes",
    "?mode=handout": ".handout[data-ready=yes]",
    "?mode=vote&room=nobody": ".voting h1",
}
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(visit, path, theme):
    page = visit(path, theme=theme)
    page.locator(PAGES[path]).first.wait_for()
    at_rest(page)
    found = findings(page)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_serious_in_the_large_view(visit):
    page = visit("compare?images=red-panda", theme="dark")
    page.locator(".rows .panel canvas").nth(1).wait_for()
    page.locator(".rows .panel").nth(1).click()
    page.keyboard.press("t")
    page.locator(".apart .tile").first.wait_for()
    at_rest(page)
    found = findings(page)
    assert not found, "\n".join(found)


def at_rest(page) -> None:
    """Wait until no element is faint, as Streamlit draws those that it is about to replace."""
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(1500)


def findings(page) -> list[str]:
    """What axe calls serious or critical: its rule, the element, and how it fails."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        json.dumps([rule["id"], node["target"], node["failureSummary"][:300]])
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
