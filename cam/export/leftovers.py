"""Files of an earlier run whose photographs are no longer exported: they are named, never removed."""

from collections.abc import Iterable
from pathlib import Path

from cam.export.items import Item

FOLDERS = ("figures", "panels", "overlays", "maps", "thumbnails")


def leftovers(items: Iterable[Item], out: Path) -> list[str]:
    """Paths, below the export and sorted, of figures, maps and folders of panels that belong to none of the items.

    Predictions, contact sheet and gallery are written again at the end of every run, without them.
    """
    names = {item.name for item in items}
    found = [path for folder in FOLDERS if (out / folder).is_dir() for path in (out / folder).iterdir()]
    odd = [path for path in found if not path.name.startswith(".") and not {path.name, path.stem} & names]
    return sorted(path.relative_to(out).as_posix() for path in odd)
