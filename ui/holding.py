"""How much of what visitors upload and fetch is held in memory: Streamlit's own limit is for one file, these are for all."""

import threading
from typing import Any

from starlette.exceptions import HTTPException
from streamlit import runtime

from ui.shared import keep_watch

MOST_EACH = 256 * 2**20  # bytes of one visitor's uploads
MOST_ALL = 2**30  # bytes of everybody's
MOST_SENT = 2**30  # bytes that are held for browsers to fetch, pictures among them, of all visitors
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


def has_room(size: int) -> bool:
    """Whether a file of so many bytes may be held for a browser beside those of all visitors."""
    return not runtime.exists() or held_for_browsers(runtime.get_instance().media_file_mgr) + size <= MOST_SENT


def held_for_browsers(manager: Any) -> int:
    """Bytes of the files that a ``MediaFileManager`` holds until no session shows them any more."""
    found = manager._storage.get_stats().values()
    return sum(one.byte_length for stats in found for one in stats)
