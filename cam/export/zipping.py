"""An export as one ZIP: the same files give the same bytes."""

import os
import shutil
import zipfile
from pathlib import Path

from cam.export.ledger import FOLDER
from models.files import atomic_write

PACKED = (".png", ".webp", ".jpg", ".npz", ".parquet", ".pdf")  # already compressed
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def write_zip(out: str | os.PathLike, path: str | os.PathLike) -> None:
    """Write everything in ``out`` except ledgers, locks and links, in the order of names, under the folder's name.

    Raises:
        OSError: a file cannot be read, or the ZIP cannot be written.
    """
    folder = Path(out)
    names = sorted(
        one.relative_to(folder).as_posix()
        for one in folder.rglob("*")
        if one.is_file() and not one.is_symlink() and not one.name.startswith(".") and one.parent.name != FOLDER
    )
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", FIRST_DAY)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED) else zipfile.ZIP_DEFLATED
            with open(folder / name, "rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
