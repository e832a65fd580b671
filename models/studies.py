"""Studies: two to eight variants under one label set, described by a TOML manifest and loaded one by one.

A manifest needs one table for each variant; everything else has a default:

    title = "My networks"
    categories = "classes.txt"            # or "imagenet", or a list; default: what the checkpoints record

    [variants.baseline]
    source = { file = "b0.safetensors" }  # beside the manifest; or package + file, torchvision, grown_from
    normalisation = "half"                # or { mean = [...], std = [...] }; default: as recorded, else the family's
    placement = [-11.5, -12.0]            # measured offset of cells in pixels, right and down; default: as recorded

Keys are lower-case identifiers. Variants are shown in the manifest's order, with those of ``VARIANTS`` in their own order
among themselves. ``label_set = "caltech101"`` takes one of the label sets that share the checkpoints' classifier;
``retrained = ["b0-seed1.safetensors"]`` names checkpoints of the baseline trained again from other seeds;
``samples = ["cat", "crab"]`` names the sample photographs to show first; ``outputs = "sigmoid"`` says that a photograph may
show none or several of the classes, each with its own probability; ``[out_of_class]``, as ``python -m models judge`` prints
it, tells photographs that show none of the classes.
"""

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch

from models.checkpoints.hubs import located
from models.checkpoints.label_sets import rows_of
from models.checkpoints.loading import Checkpoint, CheckpointError
from models.checkpoints.weight_files import printable
from models.costs import check_cost
from models.files import read_text
from models.growth import grow
from models.manifest_entries import MOST_BYTES, categories_of, names_of, out_of_class_of, outputs_of, tables_of
from models.network import Network, choose_device
from models.out_of_class import TABLE as OUT_OF_CLASS
from models.out_of_class import OutOfClass
from models.outputs import agreed_outputs
from models.scaling import VARIANT_SCALINGS, Scaling
from models.variants import Loaded, StudyError, Variant, variant_from

__all__ = [
    "DEFAULT_STUDY",
    "STUDIES",
    "STUDY_FOLDER",
    "VARIANTS",
    "Study",
    "StudyError",
    "Variant",
    "baseline_of",
    "load_study",
]

VARIANTS = tuple(VARIANT_SCALINGS)
IMAGENET_CLASSES = 1000
STUDIES = ("photographs", "caltech101", "lite", "imagenet")
DEFAULT_STUDY = "photographs"
STUDY_FOLDER = Path(__file__).parent / "studies"


class Architecture(NamedTuple):
    """A network without its weights: all that its costs depend on."""

    scaling: Scaling
    family: str
    num_classes: int


