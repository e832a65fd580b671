"""From a photograph's file to the views that networks need. Runs in threads, ahead of the networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cam.export.items import Item, printable_path
from cam.export.keys import LABEL, Settings, item_key
from cam.export.ledger import Done, Failed, ImageRecord, Ledger
from cam.maps.targets import class_index
from cam.measures.masks import BACKGROUND, IGNORE, TABLE, InstanceMask, check_size, mask_readers, read_mask
from models.commands import say
from models.files import read_file
from models.images import MAX_FILE_BYTES
from models.views import Views

MaskReaders = dict[Path, Callable[[], InstanceMask]]


@dataclass(frozen=True)
class Photograph:
    """One image, decoded and cut.

    Attributes:
        key: hash of everything that its files depend on.
        views: the views that networks and figures need.
        class_idx: class of the folder's name, where that is the target, else None.
        mask: its objects, or None.
        remark: why a mask beside the photograph is not used, else "".
    """

    item: Item
    key: str
    views: Views
    class_idx: int | None
    mask: InstanceMask | None
    remark: str


@dataclass(frozen=True)
class Settled:
    """An image that needs no network: it was recorded before (``fresh`` is False), or it cannot be exported."""

    record: ImageRecord
    fresh: bool


@dataclass(frozen=True)
class Reader:
    """Reads an image, unless the ledger has it.

    Attributes:
        setting: hash of settings, weights and code.
        categories: class names of the networks.
        verify: hash the files of finished images instead of comparing their sizes.
        retry_failed: read images that failed before again.
        masks: photograph -> reader of its mask, in folders with a ``masks.toml``.
        sides: sizes in pixels at which views are cut.
    """

    ledger: Ledger
    settings: Settings
    setting: str
    categories: Sequence[str]
    verify: bool = False
    retry_failed: bool = False
    masks: MaskReaders = field(default_factory=dict)
    sides: frozenset[int] = frozenset()

    def __call__(self, item: Item) -> Photograph | Settled:
        """Decode an image, or return the record that says why not."""
        content, error = _content(item.path)
        mask, _ = _content(item.mask) if item.mask else (b"", None)
        label = item.path.parent.name if self.settings.question.target == LABEL else ""
        key = item_key(item, content, mask, label, self.setting)
        record = self.ledger.done(item.relative, key, self.verify)
        if record and (isinstance(record, Done) or not self.retry_failed):
            return Settled(record, fresh=False)
        try:
            if error:
                raise error
            views = Views.of(content, self.settings.question.view, self.sides, printable_path(item.relative))
            class_idx = folder_class(label, self.categories) if label else None
            return Photograph(item, key, views, class_idx, *self._mask(item, views))
        except (ValueError, OSError, MemoryError) as problem:
            return Settled(failure(item, key, self.setting, problem), fresh=True)

    def _mask(self, item: Item, views: Views) -> tuple[InstanceMask | None, str]:
        """The mask of an image, and why it is not used; without a table, all its objects count as the class explained."""
        if item.mask is None:
            return None, ""
        try:
            reader = self.masks.get(item.path)
            mask = reader() if reader else _of_any_class(item.mask, len(self.categories))
            check_size(mask, views, item.path.name)
            return mask, ""
        except (ValueError, OSError) as error:
            return None, str(error)


def masks_of(items: Sequence[Item], categories: Sequence[str]) -> MaskReaders:
    """Readers of the masks in folders with a ``masks.toml``; a fault in such a table is reported once."""
    readers: MaskReaders = {}
    for folder in dict.fromkeys(item.path.parent for item in items if item.mask):
        if (folder / TABLE).is_file():
            try:
                readers |= mask_readers(folder, categories)
            except (ValueError, OSError) as error:
                say(f"masks in {folder} count as the class explained: {error}")
    return readers


def folder_class(name: str, categories: Sequence[str]) -> int:
    """The class that a folder is named after; ``_`` may stand for a space.

    Raises:
        ValueError: there is no such class.
    """
    try:
        return class_index(name, categories)
    except ValueError:
        if "_" not in name:
            raise
        return class_index(name.replace("_", " "), categories)


def failure(item: Item, key: str, setting: str, error: BaseException) -> Failed:
    """The record of an image that cannot be exported."""
    reason = str(error) or type(error).__name__
    return Failed(path=item.relative, key=key, setting=setting, error=type(error).__name__, reason=reason)


def _content(path: Path) -> tuple[bytes, ValueError | OSError | None]:
    """The bytes of a file that is no larger than an image may be, or none and the error."""
    try:
        return read_file(path, MAX_FILE_BYTES), None
    except (ValueError, OSError) as error:
        return b"", type(error)(str(error).replace(repr(str(path)), repr(path.name)))


def _of_any_class(path: Path, count: int) -> InstanceMask:
    every = tuple(range(count))
    return InstanceMask(read_mask(path), {number: every for number in range(BACKGROUND + 1, IGNORE)})
