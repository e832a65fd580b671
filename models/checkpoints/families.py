"""Of which family a network is, which no tensor tells alone: by key style, by clues, by statistics."""

import re
from collections.abc import Mapping

from torch import Tensor

from models.checkpoints.clues import Clues
from models.checkpoints.heads import hidden_layers
from models.checkpoints.key_styles import TORCHVISION
from models.checkpoints.padding_check import better, misfit, sample_images
from models.checkpoints.recognition import (
    check_values,
    fitted,
    has_gates,
    num_classes,
    observed_widths,
    recognised_scaling,
)
from models.checkpoints.weight_files import CheckpointError
from models.efficientnet import meta_network
from models.home import SAMPLES
from models.normalisation import Normalisation
from models.scaling import FAMILIES, SCALINGS, Scaling, scaled_widths

TORCHVISIONS_B2 = 288  # pixels; its other networks were trained at the paper's


def recognised_family(tensors: Mapping[str, Tensor], key_style: str, clues: Clues) -> tuple[str, str]:
    """The family by what the tensors show, by what stands beside them and by what the libraries of these names do.

    lukemelas, transformers and Keras carry Google's weights, ``tf`` (transformers and Keras pad as SAME does at the input
    size each network was made for, and otherwise at even sizes), without gates ``lite``. torchvision's B5 to B7 and
    NVIDIA's are ``tv``. timm's ``efficientnet_*`` and ``tf_efficientnet_*`` have the same tensors: which it is a clue tells,
    else the statistics of the sample photographs.

    Returns:
        The family, and how it is known, in words.

    Raises:
        CheckpointError: it is timm's, nothing tells which, and the statistics fit neither better.
    """
    gates, named = has_gates(tensors), f"as {key_style} builds them"
    if key_style == "timm":
        clue = clues.family
        if clue and FAMILIES[clue].squeeze_excite == gates and _has_widths(clues.architecture, tensors, clue):
            return clue, clues.origin
        return fitting_family(tensors, ("b", "tf") if gates else ("lite-b", "lite"), clues.normalisation)
    if not gates:
        return "lite", named
    if key_style == TORCHVISION:
        widths = observed_widths(tensors)
        return "tv" if any(widths == scaled_widths(SCALINGS[name]) for name in ("b5", "b6", "b7")) else "b", named
    return "tv" if key_style == "nvidia" else "tf", named


def _has_widths(architecture: str, tensors: Mapping[str, Tensor], family: str) -> bool:
    """The architecture's number agrees with the tensors, or it has none that can be compared."""
    number = re.search(r"(?:_b|-b|lite)([0-7])(?![0-9])", architecture)
    if number is None:
        return True
    scaling = SCALINGS[f"b{number[1]}"]
    return observed_widths(tensors) == scaled_widths(scaling, family)


def fitting_family(
    tensors: Mapping[str, Tensor], families: tuple[str, ...], normalisation: Normalisation | None
) -> tuple[str, str]:
    """Of families with the same tensors the one that the BatchNorms' statistics fit best on the sample photographs.

    Raises:
        CheckpointError: none fits clearly better, as with weights that were never trained.
    """
    scaling = recognised_scaling(observed_widths(tensors), families[0])
    misfits = {}
    for family in families if SAMPLES.is_dir() else ():
        whole = fitted(tensors, scaling, family)
        check_values(whole)
        network = meta_network(scaling, num_classes(whole), family, hidden_layers(whole))
        network.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in whole.items()}, assign=True)
        known = normalisation or FAMILIES[family].normalisation
        misfits[family] = misfit(network.eval(), sample_images(own_resolution(scaling, family), known))
    best = better(misfits) if misfits else None
    if best is None:
        raise CheckpointError(
            f"its names are timm's, whose efficientnet_* and tf_efficientnet_* have the same tensors and pad differently, and "
            f"nothing beside the file says which it is; give the family, {' or '.join(families)}, or put its config.json "
            "beside it"
        )
    numbers = " against ".join(f"{misfits[name]:.3f}" for name in sorted(misfits, key=lambda name: misfits[name]))
    return best, f"its BatchNorms' statistics fit the sample photographs best so, {numbers}"


def own_resolution(scaling: Scaling, family: str, key_style: str = "") -> int:
    """Pixels for which the released network with these tensors was made; B0's where there is none."""
    widths = scaled_widths(scaling, family)
    name = next((name for name, other in SCALINGS.items() if scaled_widths(other, family) == widths), "b0")
    if key_style == TORCHVISION and name == "b2":
        return TORCHVISIONS_B2
    return SCALINGS[name].input_size
