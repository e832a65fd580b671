"""Photographs that visitors bring: each once, and counted together also when they come at the same moment."""

import threading
import weakref
from types import SimpleNamespace

import pytest

from ui import uploads
from ui.photographs import Photograph


class State(dict):
    """As Streamlit's: its entries are attributes, too."""

    __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__


@pytest.fixture
def page(monkeypatch):
    """What a page without photographs holds, and what is said on it."""
    said = []
    monkeypatch.setattr(uploads, "say_later", said.append)
    monkeypatch.setattr(uploads.st, "session_state", State(photographs=[]))
    return SimpleNamespace(said=said, shown=lambda: uploads.st.session_state.photographs)


def test_a_file_that_comes_twice_is_one_photograph(page):
    """Rows are removed by the sha256 of their bytes, so one click would remove both."""
    once = [Photograph.of(name, content) for name, content in (("a", b"1"), ("b", b"2"), ("again", b"1"))]
    uploads.add(once)
    uploads.add(once[2:])
    assert page.shown() == once[:2]


def test_visitors_who_come_at_the_same_moment_are_counted_one_after_the_other(page, monkeypatch):
    """While the sizes are added up another visitor comes, and only one of them has room."""
    monkeypatch.setattr(uploads, "_brought", weakref.WeakValueDictionary())
    monkeypatch.setattr(uploads, "MOST_OF_ALL", 170)
    second = threading.Thread(target=lambda: uploads.add([Photograph.of("second", bytes(60))]), daemon=True)

    class Counted(bytes):
        def __len__(self):
            if not second.ident:
                second.start()
                second.join(0.2)
            return super().__len__()

    there = Photograph("there", Counted(60), "there")
    uploads._brought[id(there)] = there
    uploads.add([Photograph.of("first", bytes(61))])
    second.join(5)
    assert [one.name for one in page.shown()] == ["first"]
    assert page.said == ["The server holds as many photographs as it can; try again when other visitors have left."]