@dataclass(frozen=True)
class Study:
    """Variants compared under one label set.

    Attributes:
        name: what ``load_study`` was given.
        title: for people.
        summary: one or two sentences.
        categories: class names in the order of the logits; None where only the checkpoints know.
        variants: key -> Variant, two to eight of them, in the order in which they are shown.
        retrained: the baseline's checkpoints from other seeds; how much their maps differ is the noise floor.
        samples: sample photographs to show first; the others may show none of the study's classes.
        label_set: the label set of the checkpoints' classifiers that the study uses; "" for the whole classifier.
        outputs: how logits are read, one of ``OUTPUTS``; None for what the checkpoint records, else the default.
        out_of_class: what tells photographs that show none of the classes; None where that was not measured.
    """

    name: str
    title: str
    summary: str
    categories: list[str] | None
    variants: dict[str, Variant]
    retrained: tuple[Path, ...] = ()
    samples: tuple[str, ...] = ()
    label_set: str = ""
    outputs: str | None = None
    out_of_class: OutOfClass | None = None

    @property
    def baseline(self) -> str:
        """Key of the variant that the others are compared with."""
        return baseline_of(self.variants)

    def load(self, key: str, device: str | torch.device = "auto") -> Network:
        """Load the network of one variant.

        Raises:
            StudyError: the variant is unknown or has no weights, or its weights do not fit the study.
            CheckpointError: its file is damaged or not an EfficientNet's.
            ValueError: this machine has no such device.
        """
        variant, device = self.variant(key), choose_device(device)
        loaded = self._loaded(variant)
        classes = loaded.model.classifier[-1].out_features
        if len(loaded.categories) != classes:
            raise StudyError(
                f"variant {key!r}: its weights know {classes} classes, the study {self.name!r} has "
                f"{len(loaded.categories)}; give a checkpoint trained on the study's classes, or name its label_set"
            )
        outputs = self.outputs or loaded.outputs
        self._check_outputs(key, classes, outputs)
        scale = self.out_of_class.scale(key) if self.out_of_class else None
        if scale and scale.needs_others and not loaded.other_rows:
            raise StudyError(
                f"variant {key!r}: its classifier has no rows beside those of the study, which the score {scale.score!r} "
                "needs; take another with python -m models judge"
            )
        return Network(
            loaded.model,
            scaling=loaded.scaling,
            family=loaded.family,
            normalisation=loaded.normalisation,
            placement=loaded.placement,
            outputs=outputs,
            score_scale=scale,
            other_rows=loaded.other_rows,
            categories=loaded.categories,
            label=variant.label,
            provenance=variant.provenance,
            note="; ".join(filter(None, (variant.note, *loaded.notes))),
            device=device,
        )

    def _check_outputs(self, key: str, classes: int, outputs: str | None) -> None:
        try:
            agreed_outputs(outputs, classes)
        except ValueError as error:
            raise StudyError(f"variant {key!r} of study {self.name!r}: {error}") from error

    def variant(self, key: str) -> Variant:
        """The variant of that key.

        Raises:
            StudyError: there is no such variant; the message lists the known ones.
        """
        if key not in self.variants:
            raise StudyError(f"study {self.name!r} has no variant {key!r}; choose from {', '.join(self.variants)}")
        return self.variants[key]

    def with_checkpoint(self, key: str, path: str | os.PathLike) -> "Study":
        """The same study with the weights of one variant replaced by a file; its scaling is read from the file.

        Args:
            key: of the variant.
            path: a file, a folder with one, or a name on a hub; see ``located``.

        Raises:
            StudyError: there is no such variant.
            CheckpointError: the folder has no weight file or several, or there is no network connection.
        """
        old = self.variant(key)
        variant = replace(
            old,
            source={"file": str(located(path).resolve())},
            scaling=None,
            family=None,
            normalisation=None,
            placement=None,
            sha256="",
            note="",
            provenance=f"from the file {Path(path).name}",
        )
        measured = self.out_of_class.without(key) if self.out_of_class else None
        return replace(self, variants={**self.variants, key: variant}, out_of_class=measured)

    def architecture(self, key: str) -> Architecture | None:
        """A variant's architecture, read from the manifest or else from its file, without building its network.

        Returns:
            None where neither says, because the file is missing and the key is not one of ``VARIANTS``.

        Raises:
            StudyError, CheckpointError: see ``load``.
        """
        variant = self.variant(key)
        if variant.scaling is None and variant.available and {"file", "package"} & set(variant.source):
            checkpoint = variant.checkpoint()
            classes = checkpoint.label_sets.get(self.label_set, checkpoint.num_classes)
            return Architecture(checkpoint.run_scaling, checkpoint.family, classes)
        scaling = variant.scaling or VARIANT_SCALINGS.get(key)
        classes = len(self.categories) if self.categories else IMAGENET_CLASSES
        return Architecture(scaling, variant.family or "b", classes) if scaling else None

    def _loaded(self, variant: Variant) -> Loaded:
        if not variant.source:
            raise StudyError(
                f"variant {variant.key!r} of study {self.name!r} has no published weights; "
                f"bring a checkpoint: --checkpoint {variant.key}=FILE"
            )
        if "grown_from" in variant.source:
            return self._grown(variant)
        checkpoint = variant.checkpoint()
        label_set = self._label_set(variant, checkpoint)
        model = checkpoint.network(label_set)
        unnamed = [f"class {index}" for index in range(model.classifier[-1].out_features)]
        categories = self.categories or checkpoint.categories(label_set) or unnamed
        scaling, placement = checkpoint.run_scaling, variant.placement or checkpoint.placement
        return Loaded(
            model,
            scaling,
            checkpoint.family,
            checkpoint.normalisation,
            placement,
            list(categories),
            checkpoint.notes,
            checkpoint.outputs,
            checkpoint.other_rows(label_set),
        )

    def _grown(self, variant: Variant) -> Loaded:
        source = self.variant(variant.source["grown_from"])
        if "grown_from" in source.source:
            raise StudyError(
                f"variant {variant.key!r} is grown from {source.key!r}, which is itself grown; name one with weights"
            )
        scaling = variant.scaling or VARIANT_SCALINGS.get(variant.key)
        if scaling is None:
            raise StudyError(f"variant {variant.key!r} is grown, but has no scaling; give one in the manifest")
        loaded = self._loaded(source)
        try:
            check_cost(scaling, loaded.family, loaded.model.classifier[-1].out_features)
            grown = grow(loaded.model, scaling)
        except ValueError as error:
            raise StudyError(f"variant {variant.key!r}: {error}") from error
        placement = variant.placement or loaded.placement
        return loaded._replace(model=grown, scaling=scaling, placement=placement, other_rows=None)

    def _label_set(self, variant: Variant, checkpoint: Checkpoint) -> str | None:
        """The label set to use; None for the whole classifier, also where it has the study's classes and no label sets."""
        if not self.label_set or (not checkpoint.label_sets and checkpoint.num_classes == len(self.categories or [])):
            return None
        try:
            rows_of(checkpoint.label_sets, self.label_set)
        except CheckpointError as error:
            raise StudyError(f"variant {variant.key!r}: {error}") from error
        return self.label_set


