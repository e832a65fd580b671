"""What tests do with the viewer on Compare: wait until it is drawn, read its pixels, use its tools."""

import base64
import io

import numpy as np
from PIL import Image

PANEL = ".rows .panel[data-row='{row}'][data-column='{column}']"


def figure(page, row: int = 0, column: int = 5):
    """One panel, once it is drawn and the page has come to rest."""
    panel = page.locator(PANEL.format(row=row, column=column))
    panel.locator("canvas").wait_for()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
    page.wait_for_timeout(250)
    return panel


def pixels(page, row: int = 0, column: int = 5) -> np.ndarray:
    """RGB pixels of a panel's canvas."""
    canvas = page.locator(PANEL.format(row=row, column=column) + " canvas")
    content = base64.b64decode(canvas.evaluate("canvas => canvas.toDataURL()").split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.int16)


def change(page, name: str, value) -> None:
    """Set one of the viewer's tools."""
    tool = page.locator(f".tools :is(input, select)[name={name}]")
    kind = tool.first.evaluate("input => input.type")
    if kind == "checkbox":
        page.locator(f".tools [name={name}] + span").click()
    elif kind == "radio":
        page.locator(f".tools [name={name}][value={value}] + span").click()
    elif kind == "range":
        tool.fill(str(value))
    else:
        tool.select_option(value)
    page.wait_for_timeout(120)


def choose(page, label: str, words: str) -> None:
    """Type into one of the page's choices and take the first match."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(words)
    box.press("Enter")


def count_messages(page) -> None:
    """Let ``window.sent`` count the messages that the browser sends to the server from now on."""
    page.evaluate(
        "() => { const send = WebSocket.prototype.send; window.sent = 0; "
        "WebSocket.prototype.send = function (...what) { window.sent += 1; return send.apply(this, what) } }"
    )
