"""Text from outside is shown as it is, never read as Markdown, on every page."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.attacks import attacked
from ui.messages import APART, drawn, plain

UI = Path(__file__).parents[2] / "ui"
LINKS = re.compile(
    r"https?://|www\.|[-.\w+]+@[-\w]+(\.[-\w]+)+", re.IGNORECASE
)  # become links in text in GitHub's Markdown
MARKS = re.compile(r"(?<!\\)(?:\\\\)*(:[A-Za-z\[]|[$])")  # colours, icons and formulas of Streamlit
ATTACKS = [
    "![x](http://example.org/beacon.png)",
    "[click](http://example.org)",
    "<img src=x onerror=alert(1)>",
    "http://example.org",
    "www.example.org",
    "a@example.org",
    ":red[x]",
    ":material/home:",
    "$x$",
    "`x`",
    "**x**",
    "~~x~~",
    "# x",
    "- x",
    "1. x",
    "a\n\n![x](y)",
    "\\![x](y)",
    "| a | b |\n|---|---|",
    "&lt;b&gt;",
    "[x]: http://example.org",
    "===",
    "![x][y]\n\n[y]: z",
    "\u202ex",
]
PIECES = st.sampled_from(
    [*"[]()!*_`~#<>&|$:\\@-+=.1 \n\tax/", "http://", "www.", ":red", "![", "](", "&#33;", "\u2060", "\u00a0"]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)


def shown(markdown):
    """The text that Markdown shows, and all other elements that it makes."""
    (paragraph, *rest) = [
        token for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    ] or [None]
    if paragraph is None:
        return "", []
    inline = [child for token in rest for child in token.children or []]
    made = [
        token.type for token in (paragraph, *rest) if token.type not in ("paragraph_open", "inline", "paragraph_close")
    ]
    made += [child.type for child in inline if child.type not in ("text", "text_special")]
    return "".join(child.content for child in inline), made


@attacked()
@given(TEXTS)
@example(ATTACKS[0])
def test_any_text_is_shown_as_it_is(text):
    """A CommonMark parser finds nothing but the text, on one line."""
    seen, made = shown(plain(text))
    assert made == []
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    assert seen.replace(APART, "") == words.replace(APART, "").strip()


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_becomes_a_link_an_icon_or_a_formula(text):
    assert not LINKS.search(shown(plain(text))[0])
    assert not MARKS.search(plain(text))


@attacked()
@given(TEXTS)
def test_nothing_made_up_does_either(text):
    assert not LINKS.search(shown(plain(text))[0])
    assert not MARKS.search(plain(text))


def test_sentences_of_ours_stay_as_they_are():
    words = "The link asks for the method “Grad-CAM”, which is not here; GradCAM is. (See 3, 4.)"
    assert plain(words) == words


def test_a_text_is_cut():
    assert len(plain("x" * 5000)) < 700


@pytest.mark.parametrize("text", ["<a href='javascript:x'>x</a>", "a & b", "<b>", "$x$"])
def test_charts_show_text_too(text):
    assert not set(drawn(text)) & set("<>$")


def calls(path):
    """Every call of ``st.something`` in a file: its name, and the node."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "st":
            yield node.func.attr, node


def test_no_page_goes_around_it():
    """Only ``ui.messages`` shows messages."""
    around = [
        f"{path.relative_to(UI)}:{node.lineno}"
        for path in UI.rglob("*.py")
        if path.name != "messages.py"
        for name, node in calls(path)
        if name in ("error", "warning", "info", "success", "exception", "toast", "write")
    ]
    assert around == []


OURS = {
    "doubt.title",
    "', '.join(words)",
    "data",
    "METHODS[report.method].label",
    "'ROAD' if name == 'road' else name",
    "MEASUREMENTS[name].label",
    "MEASUREMENTS[name].summary",
    "summary[0].upper()",
    "summary[1:]",
    "PAIRS[name][0].upper()",
    "PAIRS[name][1:]",
}  # constants, or escaped before
OUTSIDE = {
    "name",
    "names",
    "label",
    "labels",
    "title",
    "note",
    "provenance",
    "words",
    "summary",
    "out",
    "data",
    "asked",
}


def test_names_within_markdown_are_text():
    """Values in Markdown that may come from outside pass through ``plain``."""
    bare = []
    for path in UI.rglob("*.py"):
        for name, call in calls(path):
            if name not in ("markdown", "caption", "spinner", "subheader", "header"):
                continue
            made_plain = [
                node for node in ast.walk(call) if isinstance(node, ast.Call) and ast.unparse(node.func) == "plain"
            ]
            within = {id(node) for one in made_plain for node in ast.walk(one)}
            for value in (
                node for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.FormattedValue)
            ):
                if id(value) in within or (
                    isinstance(value.value, ast.Call)
                    and ast.unparse(value.value.func)
                    in (
                        "plain",
                        "len",
                        "counted",
                        "label",
                    )
                ):
                    continue
                named = {
                    node.id if isinstance(node, ast.Name) else node.attr
                    for node in ast.walk(value.value)
                    if isinstance(node, (ast.Name, ast.Attribute))
                }
                if named & OUTSIDE and ast.unparse(value.value) not in OURS:
                    bare.append(f"{path.relative_to(UI)}:{value.lineno} {ast.unparse(value.value)}")
    assert bare == []
