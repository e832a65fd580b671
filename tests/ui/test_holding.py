"""What visitors upload is held within limits, and dropped when they leave."""

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path
from threading import Lock
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from streamlit import config
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.runtime import AsyncObjects, Runtime
from streamlit.runtime.scriptrunner import ScriptRunner, script_runner
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner
from streamlit.testing.v1.util import patch_config_options

from ui import holding, shared, uploads
from ui.holding import held_for_browsers, limit_uploads
from ui.photographs import Photograph


def upload(manager, session, size, number=0):
    manager.add_file(session, UploadedFileRec(f"{session}-{number}", "x.jpg", "image/jpeg", bytes(size)))


@pytest.fixture
def manager(monkeypatch):
    monkeypatch.setattr(holding, "MOST_EACH", 100)
    monkeypatch.setattr(holding, "MOST_ALL", 250)
    made = MemoryUploadedFileManager("/upload")
    limit_uploads(made)
    limit_uploads(made)  # at every start of a page
    return made


def test_one_visitors_uploads_are_limited_together(manager):
    upload(manager, "ann", 60)
    with pytest.raises(HTTPException) as caught:
        upload(manager, "ann", 41, 1)
    assert caught.value.status_code == 413
    upload(manager, "ann", 40, 1)
    upload(manager, "ben", 100)
    assert holding.held_by_session(manager) == {"ann": 100, "ben": 100}


def test_everybodys_uploads_are_limited_together_and_room_comes_back(manager):
    for name in ("ann", "ben"):
        upload(manager, name, 100)
    with pytest.raises(HTTPException):
        upload(manager, "cem", 51)
    manager.remove_session_files("ann")
    upload(manager, "cem", 51)


class Large:
    """An object whose deletion can be observed."""


@pytest.fixture
def asked(monkeypatch):
    """A shared function with personal results; call ``ask(visitor, key)``."""

    @shared.shared(8, personal=lambda key: key != "sample")
    def made(key):
        return Large()

    def ask(visitor, key):
        monkeypatch.setattr(shared, "visitor", lambda: visitor)
        return weakref.ref(made(key))

    return ask


def test_results_go_with_the_last_who_asked_for_them(asked):
    both, anns, sample = asked("ann", "both"), asked("ann", "hers"), asked("ann", "sample")
    assert asked("ben", "both")() is both()
    shared.forget_who_left({"ben"}.__contains__)
    gc.collect()
    assert anns() is None
    assert both() is not None
    shared.forget_who_left(set().__contains__)
    gc.collect()
    assert both() is None
    assert sample() is not None


def test_the_watch_asks_streamlit_who_is_there(asked, monkeypatch):
    """One check of the thread, without waiting for it."""
    hers = asked("ann", "hers")
    turns = iter([None])
    monkeypatch.setattr(shared, "time", SimpleNamespace(sleep=lambda _: next(turns)))  # of this thread only
    monkeypatch.setattr(shared.runtime, "exists", lambda: True)
    monkeypatch.setattr(shared.runtime, "get_instance", lambda: SimpleNamespace(is_active_session=lambda one: False))
    run, told = [], []
    monkeypatch.setattr(shared, "let_sessions_go", told.append)
    monkeypatch.setattr(
        shared.threading, "Thread", lambda target, **_: run.append(target) or SimpleNamespace(start=Lock)
    )
    shared.keep_watch.__wrapped__()
    with pytest.raises(StopIteration):
        run[0]()
    gc.collect()
    assert hers() is None
    assert len(told) == 1


def test_pages_that_start_at_once_start_one_watch(monkeypatch):
    """Starting it takes a while, in which the others come to it too."""
    started, together = [], threading.Barrier(4)

    def slow_thread(**_):
        time.sleep(0.05)
        return SimpleNamespace(start=lambda: started.append(1))

    def begin():
        together.wait(5)
        holding.guard()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    shared.keep_watch.cache_clear()
    monkeypatch.setattr(shared, "threading", SimpleNamespace(Thread=slow_thread))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    shared.keep_watch.cache_clear()
    assert started == [1]


