"""Check what torch.save wrote, a ZIP archive or the older format, before torch reads it.

torch reads archives with another reader than Python's, by names that ignore case, and each storage that a pickle names into
memory of its own. So both readers must find the same directory, no two entries may share bytes, and each storage must be one
entry of exactly the size that the pickle declares. Then tensors take no more memory than the file has bytes.
"""

import io
import zipfile
from collections.abc import Sequence
from typing import BinaryIO

from models.checkpoints.pickled_calls import DAMAGED, PickleError
from models.checkpoints.pickles import scan_pickles

LEGACY_PICKLES = 5  # in files of torch before 1.6: magic number, version, system, object, names of the storages
MOST_PICKLE = 64 * 2**20  # bytes
MOST_TENSORS = 20_000  # B0 at ten times its depth has a third of that
END, END_64, LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"  # signatures of a directory's end
END_BYTES, END_64_BYTES, LOCATOR_BYTES, HEADER_BYTES = 22, 56, 20, 30


def check_archive(content: bytes) -> None:
    """Refuse archives that torch never writes for a state dict.

    These are programs, compressed entries, very large pickles, and entries or storages that share bytes.

    Raises:
        PickleError: the message says which.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise PickleError(DAMAGED) from error
    entries = archive.infolist()
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise PickleError("a TorchScript archive, which is a program; save the module's state_dict() instead")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise PickleError("a compressed archive; expected a file as torch.save writes it")
    if len(entries) > MOST_TENSORS:
        raise PickleError(f"it holds {len(entries):,} tensors; expected up to {MOST_TENSORS:,}")
    if _directory_start(content) != archive.start_dir:
        raise PickleError(DAMAGED)
    _check_places(entries, archive.start_dir)
    pickles = [entry for entry in entries if entry.filename.lower().endswith(".pkl")]
    if len(pickles) != 1:
        raise PickleError(f"an archive of {len(pickles)} pickles; expected one, as torch.save writes it")
    if pickles[0].file_size > MOST_PICKLE:
        raise PickleError(f"its pickle has {pickles[0].file_size:,} bytes; expected up to {MOST_PICKLE:,}")
    try:
        pickle = archive.read(pickles[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise PickleError(DAMAGED) from error
    folder = pickles[0].filename.rpartition("/")[0]
    sizes = {entry.filename: entry.file_size for entry in entries}
    for key, size in scan_pickles(io.BytesIO(pickle)).storages.items():
        if sizes.get(f"{folder}/data/{key}") != size:
            raise PickleError(DAMAGED)


def check_legacy(file: BinaryIO, size: int) -> None:
    """Refuse files of the older format whose pickles are not harmless, or declare other storages than follow them.

    Args:
        file: from its start.
        size: of the file in bytes.

    Raises:
        PickleError: the message says what was found.
    """
    found = scan_pickles(file, LEGACY_PICKLES)
    if sum(found.storages.values()) > size - file.tell() or not found.storages.keys() <= set(found.listed):
        raise PickleError(DAMAGED)


def _directory_start(content: bytes) -> int:
    """Where the end of an archive says that its directory begins, or -1 where it is not as torch and Python write it."""
    end = len(content) - END_BYTES
    if content[end : end + 4] != END:  # a comment follows
        return -1
    locator = end - LOCATOR_BYTES
    if content[max(locator, 0) : locator + 4] != LOCATOR:
        return int.from_bytes(content[end + 16 : end + 20], "little")
    end_64 = locator - END_64_BYTES
    if (
        int.from_bytes(content[locator + 8 : locator + 16], "little") != end_64
        or content[end_64 : end_64 + 4] != END_64
    ):
        return -1
    return int.from_bytes(content[end_64 + 48 : end_64 + 56], "little")


def _check_places(entries: Sequence[zipfile.ZipInfo], directory: int) -> None:
    """Refuse entries that overlap, lie beyond the directory, or have one name for torch or two for Python.

    An entry takes its header, its name and its content at least, so contents together are no larger than the file.
    """
    if len({entry.filename.lower() for entry in entries}) < len(entries):
        raise PickleError("an archive with two entries of one name; expected a file as torch.save writes it")
    if any(entry.orig_filename != entry.filename for entry in entries):
        raise PickleError("an archive with names that torch never writes; save the state_dict() again")
    free = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < free or entry.compress_size != entry.file_size:
            raise PickleError("an archive whose entries share bytes; expected a file as torch.save writes it")
        free = entry.header_offset + HEADER_BYTES + len(entry.filename) + entry.file_size
    if free > directory:
        raise PickleError(DAMAGED)
