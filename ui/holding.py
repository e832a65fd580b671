"""How much of what visitors upload is held in memory: Streamlit's own limit is for one file, these are for all of them."""

import threading
from typing import Any

from starlette.exceptions import HTTPException
from streamlit import runtime

from ui.shared import keep_watch

MOST_EACH = 256 * 2**20  # bytes of one visitor's uploads
MOST_ALL = 2**30  # bytes of everybody's
MARK = "limited"

_guarding = threading.Lock()  # pages of several visitors may start at once


def guard() -> None:
    """Hold what visitors bring within limits, and let go what they leave; for the start of every page."""
    with _guarding:
        keep_watch()
        if runtime.exists():
            limit_uploads(runtime.get_instance().uploaded_file_mgr)


def limit_uploads(manager: Any) -> None:
    """Have Streamlit's store of uploads refuse, with status 413, what one visitor or all would have too much of.

    Args:
        manager: a ``MemoryUploadedFileManager``; done once for each.
    """
    if getattr(manager, MARK, False):
        return
    add = manager.add_file

    def checked(session_id: str, file: Any) -> None:
        held = held_by_session(manager)
        if held.get(session_id, 0) + len(file.data) > MOST_EACH or sum(held.values()) + len(file.data) > MOST_ALL:
            raise HTTPException(413, "the server holds as many uploads as it can; take some away first")
        add(session_id, file)

    manager.add_file = checked
    setattr(manager, MARK, True)


def held_by_session(manager: Any) -> dict[str, int]:
    """Bytes of each session's uploads."""
    with manager._lock:
        return {
            session: sum(len(one.data) for one in files.values()) for session, files in manager.file_storage.items()
        }