def test_sessions_of_the_last_who_left_go_too(monkeypatch):
    """Streamlit keeps them for two minutes, and then until somebody else leaves."""
    given_back = []
    monkeypatch.setattr(shared, "_give_back", lambda: given_back.append(1))
    loop, storage, session = asyncio.new_event_loop(), MemorySessionStorage(ttl_seconds=0.1), Large()
    there = threading.Thread(target=loop.run_forever)
    there.start()
    server = SimpleNamespace(
        _session_mgr=SimpleNamespace(_session_storage=storage), _get_async_objs=lambda: SimpleNamespace(eventloop=loop)
    )
    session.id, left = "ann", weakref.ref(session)
    storage.save(SessionInfo(None, session))
    del session
    assert shared.let_sessions_go(server) == 0
    assert left() is not None
    time.sleep(0.15)
    assert shared.let_sessions_go(server) == 1
    assert left() is None
    assert given_back == [1]
    loop.call_soon_threadsafe(loop.stop)
    there.join()
    loop.close()


def test_a_streamlit_that_keeps_its_sessions_elsewhere_drops_them_itself():
    assert shared.let_sessions_go(SimpleNamespace()) == 0


def test_streamlits_server_has_what_is_asked_of_it():
    """Names that are its own affair: a version that changes them shows here."""
    manager = WebsocketSessionManager(MemorySessionStorage(), None, None, None)
    assert manager._session_storage._cache.expire() == []
    assert callable(Runtime._get_async_objs)
    assert "eventloop" in AsyncObjects._fields


def test_photographs_of_all_visitors_are_limited_together_and_room_comes_back(monkeypatch):
    """Besides the uploads in Streamlit, pages hold copies of those that they use."""
    said, there = [], []
    monkeypatch.setattr(uploads, "MOST_OF_ALL", 100)
    monkeypatch.setattr(uploads, "chosen", lambda: [])
    monkeypatch.setattr(uploads, "say_later", said.append)
    monkeypatch.setattr(uploads.st, "session_state", SimpleNamespace())
    for name in "ab":
        uploads.add([Photograph.of(name, bytes(60) + name.encode())])
        there.append(uploads.st.session_state.photographs)
    assert said == ["The server holds as many photographs as it can; try again when other visitors have left."]
    there.clear()
    uploads.st.session_state.photographs = []
    gc.collect()
    uploads.add([Photograph.of("b", bytes(60))])
    assert len(said) == 1


@pytest.mark.parametrize(("settings", "searched"), [({}, []), ({"runner.postScriptGC": True}, [2])])
def test_a_rerun_does_not_search_all_memory_for_garbage(settings, searched, monkeypatch):
    """With PyTorch loaded this stops all threads for 0.3 s, and each phone of a hall asks every 1.5 s.

    Streamlit's own setting, the other way round, shows that a search would be seen.
    """
    generations = []
    monkeypatch.setattr(script_runner, "gc", SimpleNamespace(collect=generations.append))  # other threads may search
    monkeypatch.setattr(LocalScriptRunner, "_on_script_finished", ScriptRunner._on_script_finished)  # as on a server
    monkeypatch.setattr(config, "_config_options", None)  # the project's file is read again, whatever was read before
    monkeypatch.chdir(Path(__file__).parents[2])
    with patch_config_options(settings):
        AppTest.from_string("import streamlit as st; st.write('polled')").run()
    assert generations == searched


def test_a_system_whose_memory_goes_back_by_itself_is_left_alone(monkeypatch):
    """Without glibc there is nothing to call, and on Windows no library without a name either."""

    def nameless(name):
        raise TypeError(f"expected the name of a library, not {name}")

    monkeypatch.setattr("ctypes.CDLL", nameless)
    shared._give_back()


def test_files_for_browsers_are_counted_until_no_session_shows_them():
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    assert held_for_browsers(manager) == 0
    manager._storage.load_and_get_id(bytes(300), "application/zip", MediaFileKind.DOWNLOADABLE, "a.zip")
    manager._storage.load_and_get_id(bytes(40), "image/png", MediaFileKind.MEDIA)
    assert held_for_browsers(manager) == 340
