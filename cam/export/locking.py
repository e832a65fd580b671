"""Several processes may export into one folder; one that is alone there removes what killed processes left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: a process cannot tell whether others are at work, so nothing is removed
    fcntl = None  # type: ignore[assignment]


@contextmanager
def at_work(out: Path) -> Iterator[None]:
    """Hold a shared lock on ``out``; on entering and on leaving, partial files are removed where no other process holds one.

    Raises:
        OSError: the folder cannot be written to.
    """
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "ab") as file:
        if fcntl:
            _sweep_if_alone(out, file.fileno())
            fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if fcntl:
                _sweep_if_alone(out, file.fileno())


def busy(out: Path) -> bool:
    """Whether a process is exporting into ``out``; always False on Windows, where this cannot be told."""
    if not fcntl or not (out / ".lock").is_file():
        return False
    with open(out / ".lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _sweep_if_alone(out: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    for path in out.rglob(".*.partial"):
        path.unlink(missing_ok=True)
