"""What is exported: folders, patterns and lists become items, each with a unique name for its files."""

import glob
import hashlib
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from models.commands import say
from models.files import open_file, read_file
from models.images import IMAGE_SUFFIXES, MAX_FILE_BYTES

MOST_LIST = 2**30  # bytes of a list: some ten million paths
NAME_BYTES = 80  # of the stem; a file name may have 255
FORBIDDEN = frozenset('<>:"/\\|?*#%&')  # not allowed by some file systems, or with a meaning in addresses


@dataclass(frozen=True, slots=True)
class Item:
    """One photograph of an export.

    Attributes:
        path: of the photograph.
        relative: its path below the exported folder, with ``/``; every table names it so.
        name: of its files, without suffix.
        mask: the PNG of its objects, or None.
    """

    path: Path
    relative: str
    name: str
    mask: Path | None


def find_items(sources: Sequence[str], out: Path, follow_links: bool = False) -> list[Item]:
    """Every photograph that the sources name, each once, in a fixed order.

    An indexed or grey PNG beside a photograph of the same stem is its mask. Files below ``out`` are left out, so that an
    export into a folder inside its source does not export itself.

    Args:
        sources: folders (with all their subfolders), patterns such as ``"a/**/*.jpg"``, lists (.txt with a path on each
            line, relative to the list) and photographs.
        out: folder of the export.
        follow_links: also take files and folders that are symbolic links.

    Raises:
        FileNotFoundError: a source is none of these.
        ValueError: there is no photograph.
    """
    paths, links = [], 0
    for source in sources:
        for path in _files(source, follow_links):
            if not follow_links and _is_link(path, source):
                links += 1
            else:
                paths.append(Path(os.path.abspath(path)))
    if links:
        say(f"{links} links are left out; --follow-links exports them too")
    outs = {Path(os.path.abspath(out)), Path(os.path.realpath(out))}
    paths = [path for path in dict.fromkeys(paths) if not outs & {*path.parents, *_real(path.parent)}]
    stems = {path.with_suffix("") for path in paths if path.suffix.lower() != ".png"}
    paths = [path for path in paths if not (path.with_suffix("") in stems and _is_mask(path, follow_links))]
    if not paths:
        raise ValueError(f"no photograph in {', '.join(sources)}; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
    root = _root(sources, paths)
    return [_item(path, path.relative_to(root).as_posix(), follow_links) for path in paths]


def chosen(items: list[Item], limit: int | None, sample: int | None) -> list[Item]:
    """The first ``limit`` items, or ``sample`` of them at random but always the same; in the order of ``items``."""
    if sample is not None and sample < len(items):
        places = np.random.default_rng(0).permutation(len(items))[:sample]
        items = [items[place] for place in sorted(places)]
    return items if limit is None else items[:limit]


def printable_path(relative: str) -> str:
    """A path as text: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(relative).decode("utf-8", "replace")


def file_name(relative: str) -> str:
    """A file name, without suffix, for the outputs of an image: its stem, made harmless, and a hash of its path.

    Letters of every script are kept. Two images never share a name, even on case-insensitive disks.
    """
    stem = unicodedata.normalize("NFC", printable_path(PurePosixPath(relative).stem))
    kept = "".join("-" if c in FORBIDDEN or unicodedata.category(c)[0] in "CZ" else c for c in stem.replace(" ", "_"))
    kept = kept.encode()[:NAME_BYTES].decode("utf-8", "ignore").strip("._-")
    return f"{kept or 'image'}-{hashlib.sha256(os.fsencode(relative)).hexdigest()[:12]}"


@cache
def _real(folder: Path) -> tuple[Path, ...]:
    """A folder and its parents with links resolved, so that an export is recognised under any of its names."""
    place = Path(os.path.realpath(folder))
    return place, *place.parents


def _item(path: Path, relative: str, follow_links: bool) -> Item:
    mask = path.with_suffix(".png") if path.suffix.lower() != ".png" else None
    has_mask = mask is not None and os.path.isfile(mask) and _is_mask(mask, follow_links)
    return Item(path, relative, file_name(relative), mask if has_mask else None)


def _files(source: str, follow_links: bool) -> Iterator[str]:
    if os.path.isdir(source):
        return _walk(source, follow_links)
    if os.path.isfile(source):
        return iter(_listed(source) if source.lower().endswith(".txt") else [source])
    if glob.has_magic(source):
        found = sorted(glob.glob(source, recursive=True))
        return iter(path for path in found if os.path.isfile(path) and _is_photograph(path))
    raise FileNotFoundError(f"there is no folder, list or photograph {source!r}; check the path")


def _walk(folder: str, follow_links: bool) -> Iterator[str]:
    """Photographs below a folder, plus links to folders where links are not followed; a folder reached twice counts once."""
    seen = set()
    for parent, folders, files in os.walk(folder, followlinks=follow_links, onerror=_say_unreadable):
        place = os.path.realpath(parent)
        folders[:] = [] if place in seen else sorted(name for name in folders if not name.startswith("."))
        if place in seen:
            continue
        seen.add(place)
        if not follow_links:
            yield from (path for name in folders if os.path.islink(path := os.path.join(parent, name)))
        for name in sorted(files):
            path = os.path.join(parent, name)
            if not name.startswith(".") and _is_photograph(name) and os.path.isfile(path):
                yield path


def _say_unreadable(error: OSError) -> None:
    say(f"the folder {error.filename} cannot be read ({error.strerror}); its photographs are left out")


def _listed(path: str) -> list[str]:
    """Lines of a list; missing files stay in it, so that they are reported."""
    content = read_file(path, MOST_LIST).decode("utf-8-sig", "surrogateescape")
    lines = [line.rstrip("\r") for line in content.split("\n")]
    return [os.path.join(os.path.dirname(path), line) for line in lines if line.strip()]


def _is_photograph(path: str) -> bool:
    return path.lower().endswith(IMAGE_SUFFIXES)


def _is_link(path: str, source: str) -> bool:
    """Whether a file, or a folder between it and a source that is a pattern, is a link."""
    if not glob.has_magic(source) or os.path.exists(source):
        return os.path.islink(path)
    place, fixed = Path(path), Path(source[: next(i for i, c in enumerate(source) if c in "*?[")])
    return any(one.is_symlink() for one in (place, *place.parents) if one not in (fixed, *fixed.parents))


def _is_mask(path: Path, follow_links: bool) -> bool:
    """Whether a file is an indexed or grey PNG; one that cannot be read is not a mask, and will be reported."""
    if path.suffix.lower() != ".png" or (path.is_symlink() and not follow_links):
        return False
    try:
        with open_file(path) as file, Image.open(file, formats=("PNG",)) as image:
            return os.fstat(file.fileno()).st_size <= MAX_FILE_BYTES and image.mode in ("P", "L")
    except Exception:  # hostile bytes make Pillow raise almost anything
        return False


def _root(sources: Sequence[str], paths: Sequence[Path]) -> Path:
    """The folder that paths are relative to: that of a single source, else the innermost folder that holds all paths."""
    if len(sources) == 1 and os.path.exists(sources[0]):
        source = Path(os.path.abspath(sources[0]))
        folder = source if source.is_dir() else source.parent
        if all(folder in path.parents for path in paths):
            return folder
    return Path(os.path.commonpath([path.parent for path in paths]))