def baseline_of(keys: Iterable[str]) -> str:
    """Key of the network that the others are compared with: ``"baseline"`` where there is one, else the first key."""
    keys = list(keys)
    return VARIANTS[0] if VARIANTS[0] in keys else keys[0]


def load_study(study: str | os.PathLike) -> Study:
    """Read the manifest of a study; no weights are loaded.

    Args:
        study: a name in ``STUDIES`` (or of another manifest beside theirs), or the path of a .toml file.

    Raises:
        StudyError: there is no such study, or the manifest has a mistake.
    """
    if str(study) in {path.stem for path in STUDY_FOLDER.glob("*.toml")}:
        path = STUDY_FOLDER / f"{study}.toml"
    elif str(study).endswith(".toml"):
        path = Path(study)
    else:
        raise StudyError(f"unknown study {str(study)!r}; choose from {', '.join(STUDIES)} or give a .toml path")
    try:
        manifest = tomllib.loads(read_text(path, MOST_BYTES))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise StudyError(f"study {path} is not valid TOML: {printable(str(error))}; fix the manifest") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot read study {path}: {error}") from error
    return _study(str(study), manifest, path.resolve().parent)


def _study(name: str, manifest: dict, folder: Path) -> Study:
    tables, label_set = tables_of(manifest.get("variants"), name), manifest.get("label_set", "")
    if not isinstance(label_set, str):
        raise StudyError(f"label_set = {printable(repr(label_set))} is not understood; expected the name of one")
    return Study(
        name=name,
        title=str(manifest.get("title", name)),
        summary=str(manifest.get("summary", "")),
        categories=categories_of(manifest.get("categories"), folder),
        variants={key: variant_from(key, tables[key], folder) for key in _ordered(tables)},
        retrained=tuple(folder / path for path in names_of(manifest, "retrained", "checkpoints of the baseline")),
        samples=names_of(manifest, "samples", "names of sample photographs"),
        label_set=label_set,
        outputs=outputs_of(manifest.get("outputs")),
        out_of_class=out_of_class_of(manifest.get(OUT_OF_CLASS), list(tables)),
    )


def _ordered(keys: Iterable[str]) -> list[str]:
    """Keys in their given order, with those of the five scalings in the order of ``VARIANTS`` among themselves."""
    keys = list(keys)
    five = iter([key for key in VARIANTS if key in keys])
    return [next(five) if key in VARIANTS else key for key in keys]
